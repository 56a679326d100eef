package org.lodge.device.fs.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileLock;
import org.lodge.filesystem.internal.FileSystemsService;

/** Locks of two guests that share a directory, as their drivers ask for them. */
class LockingTest {
  private static final long ROOT = 1;
  private static final long ALL = Long.MAX_VALUE;
  private static final int RANGE = 0;
  private static final int FLOCK = 1;

  @TempDir Path folder;
  private final FileSystemsService lodge = FileSystemsService.of(null, () -> false);
  private final FsDriver work = new FsDriver(lodge, "work");
  private final FsDriver vault = new FsDriver(lodge, "vault");
  private long workNode;
  private long vaultNode;

  @BeforeEach
  void twoGuestsThatShareAFile() throws Exception {
    Files.writeString(folder.resolve("a"), "content of a");
    work.start(folder, Map.of());
    vault.start(folder, Map.of("cache", "none"));
    workNode = work.lookup(ROOT, "a");
    vaultNode = vault.lookup(ROOT, "a");
  }

  @AfterEach
  void theGuestsEnd() {
    work.close();
    vault.close();
  }

  private static ByteBuffer lock(long owner, int type, long first, long last, int flags) {
    return FsDriver.args(48)
        .putLong(0)
        .putLong(owner)
        .putLong(first)
        .putLong(last)
        .putInt(type)
        .putInt(77)
        .putInt(flags);
  }

  private int set(FsDriver guest, long node, long owner, int type, int flags) throws Exception {
    return guest.call(Opcode.SETLK, node, lock(owner, type, 0, ALL, flags)).error();
  }

  @Test
  void aLockOfOneGuestIsInTheWayOfAnother() throws Exception {
    for (int kind : new int[] {RANGE, FLOCK}) {
      assertEquals(0, set(work, workNode, 5, FileLock.WRITE, kind));
      assertEquals(-Errno.EAGAIN, set(vault, vaultNode, 5, FileLock.READ, kind));
      assertEquals(0, set(work, workNode, 5, FileLock.READ, kind));
      assertEquals(0, set(vault, vaultNode, 5, FileLock.READ, kind));
      assertEquals(-Errno.EAGAIN, set(work, workNode, 5, FileLock.WRITE, kind));
      set(work, workNode, 5, FileLock.UNLOCK, kind);
      set(vault, vaultNode, 5, FileLock.UNLOCK, kind);
    }
  }

  @Test
  void whoIsInTheWayIsTold() throws Exception {
    work.call(Opcode.SETLK, workNode, lock(5, FileLock.WRITE, 10, 19, RANGE));
    ByteBuffer there =
        vault.call(Opcode.GETLK, vaultNode, lock(5, FileLock.READ, 0, ALL, RANGE)).body();
    assertEquals(10, there.getLong(0));
    assertEquals(19, there.getLong(8));
    assertEquals(FileLock.WRITE, there.getInt(16));
    assertEquals(0, there.getInt(20), "another guest's process is nobody here");
    ByteBuffer here =
        work.call(Opcode.GETLK, workNode, lock(6, FileLock.READ, 0, ALL, RANGE)).body();
    assertEquals(77, here.getInt(20));
    ByteBuffer free =
        vault.call(Opcode.GETLK, vaultNode, lock(5, FileLock.READ, 20, ALL, RANGE)).body();
    assertEquals(FileLock.UNLOCK, free.getInt(16));
  }

  @Test
  void whoWaitsKeepsNobodyElseWaitingAndGetsTheLockAtLast() throws Exception {
    set(work, workNode, 5, FileLock.WRITE, RANGE);
    byte[] waits = vault.begin(Opcode.SETLKW, vaultNode, lock(5, FileLock.WRITE, 0, 3, RANGE));
    assertEquals(0, vault.urgent(Opcode.GETATTR, vaultNode, FsDriver.args(16)));
    assertFalse(vault.isAnswered(Duration.ofMillis(50)));
    assertEquals(1, vault.counter("locks.waiting"));
    work.call(Opcode.FLUSH, workNode, FsDriver.args(24).putLong(0).putLong(0).putLong(5));
    assertTrue(vault.isAnswered(FsDriver.LIMIT));
    assertEquals(0, vault.answer(waits).error());
    assertEquals(-Errno.EAGAIN, set(work, workNode, 5, FileLock.READ, RANGE));
  }

  @Test
  void anInterruptEndsAWait() throws Exception {
    set(work, workNode, 5, FileLock.WRITE, FLOCK);
    byte[] waits = vault.begin(Opcode.SETLKW, vaultNode, lock(5, FileLock.READ, 0, ALL, FLOCK));
    long unique = ByteBuffer.wrap(waits).order(ByteOrder.LITTLE_ENDIAN).getLong(8);
    assertEquals(-Errno.EAGAIN, vault.interrupt(unique + 1), "not come yet: ask again");
    assertEquals(0, vault.interrupt(unique));
    assertTrue(vault.isAnswered(FsDriver.LIMIT));
    assertEquals(-Errno.EINTR, vault.answer(waits).error());
    set(work, workNode, 5, FileLock.UNLOCK, FLOCK);
    assertEquals(0, set(work, workNode, 6, FileLock.WRITE, FLOCK), "who was interrupted has none");
  }

  @Test
  void newLogicGoesOnWithLocksAndWithWhoWaits() throws Exception {
    set(work, workNode, 5, FileLock.WRITE, RANGE);
    byte[] waits = vault.begin(Opcode.SETLKW, vaultNode, lock(5, FileLock.WRITE, 0, 3, RANGE));
    vault.transport.swap(vault.create(folder, Map.of("cache", "none")), FsDriver.LIMIT);
    work.transport.swap(work.create(folder, Map.of()), FsDriver.LIMIT);
    assertFalse(vault.isAnswered(Duration.ofMillis(50)));
    set(work, workNode, 5, FileLock.UNLOCK, RANGE);
    assertTrue(vault.isAnswered(FsDriver.LIMIT));
    assertEquals(0, vault.answer(waits).error());
  }

  @Test
  void locksEndWithTheirOwnersFileAndWithTheGuest() throws Exception {
    set(work, workNode, 5, FileLock.WRITE, FLOCK);
    ByteBuffer release = FsDriver.args(24).putLong(0).putInt(0).putInt(2).putLong(5);
    work.call(Opcode.RELEASE, workNode, release);
    assertEquals(0, set(vault, vaultNode, 5, FileLock.WRITE, FLOCK));

    // Of an open file's own locks (F_OFD_SETLK) the driver tells no more than that the file is
    // gone.
    set(vault, vaultNode, 5, FileLock.UNLOCK, FLOCK);
    ByteBuffer ofOpen = lock(9, FileLock.WRITE, 0, ALL, RANGE).putLong(0, 4242);
    assertEquals(0, work.call(Opcode.SETLK, workNode, ofOpen).error());
    assertEquals(-Errno.EAGAIN, set(vault, vaultNode, 5, FileLock.WRITE, RANGE));
    work.call(Opcode.RELEASE, workNode, FsDriver.args(24).putLong(4242));
    assertEquals(0, set(vault, vaultNode, 5, FileLock.WRITE, RANGE));
    set(vault, vaultNode, 5, FileLock.UNLOCK, RANGE);

    set(work, workNode, 5, FileLock.WRITE, RANGE);
    byte[] waits = vault.begin(Opcode.SETLKW, vaultNode, lock(5, FileLock.WRITE, 0, 3, RANGE));
    work.call(Opcode.DESTROY, 0, FsDriver.args(8));
    assertTrue(vault.isAnswered(FsDriver.LIMIT));
    assertEquals(0, vault.answer(waits).error());
    assertEquals(-Errno.ESTALE, work.call(Opcode.GETATTR, workNode, FsDriver.args(16)).error());
  }

  @Test
  void whatCanNotBeIsRefused() throws Exception {
    assertEquals(
        -Errno.EINVAL,
        work.call(Opcode.SETLK, workNode, lock(5, FileLock.READ, 5, 4, RANGE)).error());
    assertEquals(
        -Errno.EINVAL,
        work.call(Opcode.SETLK, workNode, lock(5, FileLock.READ, -1, 4, RANGE)).error());
    assertEquals(-Errno.EINVAL, work.call(Opcode.GETLK, workNode, lock(5, 3, 0, 4, RANGE)).error());
    assertTrue(set(work, 4711, 5, FileLock.READ, RANGE) < 0);
  }
}
