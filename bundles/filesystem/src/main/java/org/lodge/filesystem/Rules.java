package org.lodge.filesystem;

import java.util.List;

/**
 * What holds for a guest in a share, whoever keeps the files.
 *
 * @param readOnly whether every change is refused
 * @param setUid whether files may give privileges: otherwise the guest neither sees nor sets the
 *     set-user-id and set-group-id bits of files
 * @param xattrs which extended attributes the guest may use
 * @param accessLists whether the guest may use access control lists (POSIX ACLs)
 * @param hidden patterns of names that the guest can't find, list or make; {@code *} is any part of
 *     a name, as in {@code *.key}
 * @param quotaBytes how much longer all files together may become through this guest; 0 for no
 *     limit
 * @param quotaFiles how many more files there may be through this guest; 0 for no limit
 * @param operationsPerSecond 0 for no limit; what comes faster waits
 */
public record Rules(
    boolean readOnly,
    boolean setUid,
    Xattrs xattrs,
    boolean accessLists,
    List<String> hidden,
    long quotaBytes,
    long quotaFiles,
    long operationsPerSecond) {

  /** Which extended attributes a guest may use. */
  public enum Xattrs {
    NONE,
    /** Those that begin with {@code user.} */
    USER,
    /**
     * {@code user.}, {@code trusted.} and {@code security.}: for guests as trusted as the host.
     * File capabilities only where files may give privileges.
     */
    ALL
  }

  public Rules {
    hidden = List.copyOf(hidden);
  }

  public static Rules of(boolean readOnly) {
    return new Rules(readOnly, false, Xattrs.USER, false, List.of(), 0, 0, 0);
  }
}
