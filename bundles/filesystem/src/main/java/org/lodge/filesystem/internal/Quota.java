package org.lodge.filesystem.internal;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a guest may still add to a share. Thread-safe; what asks for a file's size and changes it
 * then holds {@link #lock}, so that no two get back the same bytes.
 */
final class Quota {
  private final boolean bytesLimited;
  private final boolean filesLimited;
  private final AtomicLong bytesLeft;
  private final AtomicLong filesLeft;
  private final ReentrantLock sizes = new ReentrantLock();
  private final Map<Long, Long> nodeOfHandle = new ConcurrentHashMap<>();

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

  void lock() {
    if (bytesLimited) {
      sizes.lock();
    }
  }

  void unlock() {
    if (bytesLimited) {
      sizes.unlock();
    }
  }

  void opened(long handle, long node) {
    if (bytesLimited) {
      nodeOfHandle.put(handle, node);
    }
  }

  void released(long handle) {
    nodeOfHandle.remove(handle);
  }

  void releasedAll() {
    nodeOfHandle.clear();
  }

  /** A guest could name a long file's node, and let a short one's handle grow. */
  boolean isOf(long handle, long node) {
    return !bytesLimited || Long.valueOf(node).equals(nodeOfHandle.get(handle));
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
