package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;

/** What lookups are answered from, and that it is true. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class LookAheadTest {
  private static final long ROOT = FileSystem.ROOT;

  /** So long that no test outlives it. */
  private static final long HALF_A_SECOND = 500_000_000L;

  private final FolderGuest.Folder folder = new FolderGuest.Folder();
  private final Neighbours neighbours = new Neighbours();
  private final Share share;
  private final Share other;

  LookAheadTest() throws Exception {
    share = new Share();
    other = new Share();
  }

  /** One share of the folder. */
  private final class Share {
    final FolderGuest guest = new FolderGuest(folder);
    final Ledger ledger;
    final Call call = new Call();
    final Entry entry = new Entry();
    final RemoteFiles files;

    Share() throws Exception {
      ledger = Ledger.create();
      files =
          new RemoteFiles(
              new Links(
                  (epoch, limit) -> new Link(epoch, "boot", guest, 5_000_000_000L),
                  "docs",
                  Duration.ofSeconds(5)),
              new RemoteSettings("storage", -1, 0),
              ledger,
              new HeapLanes(new Random(1)),
              neighbours);
    }

    int lookup(String name) {
      return lookup(name, HALF_A_SECOND);
    }

    /** Gives what was looked up back at once. */
    int lookup(String name, long ageNanosMax) {
      int result = files.lookup(call.of(0, 0, 1).upToAge(ageNanosMax), ROOT, name(name), entry);
      if (result == 0) {
        files.forget(entry.node, 1);
      }
      return result;
    }

    /** Looks names up until the guest has been asked for all. */
    void untilListed(String... names) throws InterruptedException {
      long listings = guest.count(Op.RELEASEDIR);
      while (guest.count(Op.RELEASEDIR) == listings) {
        for (String name : names) {
          lookup(name);
        }
        Thread.sleep(25);
      }
    }

    void create(String name) {
      Opened opened = new Opened();
      assertEquals(0, files.create(call.of(0, 0, 1), ROOT, name(name), 2, 0644, entry, opened));
      files.release(entry.node, opened.handle);
      files.forget(entry.node, 1);
    }

    void resize(String name, long sizeBytes) {
      if (files.lookup(call.of(0, 0, 1), ROOT, name(name), entry) == 0) {
        Change change = new Change();
        change.valid = Change.SIZE;
        change.sizeBytes = sizeBytes;
        files.setAttributes(call.of(0, 0, 1), entry.node, 0, change, new Attributes());
        files.forget(entry.node, 1);
      }
    }

    long lookups() {
      return guest.count(Op.LOOKUP);
    }

    void close() {
      files.close();
      ledger.close();
    }
  }

  private static Name name(String text) {
    byte[] bytes = (text + "\0").getBytes(StandardCharsets.UTF_8);
    MemorySegment memory = Arena.ofAuto().allocate(bytes.length);
    memory.copyFrom(MemorySegment.ofArray(bytes));
    return new Name().of(memory, 0, bytes.length - 1);
  }

  @AfterEach
  void end() {
    share.close();
    other.close();
  }

  private void files(int count) {
    for (int i = 0; i < count; i++) {
      folder.put("f" + i, i);
    }
  }

  @Test
  void namesThatAreLookedUpOneByOneAreAskedForTogether() throws Exception {
    files(100);
    share.untilListed("f0");
    long before = share.lookups();
    for (int i = 10; i < 100; i++) {
      assertEquals(0, share.lookup("f" + i));
      assertEquals(i, share.entry.attributes.sizeBytes);
      assertTrue(share.entry.attributes.ageNanos > 0);
    }
    assertEquals(before, share.lookups());
    assertEquals(-Errno.ENOENT, share.lookup("none"));
    assertEquals(before, share.lookups());
  }

  @Test
  void whoMayRelyOnNothingIsNotAnsweredFromIt() throws Exception {
    files(100);
    share.untilListed("f0");
    long before = share.lookups();
    assertEquals(0, share.lookup("f50", 0));
    assertEquals(0, share.entry.attributes.ageNanos);
    assertEquals(before + 1, share.lookups());
  }

  @Test
  void namesThatAreNotThereCostAListOfNamesOnly() throws Exception {
    files(100);
    share.untilListed("x", "y", "z");
    assertEquals(0, share.guest.count(Op.READDIRPLUS));
    long before = share.lookups();
    for (int i = 0; i < 50; i++) {
      assertEquals(-Errno.ENOENT, share.lookup("new" + i));
      share.create("new" + i);
    }
    assertEquals(before, share.lookups());
    assertEquals(0, share.lookup("new7"));
    assertEquals(0, share.files.unlink(share.call.of(0, 0, 1), ROOT, name("new7")));
    assertEquals(-Errno.ENOENT, share.lookup("new7"));
  }

  @Test
  void whatAnotherShareChangesIsSeenAtOnce() throws Exception {
    files(100);
    share.untilListed("f0");
    assertEquals(-Errno.ENOENT, share.lookup("made"));
    other.create("made");
    assertEquals(0, share.lookup("made"));
    share.untilListed("f0");
    other.resize("f20", 77);
    assertEquals(0, share.lookup("f20"));
    assertEquals(77, share.entry.attributes.sizeBytes);
  }

  @Test
  void whatIsListedAsAFileThatItCanNotBeIsNotGiven() throws Exception {
    files(100);
    share.files.lookup(share.call.of(0, 0, 1), ROOT, name("f1"), share.entry);
    folder.lies.put("f60", folder.files.get("f1").inode);
    share.untilListed("f0");
    share.entry.node = 0;
    assertEquals(-Errno.EIO, share.lookup("f60"));
    assertEquals(0, share.entry.node);
  }

  @Test
  void usesThatNobodyTookAreGivenBack() throws Exception {
    files(100);
    share.untilListed("f0");
    for (int i = 0; i < 30; i++) {
      share.lookup("f" + i);
    }
    assertTrue(share.guest.usesInAll() > 0);
    while (share.guest.usesInAll() > 0) {
      Thread.sleep(5);
    }
    assertEquals(0, share.guest.uses.values().stream().filter(each -> each != 0).count());
  }

  /** Takes a directory page by page, and checks what it is told of the files. */
  private final class Page implements DirectorySink {
    private final List<Long> nodes = new ArrayList<>();
    private int room = 4096;
    private long next;
    private int untrue;

    @Override
    public int sizeBytes() {
      return room;
    }

    @Override
    public boolean fits(int nameBytes) {
      return room >= 160 + nameBytes;
    }

    @Override
    public void add(Name name, long inode, int type, long nextOffset, Entry entry) {
      room -= 160 + name.length();
      next = nextOffset;
      if (entry != null) {
        Long size = folder.size(name.toString());
        untrue += size == null || size != entry.attributes.sizeBytes ? 1 : 0;
        nodes.add(entry.node);
      }
    }
  }

  private Page page(Share of, long handle, long offset) {
    Page page = new Page();
    Call call = of.call.of(0, 0, 1).upToAge(HALF_A_SECOND);
    assertEquals(0, of.files.readDirectory(call, ROOT, handle, offset, true, page));
    page.nodes.forEach(each -> of.files.forget(each, 1));
    return page;
  }

  @Test
  void filesThatAreListedAheadAreTrueWhateverWasDone() throws Exception {
    Random random = new Random(1);
    files(2000);
    Opened opened = new Opened();
    long offset = 0;
    int files = 0;
    int pages = 0;
    for (int step = 0; step < 2000; step++) {
      if (offset == 0) {
        share.files.releaseDirectory(ROOT, opened.handle);
        assertEquals(0, share.files.openDirectory(share.call.of(0, 0, 1), ROOT, 0, opened));
      }
      String name = "f" + random.nextInt(2000);
      switch (random.nextInt(16)) {
        case 0 -> share.files.unlink(share.call.of(0, 0, 1), ROOT, name(name));
        case 1 -> share.create(name);
        case 2, 3 -> (random.nextBoolean() ? share : other).resize(name, step);
        default -> {
          Page page = page(share, opened.handle, offset);
          assertEquals(0, page.untrue, "at " + step);
          files += page.nodes.size();
          pages++;
          offset = page.next;
        }
      }
    }
    assertTrue(files > 10 * pages, files + " files by " + pages + " pages");
    assertTrue(2 * share.guest.count(Op.READDIRPLUS) < pages, pages + " pages");
    share.files.releaseDirectory(ROOT, opened.handle);
    while (share.guest.usesInAll() > 0) {
      share.lookup("none");
      Thread.sleep(5);
    }
  }

  /** Two shares do anything to one folder, and each always sees what is there. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void lookupsAreTrueWhateverWasDone(long seed) {
    Random random = new Random(seed);
    files(40);
    for (int step = 0; step < 4000; step++) {
      Share one = seed % 2 == 0 || random.nextBoolean() ? share : other;
      String name = "f" + random.nextInt(60);
      switch (random.nextInt(12)) {
        case 0 -> one.create(name);
        case 1 -> one.files.unlink(one.call.of(0, 0, 1), ROOT, name(name));
        case 2 ->
            one.files.rename(
                one.call.of(0, 0, 1), ROOT, name(name), ROOT, name("f" + random.nextInt(60)), 0);
        case 3 -> one.resize(name, step);
        default -> {
          Long size = folder.size(name);
          assertEquals(size == null ? -Errno.ENOENT : 0, one.lookup(name), name + " at " + step);
          if (size != null) {
            assertEquals(size, one.entry.attributes.sizeBytes, name + " at " + step);
          }
        }
      }
    }
    assertTrue(share.guest.count(Op.READDIRPLUS) + share.guest.count(Op.READDIR) > 0);
  }
}
