package org.lodge.filesystem.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileLock;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.LockWaiter;

/**
 * Who holds which locks on the files of one place: the host, or one storage guest. Guests that
 * share nothing of a place never meet here. Each guest holds a bounded number and waits for a
 * bounded number. Thread-safe; waiters are told without any lock of this class.
 */
final class LockTable {
  /** Of one guest's share. */
  static final int HELD_MAX = 4096;

  /** Of one guest's share: a queue has more room, so what would end a wait still gets through. */
  static final int WAITING_MAX = 256;

  private static final int DEADLOCK_STEPS = 64;

  private final Map<Key, FileLocks> files = new HashMap<>();

  record Key(long device, long inode) {}

  /** One guest's use of one share. Guarded by its table. */
  final class Session {
    final Ledger ledger;

    /** Read without the table's lock too. */
    volatile int held;

    int waiting;
    boolean closed;

    /** The next process goes on with its locks. */
    boolean stays;

    private Session(Ledger ledger) {
      this.ledger = ledger;
    }

    int test(Key file, FileLock lock) {
      return LockTable.this.test(this, file, lock);
    }

    int lock(Key file, FileLock lock, LockWaiter waiter) {
      return LockTable.this.lock(this, file, lock, waiter);
    }

    boolean stopWaiting(LockWaiter waiter) {
      return LockTable.this.stopWaiting(this, waiter);
    }

    /** The open file of that number is gone. */
    void release(Key file, long handle) {
      LockTable.this.release(this, file, handle);
    }

    /** Without a lock, as nearly every closing of a file comes by here. */
    boolean holdsNone() {
      return held == 0;
    }

    /**
     * @param isOver whether none may be taken any more; the ledger keeps those that were held
     */
    void drop(boolean isOver) {
      LockTable.this.drop(this, isOver, isOver);
    }

    /** Neither has it locks any more, nor does the next process find any of it. */
    void revoke() {
      LockTable.this.drop(this, false, true);
    }

    /** As long as this process lives nobody else is given the locks that it has. */
    void stay() {
      synchronized (LockTable.this) {
        stays = true;
      }
    }

    int held() {
      synchronized (LockTable.this) {
        return held;
      }
    }

    int waiting() {
      synchronized (LockTable.this) {
        return waiting;
      }
    }
  }

  /** A lock that waits. */
  record Waiting(HeldLock wanted, LockWaiter waiter) {}

  /**
   * A guest's use of a share begins, or goes on: it has the locks that are in the ledger, which
   * nobody else was given since.
   */
  synchronized Session open(Ledger ledger) {
    Session session = new Session(ledger);
    ledger.forEachLock(cell -> {
      HeldLock lock = HeldLock.left(session, cell);
      files.computeIfAbsent(lock.file, key -> new FileLocks()).restore(lock);
    });
    return session;
  }

  private synchronized int test(Session session, Key key, FileLock lock) {
    FileLocks file = files.get(key);
    HeldLock other = file == null ? null : file.inTheWay(HeldLock.of(session, key, lock));
    if (other == null) {
      lock.type = FileLock.UNLOCK;
    } else {
      lock.type = other.type;
      lock.first = other.first;
      lock.last = other.last;
      // A number of another guest would name some process of this one.
      lock.pid = other.session == session ? other.pid : 0;
    }
    return 0;
  }

  private int lock(Session session, Key key, FileLock asked, LockWaiter waiter) {
    List<Waiting> granted = new ArrayList<>();
    int result;
    synchronized (this) {
      if (session.closed) {
        return -Errno.EIO;
      }
      FileLocks file = files.computeIfAbsent(key, k -> new FileLocks());
      result = lock(file, HeldLock.of(session, key, asked), waiter, granted);
      if (file.isEmpty()) {
        files.remove(key);
      }
    }
    granted.forEach(each -> each.waiter.lockAnswered(0));
    return result;
  }

  private void release(Session session, Key key, long handle) {
    List<Waiting> granted = new ArrayList<>();
    synchronized (this) {
      FileLocks file = files.get(key);
      if (file != null) {
        file.release(session, handle);
        file.grant(granted);
        if (file.isEmpty()) {
          files.remove(key);
        }
      }
    }
    granted.forEach(each -> each.waiter.lockAnswered(0));
  }

  private int lock(FileLocks file, HeldLock wanted, LockWaiter waiter, List<Waiting> granted) {
    Session session = wanted.session;
    if (session.held + 2 > HELD_MAX && file.addsTo(wanted)) {
      return -Errno.ENOLCK;
    }
    if (wanted.wholeFile && !file.letGo(wanted)) {
      // A lock of flock(2) that changes its type is let go first, and may be lost.
      file.grant(granted);
    }
    HeldLock other = wanted.type == FileLock.UNLOCK ? null : file.inTheWay(wanted);
    if (other == null) {
      file.set(wanted);
      file.grant(granted);
      return 0;
    }
    if (waiter == null) {
      return -Errno.EAGAIN;
    }
    if (!wanted.wholeFile && waitsFor(other, wanted)) {
      return -Errno.EDEADLK;
    }
    if (session.waiting == WAITING_MAX) {
      return -Errno.ENOLCK;
    }
    session.waiting++;
    file.waiting.add(new Waiting(wanted, waiter));
    return FileSystem.WAITING;
  }

  /** Whether a holder waits, through others, for the one who would now wait for him. */
  private boolean waitsFor(HeldLock holder, HeldLock asker) {
    HeldLock at = holder;
    for (int steps = 0; steps < DEADLOCK_STEPS && at != null; steps++) {
      if (at.isOwnedAs(asker)) {
        return true;
      }
      at = waitedFor(at);
    }
    return false;
  }

  private HeldLock waitedFor(HeldLock holder) {
    for (FileLocks file : files.values()) {
      for (Waiting each : file.waiting) {
        if (!each.wanted.wholeFile && each.wanted.isOwnedAs(holder)) {
          return file.inTheWay(each.wanted);
        }
      }
    }
    return null;
  }

  private synchronized boolean stopWaiting(Session session, LockWaiter waiter) {
    Iterator<FileLocks> all = files.values().iterator();
    while (session.waiting > 0 && all.hasNext()) {
      FileLocks file = all.next();
      if (file.waiting.removeIf(each -> each.waiter == waiter)) {
        session.waiting--;
        if (file.isEmpty()) {
          all.remove();
        }
        return true;
      }
    }
    return false;
  }

  private void drop(Session session, boolean ledgerKeeps, boolean isOver) {
    List<Waiting> granted = new ArrayList<>();
    List<Waiting> over = new ArrayList<>();
    synchronized (this) {
      session.closed |= ledgerKeeps;
      Iterator<FileLocks> all = files.values().iterator();
      while ((session.held > 0 || session.waiting > 0) && all.hasNext()) {
        FileLocks file = all.next();
        file.drop(session, over);
        file.grant(granted);
        if (file.isEmpty()) {
          all.remove();
        }
      }
      session.closed |= isOver;
    }
    over.forEach(each -> each.waiter.lockAnswered(-Errno.EIO));
    granted.forEach(each -> each.waiter.lockAnswered(0));
  }
}
