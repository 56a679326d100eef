package org.lodge.filesystem;

import java.nio.file.Path;

/**
 * A directory of the host as a guest sees it.
 *
 * @param uid who owns all files as the guest sees it and, on the host, whatever it makes, with
 *     {@code hostUid}; -1 to take the numbers over as they are
 * @param hostUid with {@code uid}: the owner on the host; -1 for Lodge's own user
 * @param xattrs which extended attributes the guest may use
 * @param descriptorsMax how many of Lodge's descriptors the guest may make it hold, 64 to 1000000
 */
public record DirectorySettings(
    Path path, int uid, int hostUid, Xattrs xattrs, int descriptorsMax) {

  /** Which extended attributes a guest may use. */
  public enum Xattrs {
    NONE,
    /** Those that begin with {@code user.} */
    USER,
    /** {@code user.}, {@code trusted.} and {@code security.}: for guests as trusted as the host */
    ALL
  }

  public static DirectorySettings of(Path path) {
    return new DirectorySettings(path, -1, -1, Xattrs.USER, 4096);
  }
}
