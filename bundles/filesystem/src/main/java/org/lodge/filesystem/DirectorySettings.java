package org.lodge.filesystem;

import java.nio.file.Path;

/**
 * A directory of the host as a guest sees it.
 *
 * @param uid who owns all files as the guest sees it and, on the host, whatever it makes, with
 *     {@code hostUid}; -1 to take the numbers over as they are
 * @param hostUid with {@code uid}: the owner on the host; -1 for Lodge's own user
 * @param descriptorsMax how many of Lodge's descriptors the guest may make it hold, 64 to 1000000
 */
public record DirectorySettings(Path path, int uid, int hostUid, int descriptorsMax) {

  public static DirectorySettings of(Path path) {
    return new DirectorySettings(path, -1, -1, 4096);
  }
}
