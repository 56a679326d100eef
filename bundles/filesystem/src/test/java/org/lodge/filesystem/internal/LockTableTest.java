package org.lodge.filesystem.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileLock;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.LockWaiter;
import org.lodge.linux.LinuxException;

/** The rules of {@code fcntl(2)} and {@code flock(2)} between guests. */
class LockTableTest {
  private static final LockTable.Key FILE = new LockTable.Key(1, 2);
  private static final LockTable.Key OTHER = new LockTable.Key(1, 3);
  private static final int BYTES = 12;

  private final LockTable table = new LockTable();
  private final Ledger workLedger = Ledger.create();
  private final Ledger vaultLedger = Ledger.create();
  private final LockTable.Session work = table.open(workLedger);
  private final LockTable.Session vault = table.open(vaultLedger);

  LockTableTest() throws LinuxException {}

  @AfterEach
  void theLedgersEnd() {
    workLedger.close();
    vaultLedger.close();
  }

  private static FileLock range(long owner, int type, long first, long last) {
    FileLock lock = new FileLock();
    lock.owner = owner;
    lock.type = type;
    lock.first = first;
    lock.last = last;
    return lock;
  }

  private static FileLock whole(long owner, int type) {
    FileLock lock = range(owner, type, 0, 0);
    lock.wholeFile = true;
    return lock;
  }

  private static final class Told implements LockWaiter {
    Integer result;

    @Override
    public void lockAnswered(int result) {
      assertEquals(null, this.result, "told twice");
      this.result = result;
    }
  }

  /** Every byte by itself: who has read it and who has written it. */
  private static final class Model {
    final int[][] typeOf = new int[4][BYTES];

    Model() {
      for (int[] each : typeOf) {
        java.util.Arrays.fill(each, FileLock.UNLOCK);
      }
    }

    boolean isFree(int owner, FileLock lock) {
      for (int who = 0; who < typeOf.length; who++) {
        for (long at = lock.first; at <= lock.last && who != owner; at++) {
          int there = typeOf[who][(int) at];
          if (there == FileLock.WRITE || there == FileLock.READ && lock.type == FileLock.WRITE) {
            return false;
          }
        }
      }
      return true;
    }

    void set(int owner, FileLock lock) {
      for (long at = lock.first; at <= lock.last; at++) {
        typeOf[owner][(int) at] = lock.type;
      }
    }

    /** How many runs of the same type there are. */
    int locks() {
      int count = 0;
      for (int[] types : typeOf) {
        for (int at = 0; at < BYTES; at++) {
          boolean begins = at == 0 || types[at] != types[at - 1];
          count += begins && types[at] != FileLock.UNLOCK ? 1 : 0;
        }
      }
      return count;
    }
  }

  @Test
  void rangesAreAsIfEachByteHadItsLock() throws Exception {
    for (long seed = 0; seed < 300; seed++) {
      Random random = new Random(seed);
      Model model = new Model();
      for (int i = 0; i < 200; i++) {
        int owner = random.nextInt(4);
        int first = random.nextInt(BYTES);
        int last = first + random.nextInt(BYTES - first);
        FileLock lock = range(owner / 2, random.nextInt(3), first, last);
        LockTable.Session session = owner % 2 == 0 ? work : vault;
        boolean free = lock.type == FileLock.UNLOCK || model.isFree(owner, lock);
        FileLock asked = range(lock.owner, lock.type, first, last);
        session.test(FILE, asked);
        if (lock.type != FileLock.UNLOCK) {
          assertEquals(free, asked.type == FileLock.UNLOCK, "seed " + seed);
        }
        assertEquals(free ? 0 : -Errno.EAGAIN, session.lock(FILE, lock, null), "seed " + seed);
        if (free) {
          model.set(owner, lock);
        }
        assertEquals(model.locks(), work.held() + vault.held(), "seed " + seed);
      }
      if (seed % 30 == 0) {
        assertSameAfterADeath(model);
      }
      work.drop(false);
      vault.drop(false);
      assertEquals(0, work.held() + vault.held());
    }
    workLedger.forEachLock(cell -> fail("a lock that nobody holds was kept"));
  }

  private void assertSameAfterADeath(Model model) throws Exception {
    try (Ledger ofWork = Ledger.restore(workLedger.file().duplicate());
        Ledger ofVault = Ledger.restore(vaultLedger.file().duplicate())) {
      LockTable restored = new LockTable();
      LockTable.Session workAgain = restored.open(ofWork);
      assertEquals(work.held(), workAgain.held());
      assertEquals(vault.held(), restored.open(ofVault).held());
      for (int at = 0; at < BYTES; at++) {
        FileLock asked = range(7, FileLock.WRITE, at, at);
        workAgain.test(FILE, asked);
        boolean free = true;
        for (int[] each : model.typeOf) {
          free &= each[at] == FileLock.UNLOCK;
        }
        assertEquals(free, asked.type == FileLock.UNLOCK, "byte " + at);
      }
    }
  }

  @Test
  void whoWaitsIsToldOnceAndInOrder() {
    work.lock(FILE, range(1, FileLock.WRITE, 0, 9), null);
    List<Told> waiting = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      Told told = new Told();
      waiting.add(told);
      assertEquals(
          FileSystem.WAITING, vault.lock(FILE, range(i, FileLock.WRITE, 0, 4), told), "" + i);
    }
    work.lock(FILE, range(1, FileLock.UNLOCK, 0, 3), null);
    assertEquals(null, waiting.get(0).result, "one byte is still locked");
    work.lock(FILE, range(1, FileLock.READ, 4, 9), null);
    assertEquals(null, waiting.get(0).result);
    work.lock(FILE, range(1, FileLock.UNLOCK, 4, 4), null);
    assertEquals(0, waiting.get(0).result);
    assertEquals(null, waiting.get(1).result);
    vault.lock(FILE, range(0, FileLock.UNLOCK, 0, Long.MAX_VALUE), null);
    assertEquals(0, waiting.get(1).result);
    assertTrue(vault.stopWaiting(waiting.get(2)));
    assertFalse(vault.stopWaiting(waiting.get(2)));
    assertFalse(vault.stopWaiting(waiting.get(1)));
    vault.lock(FILE, range(1, FileLock.UNLOCK, 0, Long.MAX_VALUE), null);
    assertEquals(null, waiting.get(2).result);
    assertEquals(0, vault.waiting());
  }

  @Test
  void whoWouldWaitForHimselfIsTold() {
    assertEquals(0, work.lock(FILE, range(1, FileLock.WRITE, 0, 0), null));
    assertEquals(0, vault.lock(FILE, range(1, FileLock.WRITE, 1, 1), null));
    assertEquals(0, vault.lock(OTHER, range(2, FileLock.WRITE, 0, 0), null));
    assertEquals(FileSystem.WAITING, work.lock(FILE, range(1, FileLock.READ, 1, 1), new Told()));
    assertEquals(FileSystem.WAITING, vault.lock(FILE, range(2, FileLock.READ, 0, 0), new Told()));
    assertEquals(-Errno.EDEADLK, vault.lock(FILE, range(1, FileLock.READ, 0, 0), new Told()));
    assertEquals(-Errno.EDEADLK, vault.lock(OTHER, range(1, FileLock.READ, 0, 0), new Told()));
  }

  @Test
  void aLockOfAWholeFileThatChangesIsLetGoFirst() {
    work.lock(FILE, whole(1, FileLock.READ), null);
    vault.lock(FILE, whole(1, FileLock.READ), null);
    Told told = new Told();
    assertEquals(FileSystem.WAITING, vault.lock(FILE, whole(2, FileLock.WRITE), told));
    assertEquals(-Errno.EAGAIN, work.lock(FILE, whole(1, FileLock.WRITE), null));
    assertEquals(0, work.held(), "as flock(2) has it");
    vault.lock(FILE, whole(1, FileLock.UNLOCK), null);
    assertEquals(0, told.result);
    assertEquals(0, work.lock(FILE, range(1, FileLock.WRITE, 0, 9), null), "another kind");
  }

  @Test
  void aGuestThatGoesLeavesNothingAndNobodyWaiting() {
    work.lock(FILE, whole(1, FileLock.WRITE), null);
    Told other = new Told();
    Told own = new Told();
    vault.lock(FILE, whole(1, FileLock.WRITE), other);
    work.lock(FILE, whole(2, FileLock.WRITE), own);
    work.drop(true);
    assertEquals(0, other.result);
    assertEquals(-Errno.EIO, own.result);
    assertEquals(-Errno.EIO, work.lock(OTHER, whole(1, FileLock.READ), null));
    assertEquals(1, vault.held());
  }

  @Test
  void aGuestHoldsNoMoreThanItMayAndCanStillLetGo() {
    for (int i = 0; i < LockTable.HELD_MAX; i++) {
      work.lock(FILE, range(1, FileLock.READ, 4L * i, 4L * i + 2), null);
    }
    assertTrue(work.held() <= LockTable.HELD_MAX);
    assertEquals(-Errno.ENOLCK, work.lock(OTHER, range(1, FileLock.READ, 0, 0), null));
    assertEquals(-Errno.ENOLCK, work.lock(FILE, range(1, FileLock.UNLOCK, 1, 1), null));
    assertEquals(0, vault.lock(OTHER, range(1, FileLock.WRITE, 0, 0), null));
    assertEquals(0, work.lock(FILE, range(1, FileLock.UNLOCK, 0, Long.MAX_VALUE), null));
    assertEquals(0, work.held());
    for (int i = 0; i < LockTable.WAITING_MAX; i++) {
      assertEquals(FileSystem.WAITING, work.lock(OTHER, range(i, FileLock.READ, 0, 0), new Told()));
    }
    assertEquals(-Errno.ENOLCK, work.lock(OTHER, range(1, FileLock.READ, 0, 0), new Told()));
  }
}
