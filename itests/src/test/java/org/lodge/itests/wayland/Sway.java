package org.lodge.itests.wayland;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** A real sway without a screen, whose picture can be read, and which has a keyboard. */
public final class Sway implements AutoCloseable {
  private static final String CONFIG =
      """
      output HEADLESS-1 resolution 640x480 position 0 0
      output * bg #112233 solid_color
      default_border none
      default_floating_border none
      for_window [app_id=".*"] floating enable
      for_window [title=".*"] floating enable
      xwayland disable
      """;

  private static final int BACKGROUND = 0xff112233;

  /** sway does not run as root; this user exists everywhere. */
  private static final String NOBODY = "65534";

  private final Path folder;
  private final boolean asRoot;
  private final Process process;
  private final Process keyboard;

  /**
   * Returns once it shows its background and has a keyboard.
   *
   * @param folder that others may pass through, for its socket
   */
  public Sway(Path folder) throws Exception {
    this(folder, "");
  }

  /**
   * @param more lines of its configuration
   */
  Sway(Path folder, String more) throws Exception {
    this.folder = folder;
    Files.createDirectories(folder);
    Path config = Files.writeString(folder.resolve("config"), CONFIG + more);
    asRoot = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
    if (asRoot) {
      Files.setAttribute(folder, "unix:uid", Integer.parseInt(NOBODY));
      Files.setAttribute(config, "unix:uid", Integer.parseInt(NOBODY));
    }
    ProcessBuilder sway = in(asOther("sway", "-c", config.toString()));
    sway.environment().put("WLR_BACKENDS", "headless");
    sway.environment().put("WLR_LIBINPUT_NO_DEVICES", "1");
    sway.environment().put("WLR_RENDERER", "pixman");
    sway.environment().remove("WAYLAND_DISPLAY");
    process = sway.redirectErrorStream(true).redirectOutput(log().toFile()).start();
    // A program of its own draws it, which sway does not wait for.
    Patience.until("sway shows its background", this::showsItsBackground);
    // A virtual keyboard is there as long as its client.
    keyboard = in(List.of("wtype", "-s", "3600000")).inheritIO().start();
    Patience.until("sway has a keyboard", this::hasAKeyboard);
  }

  private boolean showsItsBackground() throws IOException, InterruptedException {
    if (!process.isAlive()) {
      throw new IOException("sway does not start: " + Files.readString(log()));
    }
    return Files.exists(socket())
        && shot().filter(picture -> picture.getRGB(0, 0) == BACKGROUND).isPresent();
  }

  private boolean hasAKeyboard() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("swaymsg", "-t", "get_inputs", "-s"));
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "sway-ipc.*.sock")) {
      found.forEach(each -> command.add(each.toString()));
    }
    Process asked = in(command).redirectErrorStream(true).start();
    String inputs = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return asked.waitFor() == 0 && inputs.contains("keyboard");
  }

  private List<String> asOther(String... command) {
    List<String> whole = new ArrayList<>();
    if (asRoot) {
      whole.addAll(List.of("setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"));
    }
    whole.addAll(List.of(command));
    return whole;
  }

  public Path socket() {
    return folder.resolve("wayland-1");
  }

  public long pid() {
    return process.pid();
  }

  private Path log() {
    return folder.resolve("sway.log");
  }

  /** What is on the screen now. */
  public BufferedImage picture() throws IOException, InterruptedException {
    Optional<BufferedImage> picture = shot();
    if (picture.isEmpty()) {
      throw new IOException("sway gives no picture: " + Files.readString(log()));
    }
    return picture.get();
  }

  private Optional<BufferedImage> shot() throws IOException, InterruptedException {
    Process grim = in(List.of("grim", "-l", "0", "-")).start();
    BufferedImage picture = ImageIO.read(grim.getInputStream());
    return grim.waitFor() == 0 ? Optional.ofNullable(picture) : Optional.empty();
  }

  /** Types on its keyboard, into the window that has it. */
  public void type(String... keys) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("wtype"));
    command.addAll(List.of(keys));
    if (in(command).inheritIO().start().waitFor() != 0) {
      throw new IOException("nothing was typed");
    }
  }

  /** A program whose windows go to a socket. */
  public ProcessBuilder program(Path display, String... command) {
    ProcessBuilder builder = in(List.of(command));
    builder.environment().put("WAYLAND_DISPLAY", display.toString());
    builder.environment().put("DBUS_SESSION_BUS_ADDRESS", "disabled:");
    builder.environment().put("QT_QPA_PLATFORM", "wayland");
    builder.environment().put("GSK_RENDERER", "cairo");
    builder.environment().put("GDK_BACKEND", "wayland");
    return builder;
  }

  private ProcessBuilder in(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
    builder.environment().put("XDG_RUNTIME_DIR", folder.toString());
    builder.environment().put("WAYLAND_DISPLAY", "wayland-1");
    return builder;
  }

  @Override
  public void close() throws IOException {
    keyboard.destroy();
    process.destroy();
    try {
      if (!process.waitFor(5, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
