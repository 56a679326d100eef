package org.lodge.storage.internal;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** All shares of one storage guest: each knows what the others change. Thread-safe. */
final class Neighbours {
  private final List<LookAhead> all = new CopyOnWriteArrayList<>();

  void join(LookAhead share) {
    all.add(share);
  }

  void leave(LookAhead share) {
    all.remove(share);
  }

  /**
   * @param inode of a file or directory that one has changed; 0 where that is not known
   */
  void touched(LookAhead by, long inode) {
    for (LookAhead each : all) {
      if (each != by) {
        each.touchedElsewhere(inode);
      }
    }
  }
}
