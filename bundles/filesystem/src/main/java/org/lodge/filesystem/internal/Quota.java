package org.lodge.filesystem.internal;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongPredicate;
import org.lodge.filesystem.Ledger;

/**
 * What a guest may still add to a share, also after a death of Lodge. Each change of a length takes
 * and gives back here, and each file that is gone gives back the rest. One that has no name any
 * more is gone when the guest neither knows it nor has it open: until then it is there, and could
 * even grow. Thread-safe; what asks for a length and changes it then holds {@link #lock}.
 */
final class Quota {
  /** Of a length that can't be learnt: it is taken for what it may be at most. */
  static final long UNKNOWN = Long.MAX_VALUE;

  private static final int BEGUN = 1;
  private static final int BYTES = 2;
  private static final int FILES = 3;

  /** What nameless files have, which are gone with the process that holds them. */
  private static final int NAMELESS_BYTES = 5;

  private static final int NAMELESS_FILES = 6;

  /** So that no guest fills the heap; what goes beyond gives nothing back. */
  private static final int NAMELESS_MAX = 1 << 16;

  private static final long NONE = 0;

  private final Ledger ledger;
  private final LongPredicate isKnown;
  private final boolean bytesLimited;
  private final boolean filesLimited;
  private final ReentrantLock order = new ReentrantLock();
  private final Map<Long, Long> nodeOfHandle = new HashMap<>();
  private final Map<Long, Integer> handlesOfNode = new HashMap<>();

  /** The lengths of files without a name, by their nodes. */
  private final Map<Long, Long> nameless = new HashMap<>();

  private long bytesLeft;
  private long filesLeft;

  /** The node whose length changes now, and between what. */
  private long changing = NONE;

  private long before;
  private long least;
  private long most;

  /**
   * @param isKnown whether the guest knows a node
   */
  Quota(long bytes, long files, Ledger ledger, LongPredicate isKnown) {
    this.ledger = ledger;
    this.isKnown = isKnown;
    bytesLimited = bytes > 0;
    filesLimited = files > 0;
    boolean goesOn = ledger.word(BEGUN) == 1;
    bytesLeft = goesOn ? ledger.word(BYTES) + ledger.word(NAMELESS_BYTES) : bytes;
    filesLeft = goesOn ? ledger.word(FILES) + ledger.word(NAMELESS_FILES) : files;
    ledger.setWord(NAMELESS_BYTES, 0);
    ledger.setWord(NAMELESS_FILES, 0);
    give(0, 0);
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
    order.lock();
  }

  void unlock() {
    if (changing != NONE) {
      end(UNKNOWN);
    }
    order.unlock();
  }

  /** The one place where anything is taken, where negative, and given back. */
  private void give(long bytes, long files) {
    bytesLeft += bytes;
    filesLeft += files;
    ledger.setWord(BYTES, bytesLeft);
    ledger.setWord(FILES, filesLeft);
  }

  private void haveNameless(long bytes, long files) {
    ledger.setWord(NAMELESS_BYTES, ledger.word(NAMELESS_BYTES) + bytes);
    ledger.setWord(NAMELESS_FILES, ledger.word(NAMELESS_FILES) + files);
  }

  /**
   * A file's length may change, until {@link #end} or {@link #unlock}: takes what it needs at most,
   * or nothing and false.
   */
  synchronized boolean begin(long node, long bytes, long least, long most) {
    if (most - bytes > bytesLeft && most > bytes) {
      return false;
    }
    give(bytes - most, 0);
    changing = node;
    before = bytes;
    this.least = least;
    this.most = most;
    return true;
  }

  /** The file has this length now; gives back what it does not need. */
  synchronized void end(long bytes) {
    long now = Math.clamp(bytes, least, most);
    long node = changing;
    changing = NONE;
    if (nameless.computeIfPresent(node, (key, was) -> was + now - before) != null) {
      haveNameless(now - before, 0);
    }
    give(most - now, 0);
    giveBackGone(node);
  }

  synchronized boolean addFile() {
    if (filesLimited && filesLeft <= 0) {
      return false;
    }
    give(0, -1);
    return true;
  }

  synchronized void removeFile() {
    give(0, 1);
  }

  synchronized void opened(long handle, long node) {
    if (limitsAny()) {
      nodeOfHandle.put(handle, node);
      handlesOfNode.merge(node, 1, Integer::sum);
    }
  }

  void released(long handle) {
    if (limitsAny()) {
      letGo(handle);
    }
  }

  private synchronized void letGo(long handle) {
    Long node = nodeOfHandle.remove(handle);
    if (node != null) {
      handlesOfNode.computeIfPresent(node, (key, count) -> count > 1 ? count - 1 : null);
      giveBackGone(node);
    }
  }

  /** A guest could name a long file's node, and let a short one's handle grow. */
  synchronized boolean isOf(long handle, long node) {
    return Long.valueOf(node).equals(nodeOfHandle.get(handle));
  }

  /** A file has lost its last name, or had none from the start. */
  synchronized void nameless(long node, long bytes) {
    if (nameless.size() < NAMELESS_MAX && nameless.putIfAbsent(node, bytes) == null) {
      haveNameless(bytes, 1);
    }
  }

  /** It has a name, as others do. */
  synchronized void named(long node) {
    Long bytes = nameless.remove(node);
    if (bytes != null) {
      haveNameless(-bytes, -1);
    }
  }

  /** The guest may know a node no more. */
  void forgotten(long node) {
    if (limitsAny()) {
      giveBackGone(node);
    }
  }

  private synchronized void giveBackGone(long node) {
    Long bytes = nameless.get(node);
    if (bytes != null
        && node != changing
        && !handlesOfNode.containsKey(node)
        && !isKnown.test(node)) {
      named(node);
      give(bytes, 1);
    }
  }

  /** The guest has nothing open any more. */
  synchronized void reset() {
    nodeOfHandle.clear();
    handlesOfNode.clear();
  }

  /** Nor does it know anything. */
  synchronized void forgottenAll() {
    List.copyOf(nameless.keySet()).forEach(this::giveBackGone);
  }
}
