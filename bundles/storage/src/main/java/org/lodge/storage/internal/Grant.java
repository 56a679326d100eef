package org.lodge.storage.internal;

import java.time.Duration;
import java.util.Optional;
import org.lodge.filesystem.Rules;

/**
 * What one guest gets of one share.
 *
 * @param from the guest that keeps the files, or {@link #HOST}
 * @param path a directory there, or with {@code file} a regular file
 * @param locks shared or guest; empty for what its cache mode has
 * @param uid who owns all files as the guest sees it; -1 to take the numbers over
 * @param ownerUid who owns there what the guest makes
 * @param patience with a storage guest that is away
 */
record Grant(
    String share,
    String guest,
    String from,
    String path,
    boolean file,
    boolean create,
    Rules rules,
    Optional<String> mount,
    String cache,
    Optional<String> locks,
    int uid,
    int ownerUid,
    Duration patience,
    boolean declared) {

  static final String HOST = "host";
  static final Duration WAIT = Duration.ofSeconds(30);

  boolean isFromHost() {
    return from.equals(HOST);
  }

  /** What the guest's device is called. */
  String device() {
    return "fs-" + share;
  }
}
