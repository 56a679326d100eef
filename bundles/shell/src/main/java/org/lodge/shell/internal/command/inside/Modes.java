package org.lodge.shell.internal.command.inside;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.EnumSet;
import java.util.Set;

/** Permissions as a number and as the JDK has them. */
final class Modes {
  /** Those that are carried: never set-user-id and its kin. */
  static final int PERMISSIONS = 0777;

  private Modes() {}

  static int of(Path file) throws IOException {
    int mode = 0;
    for (PosixFilePermission permission :
        Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS)) {
      mode |= bit(permission);
    }
    return mode;
  }

  static Set<PosixFilePermission> permissions(int mode) {
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    for (PosixFilePermission permission : PosixFilePermission.values()) {
      if ((mode & bit(permission)) != 0) {
        permissions.add(permission);
      }
    }
    return permissions;
  }

  /** The enum counts from the owner's read, which is the highest bit. */
  private static int bit(PosixFilePermission permission) {
    return 0400 >> permission.ordinal();
  }
}
