package org.lodge.policy.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Who could have written a file. A rule is as good as those who may write it: its owner, root, and
 * whoever may write the folders that hold it.
 */
final class Trust {
  private static final int GROUP_WRITE = 0020;
  private static final int OTHERS_WRITE = 0002;
  private static final int STICKY = 01000;
  private static final int DIRECTORY = 0040000;

  private Trust() {}

  /** Why the file's content can't be relied on, with the remedy; empty if it can. */
  static Optional<String> objection(Path file) throws IOException {
    int ownUid = (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    Path real = file.toRealPath();
    for (Path path : new Path[] {real, real.getParent(), file.toAbsolutePath().getParent()}) {
      Map<String, Object> status = Files.readAttributes(path, "unix:uid,gid,mode");
      Optional<String> objection =
          objection(
              path,
              (int) status.get("uid"),
              (int) status.get("gid"),
              (int) status.get("mode"),
              ownUid);
      if (objection.isPresent()) {
        return objection;
      }
    }
    return Optional.empty();
  }

  static Optional<String> objection(Path path, int uid, int gid, int mode, int ownUid) {
    if (uid != 0 && uid != ownUid) {
      return Optional.of(
          "%s belongs to user %d, and Lodge runs as user %d; chown %d %s"
              .formatted(path, uid, ownUid, ownUid, path));
    }
    boolean sticky = (mode & STICKY) != 0 && (mode & DIRECTORY) != 0;
    // A user's own group has the user's number on every common distribution.
    boolean othersInGroup = gid != uid && gid != 0;
    if ((mode & GROUP_WRITE) != 0 && othersInGroup && !sticky) {
      return Optional.of("%s is writable by group %d; chmod g-w %s".formatted(path, gid, path));
    }
    if ((mode & OTHERS_WRITE) != 0 && !sticky) {
      return Optional.of("%s is writable by everybody; chmod o-w %s".formatted(path, path));
    }
    return Optional.empty();
  }
}
