package org.lodge.filesystem.internal;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.filesystem.Ledger;

/**
 * What a guest may still add to a share, also after a death of Lodge. Thread-safe; what asks for a
 * file's size and changes it then holds {@link #lock}, so that no two get back the same bytes.
 */
final class Quota {
  private static final int BEGUN = 1;
  private static final int BYTES = 2;
  private static final int FILES = 3;

  private final Ledger ledger;
  private final boolean bytesLimited;
  private final boolean filesLimited;
  private final AtomicLong bytesLeft;
  private final AtomicLong filesLeft;
  private final ReentrantLock sizes = new ReentrantLock();
  private final Map<Long, Long> nodeOfHandle = new ConcurrentHashMap<>();

  Quota(long bytes, long files, Ledger ledger) {
    this.ledger = ledger;
    bytesLimited = bytes > 0;
    filesLimited = files > 0;
    boolean goesOn = ledger.word(BEGUN) == 1;
    bytesLeft = new AtomicLong(goesOn ? ledger.word(BYTES) : bytes);
    filesLeft = new AtomicLong(goesOn ? ledger.word(FILES) : files);
    ledger.setWord(BYTES, bytesLeft.get());
    ledger.setWord(FILES, filesLeft.get());
    ledger.setWord(BEGUN, 1);
    ledger.forEachOpen(cell -> opened(ledger.handle(cell), ledger.parent(cell)));
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

  /** The guest has nothing open any more. */
  void reset() {
    nodeOfHandle.clear();
  }

  /** A guest could name a long file's node, and let a short one's handle grow. */
  boolean isOf(long handle, long node) {
    return !bytesLimited || Long.valueOf(node).equals(nodeOfHandle.get(handle));
  }

  /** Takes what a growth needs, or nothing and false. */
  boolean grow(long bytes) {
    return !bytesLimited || take(bytesLeft, bytes, BYTES);
  }

  void shrink(long bytes) {
    ledger.setWord(BYTES, bytesLeft.addAndGet(bytes));
  }

  boolean addFile() {
    return !filesLimited || take(filesLeft, 1, FILES);
  }

  void removeFile() {
    ledger.setWord(FILES, filesLeft.incrementAndGet());
  }

  private boolean take(AtomicLong left, long wanted, int word) {
    long seen;
    do {
      seen = left.get();
      if (seen < wanted) {
        return false;
      }
    } while (!left.compareAndSet(seen, seen - wanted));
    ledger.setWord(word, seen - wanted);
    return true;
  }
}
