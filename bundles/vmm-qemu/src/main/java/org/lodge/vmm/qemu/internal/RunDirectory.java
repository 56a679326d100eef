package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.lodge.vmm.VmmException;

/**
 * A guest's directory for sockets, logs and the process record.
 *
 * <p>While QEMU starts, the directory is its user's and nobody else enters it (0700). Before the
 * guest's first instruction it is sealed: root's own, QEMU's group may pass through (0710). A QEMU
 * that the guest has taken over can then neither plant a link for Lodge to follow nor rewrite the
 * record of its process.
 */
final class RunDirectory {
  static final String QMP_SOCKET = "qmp.sock";
  static final String CONSOLE_SOCKET = "console.sock";
  static final String LOG = "vmm.log";
  static final String SCREEN = "screen";

  /** {@code sun_path} of {@code unix(7)} without its final zero. */
  private static final int SOCKET_PATH_LIMIT_BYTES = 107;

  private static final List<String> STALE =
      List.of(ProcessRecord.FILE, ProcessRecord.FILE + ".new", QMP_SOCKET, CONSOLE_SOCKET, SCREEN);

  private final Path path;
  private final GuestUsers users;
  private final long uid;

  private RunDirectory(Path path, GuestUsers users, long uid) {
    this.path = path;
    this.users = users;
    this.uid = uid;
  }

  /** Makes it, empty of what an earlier QEMU left. The caller knows that none runs there. */
  static RunDirectory prepare(Path path, GuestUsers users) throws IOException, VmmException {
    int longest = path.resolve(CONSOLE_SOCKET).toString().getBytes(StandardCharsets.UTF_8).length;
    if (longest > SOCKET_PATH_LIMIT_BYTES) {
      throw new VmmException(
          "run-directory",
          "%s is too long for a socket by %d bytes; start Lodge with a shorter LODGE_RUN"
              .formatted(path, longest - SOCKET_PATH_LIMIT_BYTES));
    }
    Files.createDirectories(path.getParent());
    requirePassable(path.getParent(), users);
    synchronized (RunDirectory.class) {
      long uid = users.choose(path.getParent(), path);
      if (!Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS)) {
        Files.createDirectory(path, PosixFilePermissions.asFileAttribute(mode("rwx------")));
      }
      RunDirectory run = new RunDirectory(path, users, uid);
      run.own(uid, uid, "rwx------");
      run.removeStale();
      Files.deleteIfExists(run.log());
      return run;
    }
  }

  /** The directory of a QEMU that runs already. */
  static RunDirectory existing(Path path, GuestUsers users, long uid) {
    return new RunDirectory(path, users, uid);
  }

  /** Takes the directory from QEMU's user; to be done before the guest runs. */
  void seal() throws IOException {
    if (users.switched()) {
      own(0, uid, "rwx--x---");
      Path screen = path.resolve(SCREEN);
      if (!Files.exists(screen, LinkOption.NOFOLLOW_LINKS)) {
        Files.createFile(screen, PosixFilePermissions.asFileAttribute(mode("rw-------")));
        Files.setAttribute(screen, "unix:uid", (int) uid);
      }
    }
  }

  /** Lets QEMU's user connect to a socket that Lodge has made. */
  void admit(Path socket) throws IOException {
    if (users.switched()) {
      Files.setAttribute(socket, "unix:uid", (int) uid);
    }
  }

  private void own(long owner, long group, String mode) throws IOException {
    if (users.switched()) {
      Files.setAttribute(path, "unix:uid", (int) owner);
      Files.setAttribute(path, "unix:gid", (int) group);
    }
    Files.setPosixFilePermissions(path, mode(mode));
  }

  void removeStale() throws IOException {
    for (String name : STALE) {
      Files.deleteIfExists(path.resolve(name));
    }
  }

  /**
   * Says early what QEMU would only call a denied permission.
   *
   * @throws VmmException with the directory in the way and the command that opens it
   */
  static void requirePassable(Path directory, GuestUsers users) throws IOException, VmmException {
    for (Path each = directory.toRealPath(); users.switched() && each != null; ) {
      if (!Files.getPosixFilePermissions(each).contains(PosixFilePermission.OTHERS_EXECUTE)) {
        throw new VmmException(
            "run-directory",
            "the guest's unprivileged user can't pass through %s: chmod o+x %s"
                .formatted(each, each));
      }
      each = each.getParent();
    }
  }

  /** As {@link #requirePassable}, for a file that QEMU opens by itself. */
  static void requireReadable(Path file, GuestUsers users) throws IOException, VmmException {
    Path real = file.toRealPath();
    requirePassable(real.getParent(), users);
    if (users.switched()
        ? !Files.getPosixFilePermissions(real).contains(PosixFilePermission.OTHERS_READ)
        : !Files.isReadable(real)) {
      throw new VmmException(
          "files", "the guest's user can't read %s: chmod a+r %s".formatted(file, real));
    }
  }

  private static Set<PosixFilePermission> mode(String mode) {
    return PosixFilePermissions.fromString(mode);
  }

  Path path() {
    return path;
  }

  long uid() {
    return uid;
  }

  Path qmpSocket() {
    return path.resolve(QMP_SOCKET);
  }

  Path consoleSocket() {
    return path.resolve(CONSOLE_SOCKET);
  }

  Path log() {
    return path.resolve(LOG);
  }

  Path screen() {
    return path.resolve(SCREEN);
  }
}
