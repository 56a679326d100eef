package org.lodge.itests.wayland;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.Point;
import java.awt.Rectangle;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What programs do about a mouse, through two agents and the router, on sway. */
class PointerIT {
  private static final int WIDTH = 960;
  private static final int HEIGHT = 480;
  private static final String SIDE_BY_SIDE =
      """
      output HEADLESS-1 resolution 960x480 position 0 0
      seat * pointer_constraint enable
      for_window [app_id="^lodge.work"] move absolute position 60 50
      for_window [app_id="^lodge.vault"] move absolute position 520 50
      """;
  private static final int BLUE = 0xff2e86de;
  private static final int RED = 0xffd33f49;

  @TempDir private Path folder;
  private final List<Process> programs = new ArrayList<>();
  private Sway sway;
  private WaylandRig rig;
  private Path work;
  private Path vault;
  private Path bare;
  private VirtualPointer pointer;

  @BeforeEach
  void start() throws Exception {
    sway = new Sway(Files.createTempDirectory(Path.of("/var/tmp"), "lodge-sway."), SIDE_BY_SIDE);
    rig = new WaylandRig(folder, sway.socket());
    work = rig.addGuest("work", Map.of("color", "2e86de"));
    vault = rig.addGuest("vault", Map.of("color", "d33f49"));
    bare = rig.addGuest("bare", Map.of("frame", "none"));
    pointer = new VirtualPointer(sway.socket(), WIDTH, HEIGHT);
  }

  @AfterEach
  void stop() throws Exception {
    for (Process program : programs) {
      program.destroyForcibly().waitFor();
    }
    pointer.close();
    rig.close();
    sway.close();
  }

  @Test
  void aClickOpensAMenuInItsFrameAndAnotherChoosesFromIt() throws Exception {
    launch(work, "weston-terminal");
    Rectangle window = framed(BLUE);
    pointer.moveTo((int) window.getCenterX() - 100, (int) window.getCenterY() - 100);
    BufferedImage before = sway.picture();
    pointer.click(VirtualPointer.RIGHT);
    Rectangle menu = box(before, pixel -> pixel == BLUE);
    // The shadow of the window that a menu is to weston's clients, and half of its first line.
    pointer.moveTo(menu.x + 96, menu.y + 54);
    pointer.click(VirtualPointer.LEFT);
    until("'Open Terminal' has opened one", () -> rig.windows().list().size() == 2);
  }

  @Test
  void aMenuOfGtkOpensInItsFrameAndAChoiceClosesIt() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/gtk4-demo")), "gtk4-demo is not installed");
    List<String> said = trace("work");
    launch(work, "gtk4-demo", "--run=menu");
    Rectangle window = framed(BLUE);
    pointer.moveTo((int) window.getCenterX(), (int) window.getCenterY());
    until("the window has the pointer", () -> hears(said, "wl_pointer", ".enter("));
    String inWindow = lastEntered(said);
    BufferedImage before = sway.picture();
    pointer.click(VirtualPointer.RIGHT);
    Rectangle menu = box(before, pixel -> pixel == BLUE);
    pointer.moveTo((int) menu.getCenterX(), (int) menu.getCenterY());
    until("the menu has the pointer", () -> !lastEntered(said).equals(inWindow));
    pointer.click(VirtualPointer.LEFT);
    until("the menu is gone", () -> hears(said, "-> xdg_popup", ".destroy("));
    // A compositor of wlroots says popup_done of a popup that is destroyed, too.
    String first =
        said.stream()
            .filter(line -> line.contains("xdg_popup"))
            .filter(line -> line.contains(".destroy(") || line.contains(".popup_done("))
            .findFirst()
            .orElseThrow();
    assertTrue(first.contains(" -> "), "it was not the compositor's wish");
  }

  private static String lastEntered(List<String> said) {
    return said.stream()
        .filter(line -> line.contains("wl_pointer") && line.contains(".enter("))
        .map(line -> line.split(", ")[1])
        .reduce("", (former, last) -> last);
  }

  @Test
  void whatIsDraggedIsDroppedElsewhereInItsGuestAndNotSeenByAnother() throws Exception {
    List<String> ofWork = trace("work");
    Path ofVault = folder.resolve("vault.said");
    launch(work, "weston-dnd");
    ProcessBuilder inVault = sway.program(vault, "weston-dnd");
    inVault.environment().put("WAYLAND_DEBUG", "client");
    programs.add(inVault.redirectErrorStream(true).redirectOutput(ofVault.toFile()).start());
    Rectangle window = framed(BLUE);
    Rectangle other = framed(RED);
    Point flower = new Point(window.x + 170, window.y + 111);
    Point free = new Point(window.x + 90, window.y + 111);
    assertTrue(hasFlower(flower));
    assertFalse(hasFlower(free));

    drag(flower, new Point(other.x + 90, other.y + 111));
    drop();
    until("the drag has come to nothing", () -> hears(ofWork, "wl_data_source", ".cancelled"));
    assertTrue(Files.readString(ofVault).contains("wl_surface"));
    assertFalse(Files.readString(ofVault).contains("wl_data_offer"));
    assertTrue(hasFlower(flower), "it is still there");

    ofWork.clear();
    drag(flower, free);
    // Said to the source by the compositor: it has heard that the program accepts it there.
    until("it can be dropped there", () -> hears(ofWork, "wl_data_source", ".target(\""));
    drop();
    until("the drag is done", () -> hears(ofWork, "wl_data_source", ".dnd_finished"));
    until("the flower has gone over", () -> hasFlower(free) && !hasFlower(flower));
  }

  /** With Lodge's frame sway 1.7 confines no pointer: it asks for the window's own surface. */
  @Test
  void aPointerIsConfinedToAWindowUntilItsProgramLetsGo() throws Exception {
    List<String> said = trace("bare");
    launch(bare, "weston-confine");
    Rectangle window = shown();
    pointer.moveTo((int) window.getCenterX(), (int) window.getCenterY());
    pointer.click(VirtualPointer.LEFT);
    until("it is confined", () -> hears(said, "zwp_confined_pointer_v1", ".confined"));
    pointer.moveBy(2000, 0);
    pointer.moveBy(0, 2000);
    assertEquals(0, count(said, "wl_pointer", ".leave"));
    pointer.click(VirtualPointer.LEFT);
    until("the program lets go", () -> hears(said, "-> zwp_confined_pointer_v1", ".destroy"));
    // The compositor may not have heard it yet.
    until(
        "it has left",
        () -> {
          pointer.moveBy(2000, 0);
          return hears(said, "wl_pointer", ".leave");
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"bare", "work"})
  void aProgramThatLocksThePointerIsToldHowFarItWouldGo(String guest) throws Exception {
    List<String> said = trace(guest);
    launch(guest.equals("bare") ? bare : work, "weston-resizor");
    Rectangle window = shown();
    pointer.moveTo((int) window.getCenterX(), (int) window.getCenterY());
    pointer.press(VirtualPointer.LEFT);
    until("it is locked", () -> hears(said, "zwp_locked_pointer_v1", ".locked"));
    long moved = count(said, "wl_pointer", ".motion");
    pointer.moveBy(50, 30);
    until("the program is told", () -> hears(said, "relative_motion", "50.000, 30.000"));
    until("its program has moved its own", () -> hears(said, "-> ", ".set_cursor_position_hint"));
    assertEquals(moved, count(said, "wl_pointer", ".motion"), "the pointer stands still");
    pointer.release(VirtualPointer.LEFT);
    until("the program lets go", () -> hears(said, "-> zwp_locked_pointer_v1", ".destroy"));
  }

  private void drag(Point from, Point to) throws Exception {
    pointer.moveTo(from.x, from.y);
    pointer.press(VirtualPointer.LEFT);
    pointer.moveTo(from.x, from.y + 10);
    pointer.moveTo(to.x, to.y);
  }

  private void drop() throws Exception {
    pointer.release(VirtualPointer.LEFT);
    pointer.moveTo(0, HEIGHT - 1);
  }

  private boolean hasFlower(Point center) throws Exception {
    BufferedImage picture = sway.picture();
    int ground = picture.getRGB(center.x - 35, center.y - 35);
    return picture.getRGB(center.x, center.y) != ground;
  }

  private List<String> trace(String guest) {
    List<String> said = new CopyOnWriteArrayList<>();
    rig.windows().trace(guest, said::add);
    return said;
  }

  private static boolean hears(List<String> said, String type, String message) {
    return count(said, type, message) > 0;
  }

  private static long count(List<String> said, String type, String message) {
    return said.stream().filter(line -> line.contains(type) && line.contains(message)).count();
  }

  private void launch(Path display, String... command) throws Exception {
    programs.add(
        sway.program(display, command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start());
  }

  /** Where the frame in a colour is. */
  private Rectangle framed(int color) throws Exception {
    return box(null, pixel -> pixel == color);
  }

  /** Where anything but the background is. */
  private Rectangle shown() throws Exception {
    return box(null, pixel -> pixel != 0xff112233);
  }

  /**
   * What fitting pixels span, once that stays.
   *
   * @param before a pixel that is there already does not count; null for none
   */
  private Rectangle box(BufferedImage before, IntPredicate fits) throws Exception {
    List<Rectangle> seen = new ArrayList<>();
    until(
        "a window is shown",
        () -> {
          seen.add(span(before, sway.picture(), fits));
          List<Rectangle> last = seen.subList(Math.max(0, seen.size() - 5), seen.size());
          return last.size() == 5
              && !last.getFirst().isEmpty()
              && last.stream().distinct().count() == 1;
        });
    return seen.getLast();
  }

  private static Rectangle span(BufferedImage before, BufferedImage picture, IntPredicate fits) {
    Rectangle all = new Rectangle();
    for (int y = 0; y < HEIGHT; y++) {
      for (int x = 0; x < WIDTH; x++) {
        int pixel = picture.getRGB(x, y);
        if (fits.test(pixel) && (before == null || before.getRGB(x, y) != pixel)) {
          Rectangle here = new Rectangle(x, y, 1, 1);
          all = all.isEmpty() ? here : all.union(here);
        }
      }
    }
    return all;
  }

  private static void until(String what, Callable<Boolean> condition) throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    while (!condition.call()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not in 30 s: " + what);
      }
      Thread.sleep(50);
    }
  }
}
