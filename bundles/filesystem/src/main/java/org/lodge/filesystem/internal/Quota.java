package org.lodge.filesystem.internal;

import java.util.concurrent.atomic.AtomicLong;

/** What a guest may still add to a share. Thread-safe. */
final class Quota {
  private final boolean bytesLimited;
  private final boolean filesLimited;
  private final AtomicLong bytesLeft;
  private final AtomicLong filesLeft;

  Quota(long bytes, long files) {
    bytesLimited = bytes > 0;
    filesLimited = files > 0;
    bytesLeft = new AtomicLong(bytes);
    filesLeft = new AtomicLong(files);
  }

  boolean limitsBytes() {
    return bytesLimited;
  }

  boolean limitsAny() {
    return bytesLimited || filesLimited;
  }

  /** Takes what a growth needs, or nothing and false. */
  boolean grow(long bytes) {
    return !bytesLimited || take(bytesLeft, bytes);
  }

  void shrink(long bytes) {
    bytesLeft.addAndGet(bytes);
  }

  boolean addFile() {
    return !filesLimited || take(filesLeft, 1);
  }

  void removeFile() {
    filesLeft.incrementAndGet();
  }

  private static boolean take(AtomicLong left, long wanted) {
    long seen;
    do {
      seen = left.get();
      if (seen < wanted) {
        return false;
      }
    } while (!left.compareAndSet(seen, seen - wanted));
    return true;
  }
}
