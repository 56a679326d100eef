package org.lodge.itests.wayland;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.lodge.itests.wayland.Patience.until;

import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.wayland.router.Window;

/**
 * Programs that people use, through two agents and the router, on sway. Those that are not
 * installed are skipped: {@code ./lodge test --programs} installs the large ones.
 */
class ProgramsIT {
  private static final int BLUE = 0xff2e86de;
  private static final int BACKGROUND = 0xff112233;
  private static final int SOME_PIXELS = 300;
  private static final Duration STILL = Duration.ofSeconds(2);

  @TempDir private static Path folder;
  private static Sway sway;
  private static WaylandRig rig;
  private static Path none;
  private static Path work;
  private static Path vault;
  private Process program;

  @BeforeAll
  static void start() throws Exception {
    // sway runs as another user, whom a folder of JUnit does not let through.
    Path place = Files.createTempDirectory(Path.of("/var/tmp"), "lodge-sway.");
    sway = new Sway(place);
    rig = new WaylandRig(folder, sway.socket());
    none = rig.addGuest("none", Map.of("frame", "none"));
    work = rig.addGuest("work", Map.of("color", "2e86de"));
    vault = rig.addGuest("vault", Map.of("color", "d33f49"));
  }

  @AfterAll
  static void stop() throws Exception {
    rig.close();
    sway.close();
  }

  @AfterEach
  void end() throws Exception {
    if (program != null) {
      program.destroyForcibly().waitFor();
    }
    until("all windows are gone", () -> rig.windows().list().isEmpty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "foot",
        "weston-simple-damage",
        "weston-stacking",
        "weston-dnd",
        "weston-cliptest",
        "weston-confine",
        "weston-resizor",
        "weston-fullscreen",
        "mpv --no-config --vo=wlshm --no-audio --force-window=yes --idle=yes",
        "gtk4-demo --run=menu",
        "qt6ct"
      })
  void aProgramShowsItsWindowInItsFrameAndClosesIt(String command) throws Exception {
    String[] words = command.split(" ");
    assumeTrue(isInstalled(words[0]), words[0] + " is not installed");
    program = launch(work, words);
    until(command + " shows a window", () -> shown("work") != null);
    until(command + " has a frame", () -> count(sway.picture(), BLUE) > SOME_PIXELS);
    assertTrue(program.isAlive());
    rig.windows().close(shown("work").id());
    until(command + " has closed its window", () -> rig.windows().list().isEmpty());
  }

  @ParameterizedTest
  @ValueSource(strings = {"weston-scaler", "weston-transformed", "weston-clickdot"})
  void aPictureThatStandsStillIsTheSameAsWithoutTheRouter(String command) throws Exception {
    assertTrue(isInstalled(command));
    program = launch(sway.socket(), command);
    BufferedImage expected = still();
    program.destroyForcibly().waitFor();
    until("the screen is empty", () -> isEmpty(sway.picture()));
    program = launch(none, command);
    until(
        command + " shows the same", () -> Arrays.equals(pixels(expected), pixels(sway.picture())));
    assertEquals(1, rig.windows().list().size());
  }

  @Test
  void whatIsCopiedStaysInItsGuestUntilAPersonMovesIt() throws Exception {
    program = launch(work, "wl-copy", "--foreground");
    try (OutputStream out = program.getOutputStream()) {
      out.write("for vault\n".getBytes(StandardCharsets.UTF_8));
    }
    until("it is copied", () -> paste(work).equals("for vault\n"));
    assertEquals("", paste(vault));
    assertThrows(IOException.class, () -> rig.windows().moveClipboard("vault", "work"));
    rig.windows().moveClipboard("work", "vault");
    assertEquals("for vault\n", paste(vault));
    assertEquals("", paste(vault), "it was given once");
  }

  @Test
  void keysReachTheShellInATerminal() throws Exception {
    Path typed = folder.resolve("typed");
    program = launch(work, "foot", "sh", "-c", "read line && echo \"$line\" > " + typed);
    until("foot shows its window", () -> count(sway.picture(), BLUE) > SOME_PIXELS);
    sway.type("lodge, is it you?", "-k", "Return");
    until("the line has come", () -> Files.exists(typed) && Files.size(typed) > 0);
    assertEquals("lodge, is it you?\n", Files.readString(typed));
  }

  /** Xwayland is a Wayland program like others; its screen is one window. */
  @Test
  void programsOfXShowInTheWindowOfTheirServer() throws Exception {
    assumeTrue(isInstalled("Xwayland") && isInstalled("xterm"), "Xwayland is not installed");
    program = sway.program(work, "Xwayland", "-displayfd", "1", "-shm", "-noreset").start();
    String number = program.inputReader().readLine();
    ProcessBuilder terminal =
        new ProcessBuilder("xterm", "-bg", "#12ab34", "-geometry", "40x10+20+20", "-e", "cat");
    terminal.environment().put("DISPLAY", ":" + number);
    Process xterm = terminal.redirectErrorStream(true).start();
    until("xterm is in it", () -> count(sway.picture(), 0xff12ab34) > 10 * SOME_PIXELS);
    assertTrue(count(sway.picture(), BLUE) > SOME_PIXELS);
    xterm.destroyForcibly().waitFor();
  }

  /** cage, a compositor for one program, is a window of its own for each. */
  @Test
  void programsOfXHaveAWindowEachByCage() throws Exception {
    assumeTrue(isInstalled("cage") && isInstalled("xterm"), "cage is not installed");
    Path typed = folder.resolve("typed-in-x");
    program = inCage("#12ab34", "cat").start();
    until("xterm is in its window", () -> count(sway.picture(), 0xff12ab34) > 10 * SOME_PIXELS);
    Process second = inCage("#ab3412", "stty raw; head -c 1 > " + typed).start();
    until("so is the second", () -> count(sway.picture(), 0xffab3412) > 10 * SOME_PIXELS);
    assertEquals(2, rig.windows().list().size());
    assertTrue(count(sway.picture(), BLUE) > SOME_PIXELS);
    // Which character it is: cage goes by a keymap of its own.
    sway.type("x");
    until("a key has come", () -> Files.exists(typed) && Files.size(typed) == 1);
    until("cage ends with its program", () -> rig.windows().list().size() == 1);
    second.destroyForcibly().waitFor();
  }

  /** Neither runs as root, whose folders these are. */
  private static ProcessBuilder inCage(String color, String shell) throws IOException {
    String[] command = {
      "unshare", "--map-user=1000", "--map-group=1000", "cage", "--", "xterm", "-bg", color, "-e"
    };
    ProcessBuilder cage =
        sway.program(
            work, Stream.concat(Stream.of(command), Stream.of(shell)).toArray(String[]::new));
    cage.environment().put("XDG_RUNTIME_DIR", folder.toString());
    cage.environment().put("WLR_BACKENDS", "wayland");
    cage.environment().put("WLR_RENDERER", "pixman");
    return cage.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD);
  }

  /** weston 10 goes by CLOCK_MONOTONIC_RAW, which programs never see. */
  @Test
  void framesAreToldByTheProgramsClock() throws Exception {
    Path place = Files.createDirectory(folder.resolve("presentation"));
    try (Weston weston = new Weston(place.resolve("weston"), "--width=320", "--height=320");
        WaylandRig other = new WaylandRig(place, weston.socket())) {
      Path display = other.addGuest("work", Map.of());
      long begin = System.nanoTime();
      program = weston.program(display, "stdbuf", "-oL", "weston-presentation-shm");
      Pattern line = Pattern.compile("c2p +(-?\\d+) ms");
      int told = 0;
      BufferedReader lines = program.inputReader();
      while (told < 10) {
        String text = lines.readLine();
        assertTrue(text != null, "weston-presentation-shm has ended");
        Matcher delay = line.matcher(text);
        if (delay.find()) {
          told++;
          // Shown after it was committed and before it is told.
          long nanos = TimeUnit.MILLISECONDS.toNanos(Long.parseLong(delay.group(1)));
          assertTrue(nanos >= 0 && nanos <= System.nanoTime() - begin, text);
        }
      }
      program.destroyForcibly().waitFor();
    }
  }

  private static Process launch(Path display, String... command) throws IOException {
    return sway.program(display, command)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private static String paste(Path display) throws Exception {
    Process paste = sway.program(display, "wl-paste", "--no-newline").start();
    String text = new String(paste.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertTrue(paste.waitFor(60, TimeUnit.SECONDS));
    return text;
  }

  /** A window of the guest that shows something; null where there is none. */
  private static Window shown(String guest) {
    return rig.windows().list().stream()
        .filter(window -> window.guest().equals(guest) && window.frames() > 0)
        .findFirst()
        .orElse(null);
  }

  private static boolean isInstalled(String name) {
    return List.of("/usr/bin", "/usr/games").stream()
        .anyMatch(place -> Files.isExecutable(Path.of(place, name)));
  }

  /** The screen once it shows something and has not changed for long: a program may paint again. */
  private static BufferedImage still() throws Exception {
    BufferedImage[] last = {sway.picture()};
    long[] since = {System.nanoTime()};
    until(
        "the picture stands still",
        () -> {
          BufferedImage now = sway.picture();
          if (isEmpty(now) || !Arrays.equals(pixels(now), pixels(last[0]))) {
            since[0] = System.nanoTime();
          }
          last[0] = now;
          return System.nanoTime() - since[0] > STILL.toNanos();
        });
    return last[0];
  }

  private static boolean isEmpty(BufferedImage picture) {
    return count(picture, BACKGROUND) == picture.getWidth() * picture.getHeight();
  }

  private static long count(BufferedImage picture, int color) {
    return Arrays.stream(pixels(picture)).filter(pixel -> pixel == color).count();
  }

  private static int[] pixels(BufferedImage picture) {
    int width = picture.getWidth();
    return picture.getRGB(0, 0, width, picture.getHeight(), null, 0, width);
  }
}
