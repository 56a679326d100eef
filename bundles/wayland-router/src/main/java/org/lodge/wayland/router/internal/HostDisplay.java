package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Map;
import java.util.Set;
import org.lodge.agent.GuestClocks;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleLimits;
import org.lodge.agent.handles.Handles;
import org.lodge.linux.Clock;
import org.lodge.policy.Party;

/**
 * The compositor of a person on this host, who is named by the rule: {@code user=NAME}, and {@code
 * display=} as {@code WAYLAND_DISPLAY} has it (a name in the folder of the user below {@code
 * /run/user}, or an absolute path).
 *
 * <p>The socket must be in a folder that is the user's alone, and be served by a program of the
 * user: else anybody of the host could show, and see, the windows of the guest.
 */
final class HostDisplay implements DisplayWay {
  private static final Path RUNTIME_FOLDERS = Path.of("/run/user");
  private static final String DEFAULT_DISPLAY = "wayland-0";
  private static final String USAGE =
      "target=@host shows windows on the compositor of a person of this host: say whose, user=NAME";

  private final String name;
  private final Handles handles;
  private final HandleLimits limits;
  private final Path socketFolder;
  private final Path socket;
  private final long uid;
  private final long ownUid;

  private HostDisplay(
      String name,
      Handles handles,
      HandleLimits limits,
      Path socketFolder,
      Path socket,
      long uid,
      long ownUid) {
    this.name = name;
    this.handles = handles;
    this.limits = limits;
    this.socketFolder = socketFolder;
    this.socket = socket;
    this.uid = uid;
    this.ownUid = ownUid;
  }

  /**
   * As the options of a rule say.
   *
   * @param socketFolder of Lodge's own
   * @throws IOException saying what is wrong with them, and what to do
   */
  static HostDisplay of(
      Handles handles, HandleLimits limits, Path socketFolder, Map<String, String> options)
      throws IOException {
    String user = options.get("user");
    if (user == null) {
      throw new IOException(USAGE);
    }
    String display = options.getOrDefault("display", DEFAULT_DISPLAY);
    Path socket = display.startsWith("/") ? Path.of(display) : runtimeFolder(user).resolve(display);
    Path folder = socket.getParent();
    if (!Files.isDirectory(folder)) {
      throw new IOException(
          "there is no folder %s: is user=%s logged in, with a Wayland desktop?"
              .formatted(folder, user));
    }
    if (!isOf(user, folder)) {
      throw new IOException(folder + " is not of user=" + user + ", as the rule says");
    }
    Set<PosixFilePermission> mode = Files.getPosixFilePermissions(folder);
    if (mode.contains(PosixFilePermission.GROUP_WRITE)
        || mode.contains(PosixFilePermission.OTHERS_WRITE)) {
      throw new IOException(folder + " can be written by others than user=" + user);
    }
    String name = Party.HOST + ":" + user + (display.equals(DEFAULT_DISPLAY) ? "" : ":" + display);
    return new HostDisplay(
        name, handles, limits, socketFolder, socket, uid(folder), uid(Path.of("/proc/self")));
  }

  /** Whether a display of this name is one of this host. */
  static boolean isName(String display) {
    return display.startsWith(Party.HOST);
  }

  /** What a compositor of this host goes by. */
  static GuestClocks clocks() throws IOException {
    return new GuestClocks(
        Clock.MONOTONIC.nanos(), Clock.MONOTONIC_RAW.nanos(), Clock.REALTIME.nanos());
  }

  private static Path runtimeFolder(String user) throws IOException {
    if (Files.isDirectory(RUNTIME_FOLDERS)) {
      try (DirectoryStream<Path> folders = Files.newDirectoryStream(RUNTIME_FOLDERS)) {
        for (Path folder : folders) {
          if (isOf(user, folder)) {
            return folder;
          }
        }
      }
    }
    throw new IOException(
        "user=%s has no folder below %s: nobody of that name is logged in; or say where the"
                .formatted(user, RUNTIME_FOLDERS)
            + " compositor listens, display=/PATH");
  }

  private static boolean isOf(String user, Path folder) throws IOException {
    return Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).getName().equals(user)
        || String.valueOf(uid(folder)).equals(user);
  }

  private static long uid(Path file) throws IOException {
    return ((Integer) Files.getAttribute(file, "unix:uid")).longValue() & 0xffffffffL;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public HandleConnection connect() throws IOException {
    return handles.connectHost(name(), socket, uid, limits);
  }

  @Override
  public HandleConnection connectAt(String socketPath) throws IOException {
    return handles.connectHost(name(), Path.of(socketPath), ownUid, limits);
  }

  @Override
  public HandleConnection connectBeside() throws IOException {
    return connect();
  }

  @Override
  public String socketFolder() {
    return socketFolder.toString();
  }
}
