package org.lodge.itests.wayland;

import java.awt.image.BufferedImage;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;

/** A real weston without a screen, whose picture can be read. */
public final class Weston implements AutoCloseable {
  private static final int SHOT_SECONDS = 60;

  private final Path folder;
  private final Process process;

  /**
   * Returns once its desktop is there.
   *
   * @param folder for its socket and pictures
   * @param arguments beside those that make it headless
   */
  public Weston(Path folder, String... arguments) throws Exception {
    this.folder = folder;
    Files.createDirectories(folder);
    List<String> command =
        new ArrayList<>(
            List.of(
                "weston",
                "--backend=headless-backend.so",
                "--use-pixman",
                "--socket=screen",
                "--idle-time=0",
                "--config=" + still(folder),
                "--debug",
                "--log=" + folder.resolve("weston.log")));
    command.addAll(List.of(arguments));
    process = in(command).redirectErrorStream(true).start();
    // Until its shell has come, a separate process, the screen is black whatever is shown.
    Patience.until("weston shows its desktop", this::showsItsDesktop);
  }

  private boolean showsItsDesktop() throws IOException, InterruptedException {
    if (!process.isAlive()) {
      throw new IOException("weston does not start: " + log());
    }
    return Files.exists(socket()) && shot().filter(Weston::hasColors).isPresent();
  }

  private static boolean hasColors(BufferedImage picture) {
    int width = picture.getWidth();
    int[] pixels = picture.getRGB(0, 0, width, picture.getHeight(), null, 0, width);
    return Arrays.stream(pixels).anyMatch(pixel -> pixel != pixels[0]);
  }

  /** Nothing moves or fades by itself, so that pictures are the same each time. */
  private static Path still(Path folder) throws IOException {
    String none = "startup-animation=none\nclose-animation=none\nanimation=none\n";
    return Files.writeString(
        folder.resolve("weston.ini"), "[shell]\n" + none + "focus-animation=none\nlocking=false\n");
  }

  public Path socket() {
    return folder.resolve("screen");
  }

  public long pid() {
    return process.pid();
  }

  /** What is on the screen now. */
  public BufferedImage picture() throws IOException, InterruptedException {
    Optional<BufferedImage> picture = shot();
    if (picture.isEmpty()) {
      throw new IOException("weston gives no picture: " + log());
    }
    return picture.get();
  }

  private Optional<BufferedImage> shot() throws IOException, InterruptedException {
    Process shooter = in(List.of("weston-screenshooter")).inheritIO().start();
    if (!shooter.waitFor(SHOT_SECONDS, TimeUnit.SECONDS) || shooter.exitValue() != 0) {
      shooter.destroyForcibly();
      return Optional.empty();
    }
    File[] shots = folder.toFile().listFiles((at, name) -> name.endsWith(".png"));
    BufferedImage picture = ImageIO.read(shots[0]);
    Files.delete(shots[0].toPath());
    return Optional.of(picture);
  }

  /** A program whose windows go to a socket. */
  public Process program(Path display, String... command) throws IOException {
    ProcessBuilder builder = in(List.of(command));
    builder.environment().put("WAYLAND_DISPLAY", display.toString());
    return builder.redirectErrorStream(true).start();
  }

  private ProcessBuilder in(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("XDG_RUNTIME_DIR", folder.toString());
    builder.environment().put("WAYLAND_DISPLAY", "screen");
    return builder;
  }

  private String log() throws IOException {
    Path log = folder.resolve("weston.log");
    return Files.exists(log) ? Files.readString(log) : "no log";
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
