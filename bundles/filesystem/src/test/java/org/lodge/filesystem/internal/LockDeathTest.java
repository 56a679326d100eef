package org.lodge.filesystem.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileLock;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.FileSystemException;
import org.lodge.filesystem.FileSystems;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.filesystem.Rules;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.ServiceManager;

/** Locks of two guests whose Lodge is killed, in whatever order they come back. */
class LockDeathTest {
  private static final int O_RDWR = 2;
  private static final Rules RULES =
      new Rules(false, false, Rules.Xattrs.USER, false, List.of(), 0, 0, 0);

  @TempDir Path folder;
  private final Store store = new Store();
  private final List<FileSystems.Lease> leases = new ArrayList<>();
  private final Call call = new Call().of(0, 0, 1);
  private final Entry entry = new Entry();
  private final Opened opened = new Opened();
  private FileSystemsService lodge = FileSystemsService.of(store, () -> true);
  private FileSystem work;
  private long node;

  @BeforeEach
  void aGuestThatLocksAFile() throws Exception {
    Files.writeString(folder.resolve("a"), "a");
    work = open("work");
    node = lookup(work);
    assertEquals(0, work.open(call, node, O_RDWR, opened));
    assertEquals(0, work.lock(node, lock(FileLock.WRITE, false), null));
    assertEquals(0, work.lock(node, lock(FileLock.WRITE, true), null));
  }

  @AfterEach
  void theGuestsEnd() {
    leases.forEach(FileSystems.Lease::close);
    store.kept.values().forEach(Fd::close);
  }

  private FileSystem open(String guest) throws FileSystemException {
    FileSystems.Lease lease = lodge.open(guest, "docs", DirectorySettings.of(folder), RULES);
    leases.add(lease);
    return lease.fileSystem();
  }

  private long lookup(FileSystem files) {
    Name name = new Name().of(Arena.ofAuto().allocateFrom("a"), 0, 1);
    assertEquals(0, files.lookup(call, FileSystem.ROOT, name, entry));
    return entry.node;
  }

  private FileLock lock(int type, boolean wholeFile) {
    FileLock lock = new FileLock();
    lock.type = type;
    lock.wholeFile = wholeFile;
    lock.owner = 5;
    lock.handle = opened.handle;
    lock.last = 9;
    return lock;
  }

  private void dies() {
    lodge = FileSystemsService.of(store, () -> true);
  }

  @Test
  void nobodyIsGivenALockBeforeItsHolderIsBack() throws Exception {
    dies();
    FileSystem vault = open("vault");
    long vaultNode = lookup(vault);
    for (boolean wholeFile : new boolean[] {false, true}) {
      FileLock wanted = lock(FileLock.READ, wholeFile);
      assertEquals(-Errno.EAGAIN, vault.lock(vaultNode, wanted, null));
    }
    List<Integer> told = new ArrayList<>();
    FileLock wanted = lock(FileLock.READ, false);
    assertEquals(FileSystem.WAITING, vault.lock(vaultNode, wanted, told::add));
    FileSystem workAgain = open("work");
    assertEquals(0, workAgain.lock(node, lock(FileLock.WRITE, false), null), "its own");
    assertEquals(List.of(), told);
    workAgain.release(node, opened.handle);
    assertEquals(List.of(0), told);
    assertEquals(0, vault.lock(vaultNode, lock(FileLock.WRITE, true), null));
    assertTrue(workAgain.counts().contains(new FileSystem.Count("locks.held", "locks", 0)));
  }

  @Test
  void aFileThatIsGoneLeavesNoLockBehind() throws Exception {
    Files.delete(folder.resolve("a"));
    dies();
    FileSystem workAgain = open("work");
    workAgain.unlock(node, 5, false);
    workAgain.release(node, opened.handle);
    assertTrue(workAgain.counts().contains(new FileSystem.Count("locks.held", "locks", 0)));
  }

  @Test
  void whoDoesNotComeBackOrComesBackAsAnotherHoldsNothing() throws Exception {
    dies();
    FileSystem vault = open("vault");
    long vaultNode = lookup(vault);
    assertEquals(-Errno.EAGAIN, vault.lock(vaultNode, lock(FileLock.READ, false), null));
    lodge.giveUpLeft();
    assertEquals(0, vault.lock(vaultNode, lock(FileLock.READ, false), null));
    dies();
    FileSystem third = open("third");
    long thirdNode = lookup(third);
    assertEquals(-Errno.EAGAIN, third.lock(thirdNode, lock(FileLock.WRITE, false), null));
    // The same device with another directory.
    Path other = Files.createDirectory(folder.resolve("other"));
    leases.add(lodge.open("vault", "docs", DirectorySettings.of(other), RULES));
    assertEquals(0, third.lock(thirdNode, lock(FileLock.WRITE, false), null));
  }

  @Test
  void whoIsNotBackInTimeHoldsNothingInAPlaceThatIsUsedLater() throws Exception {
    dies();
    lodge.giveUpLeft();
    FileSystem vault = open("vault");
    assertEquals(0, vault.lock(lookup(vault), lock(FileLock.WRITE, false), null));
  }

  @Test
  void nobodyIsGivenALockOfOneWhoEndsOnlyForThisProcess() throws Exception {
    FileSystem vault = open("vault");
    long vaultNode = lookup(vault);
    List<Integer> told = new ArrayList<>();
    FileLock wanted = lock(FileLock.READ, false);
    assertEquals(FileSystem.WAITING, vault.lock(vaultNode, wanted, told::add));
    leases.removeFirst().close();
    assertEquals(List.of(), told);
    assertEquals(-Errno.EAGAIN, vault.lock(vaultNode, lock(FileLock.READ, true), null));
    dies();
    assertEquals(0, open("work").lock(node, lock(FileLock.WRITE, false), null), "it has it still");
  }

  @Test
  void whoMountsAnewHoldsNothing() throws Exception {
    dies();
    FileSystem vault = open("vault");
    long vaultNode = lookup(vault);
    open("work").reset();
    assertEquals(0, vault.lock(vaultNode, lock(FileLock.WRITE, false), null));
    dies();
    assertEquals(-Errno.EAGAIN, lock(open("work"), FileLock.READ));
  }

  private int lock(FileSystem files, int type) {
    return files.lock(lookup(files), lock(type, false), null);
  }

  /** Keeps descriptors as a service manager does. */
  private static final class Store implements ServiceManager {
    final Map<String, Fd> kept = new HashMap<>();

    @Override
    public boolean isPresent() {
      return true;
    }

    @Override
    public boolean tell(String... assignments) {
      return true;
    }

    @Override
    public boolean keep(String name, List<? extends Fd> fds) throws LinuxException {
      for (Fd fd : fds) {
        kept.put(name, fd.duplicate());
      }
      return true;
    }

    @Override
    public void forget(String name) {
      Fd fd = kept.remove(name);
      if (fd != null) {
        fd.close();
      }
    }

    @Override
    public List<StoredFd> take(String namePrefix) {
      List<StoredFd> taken = new ArrayList<>();
      kept.forEach((name, fd) -> {
        try {
          taken.add(new StoredFd(name, fd.duplicate()));
        } catch (LinuxException e) {
          throw new AssertionError(e);
        }
      });
      return taken;
    }
  }
}
