package org.lodge.filesystem.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.filesystem.Rules;
import org.lodge.linux.IoVector;

/** Quota, pace and owners, over a real directory, against a guest that tries to get round them. */
class RuledTest {
  private static final int O_RDWR = 2;
  private static final int O_TRUNC = 0x200;
  private static final int O_APPEND = 0x400;
  private static final int QUOTA = 1000;

  private final Call call = new Call().of(1000, 1000, 1);
  private final Entry entry = new Entry();
  private final Opened opened = new Opened();
  private final Attributes attributes = new Attributes();

  @TempDir Path folder;
  private Ruled files;

  @BeforeEach
  void aShareWithAQuota() throws Exception {
    files = ruled(QUOTA, 2, 0);
  }

  private Ruled ruled(long bytes, long count, long pace) throws Exception {
    Ledger ledger = Ledger.create();
    HostDirectory behind = new HostDirectory(DirectorySettings.of(folder), ledger);
    return ruled(behind, ledger, List.of(), bytes, count, pace);
  }

  private static Ruled ruled(
      FileSystem behind, Ledger ledger, List<String> hidden, long bytes, long count, long pace) {
    return new Ruled(
        behind,
        new Rules(false, false, Rules.Xattrs.USER, false, hidden, bytes, count, pace),
        new LockTable().open(ledger),
        ledger);
  }

  private Ruled hiding(String pattern) throws Exception {
    Ledger ledger = Ledger.create();
    HostDirectory behind = new HostDirectory(DirectorySettings.of(folder), ledger);
    return ruled(behind, ledger, List.of(pattern), 0, 0, 0);
  }

  private static Name name(String text) {
    return new Name().of(Arena.ofAuto().allocateFrom(text), 0, text.length());
  }

  private int create(String name, int flags) {
    return files.create(call, FileSystem.ROOT, name(name), flags, 0644, entry, opened);
  }

  private int write(long node, long handle, long offset, int size) {
    return files.write(call, node, handle, offset, new Zeros(size), false);
  }

  private void letGo() {
    files.release(entry.node, opened.handle);
    files.forget(entry.node, 1);
  }

  private int resize(long node, long handle, long size) {
    Change change = new Change();
    change.valid = Change.SIZE;
    change.sizeBytes = size;
    return files.setAttributes(call, node, handle, change, attributes);
  }

  @Test
  void aGuestAddsNoMoreBytesThanItsQuota() {
    assertTrue(create("a", O_RDWR) >= 0);
    assertEquals(QUOTA, write(entry.node, opened.handle, 0, QUOTA));
    assertEquals(QUOTA, write(entry.node, opened.handle, 0, QUOTA));
    assertEquals(-Errno.EDQUOT, write(entry.node, opened.handle, QUOTA, 1));
    assertEquals(-Errno.EDQUOT, resize(entry.node, 0, QUOTA + 1));
    assertEquals(-Errno.EFBIG, write(entry.node, opened.handle, Long.MAX_VALUE, 1));
    assertEquals(0, resize(entry.node, 0, QUOTA - 10));
    assertEquals(10, write(entry.node, opened.handle, QUOTA - 10, 10));
    assertEquals(0, files.unlink(call, FileSystem.ROOT, name("a")));
    letGo();
    assertTrue(create("b", O_RDWR) >= 0);
    assertEquals(QUOTA, write(entry.node, opened.handle, 0, QUOTA));
  }

  @Test
  void aHandleOfAnotherFileOrOneThatAppendsGetsNothingMore() throws Exception {
    Files.write(folder.resolve("long"), new byte[100_000]);
    assertEquals(0, files.lookup(call, FileSystem.ROOT, name("long"), entry));
    long longNode = entry.node;
    assertTrue(create("short", O_RDWR | O_APPEND) >= 0);
    assertEquals(-Errno.EBADF, write(longNode, opened.handle, 0, 5000));
    assertEquals(QUOTA, write(entry.node, opened.handle, 0, QUOTA));
    assertEquals(QUOTA, write(entry.node, opened.handle, 0, QUOTA));
    assertEquals(QUOTA, Files.size(folder.resolve("short")));
  }

  @Test
  void whatFailsGivesNothingBack() {
    assertTrue(create("a", O_RDWR) >= 0);
    long node = entry.node;
    assertEquals(QUOTA, write(node, opened.handle, 0, QUOTA));
    assertTrue(files.open(call, node, 0, opened) >= 0);
    for (int i = 0; i < 3; i++) {
      assertTrue(resize(node, opened.handle, 0) < 0, "a handle for reading can't truncate");
    }
    assertEquals(-Errno.EDQUOT, resize(node, 0, QUOTA + 1));
    assertTrue(files.open(call, node, O_RDWR | O_TRUNC, opened) >= 0);
    assertEquals(QUOTA, write(node, opened.handle, 0, QUOTA));
    assertEquals(-Errno.EDQUOT, write(node, opened.handle, QUOTA, 1));
  }

  @Test
  void aGuestMakesNoMoreFilesThanItsQuota() {
    assertTrue(create("a", O_RDWR) >= 0);
    long node = entry.node;
    assertEquals(0, files.link(call, node, FileSystem.ROOT, name("a2"), entry));
    assertEquals(0, files.makeDirectory(call, FileSystem.ROOT, name("d"), 0755, entry));
    long directory = entry.node;
    assertEquals(-Errno.EDQUOT, create("b", O_RDWR));
    assertEquals(0, files.removeDirectory(call, FileSystem.ROOT, name("d")));
    assertEquals(-Errno.EDQUOT, create("b", O_RDWR), "it is in use");
    files.forget(directory, 1);
    assertTrue(create("b", O_RDWR) >= 0);
  }

  @Test
  void thePaceHolds() throws Exception {
    files = ruled(0, 0, 100);
    long began = System.nanoTime();
    for (int i = 0; i < 30; i++) {
      files.getAttributes(call, FileSystem.ROOT, 0, attributes);
    }
    // A tenth of a second's worth may come at once.
    assertTrue(System.nanoTime() - began >= 190_000_000);
  }

  @Test
  void aGuestSeesTheOwnerThatItsShareNames() throws Exception {
    try (FileSystem one =
        new HostDirectory(new DirectorySettings(folder, 1234, -1, 4096), Ledger.create())) {
      assertTrue(one.create(call, FileSystem.ROOT, name("a"), O_RDWR, 0644, entry, opened) >= 0);
      assertEquals(1234, entry.attributes.uid);
      assertEquals(1234, entry.attributes.gid);
      assertEquals(
          Files.getAttribute(folder, "unix:uid"),
          Files.getAttribute(folder.resolve("a"), "unix:uid"));
      Change change = new Change();
      change.valid = Change.UID;
      change.uid = 0;
      assertEquals(-Errno.EPERM, one.setAttributes(call, entry.node, 0, change, attributes));
    }
  }

  /** How often the cell of the next node was used before. */
  private long nextCount() {
    assertEquals(0, files.lookup(call, FileSystem.ROOT, name("plain"), entry));
    files.forget(entry.node, 1);
    return entry.node >>> 32;
  }

  @Test
  void aHiddenNameIsNoNodeNotEvenWhileItsDirectoryIsListed() throws Exception {
    Files.createDirectory(folder.resolve("sub"));
    Files.createFile(folder.resolve("sub/id.key"));
    Files.createFile(folder.resolve("plain"));
    files = hiding("*.key");
    assertEquals(0, files.lookup(call, FileSystem.ROOT, name("sub"), entry));
    long sub = entry.node;
    assertEquals(0, files.openDirectory(call, sub, 0, opened));
    long before = nextCount();
    assertEquals(0, files.readDirectory(call, sub, opened.handle, 0, true, new Names(4096)));
    assertEquals(before + 1, nextCount(), "a node was made and forgotten");
  }

  @Test
  void aListingGoesOnBehindManyHiddenNames() throws Exception {
    for (int i = 0; i < 500; i++) {
      Files.createFile(folder.resolve("secret-number-" + i + ".key"));
    }
    for (int i = 0; i < 20; i++) {
      Files.createFile(folder.resolve("visible" + i));
    }
    files = hiding("*.key");
    assertEquals(0, files.openDirectory(call, FileSystem.ROOT, 0, opened));
    for (boolean plus : new boolean[] {false, true}) {
      List<String> seen = new ArrayList<>();
      Names names = new Names(1024);
      while (seen.isEmpty() || !names.seen.isEmpty()) {
        long from = names.next;
        names = new Names(1024);
        assertEquals(
            0, files.readDirectory(call, FileSystem.ROOT, opened.handle, from, plus, names));
        seen.addAll(names.seen);
      }
      assertEquals(20, seen.stream().filter(each -> each.startsWith("visible")).count());
      assertEquals(22, seen.size(), seen.toString());
    }
  }

  @Test
  void hiddenNamesWithoutEndAreAnError() throws Exception {
    Ledger ledger = Ledger.create();
    FileSystem endless =
        (FileSystem)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {FileSystem.class},
                (proxy, method, arguments) -> {
                  DirectorySink into = (DirectorySink) arguments[5];
                  assertFalse(into.wants(name("id.key"), 1));
                  return 0;
                });
    files = ruled(endless, ledger, List.of("*.key"), 0, 0, 0);
    assertEquals(
        -Errno.EIO, files.readDirectory(call, FileSystem.ROOT, 1, 0, false, new Names(4096)));
  }

  /** Takes names as long as there is room. */
  private static final class Names implements DirectorySink {
    final List<String> seen = new ArrayList<>();
    private int room;
    private long next;

    Names(int room) {
      this.room = room;
    }

    @Override
    public int sizeBytes() {
      return room;
    }

    @Override
    public boolean fits(int nameBytes) {
      return nameBytes + 24 <= room;
    }

    @Override
    public void add(Name name, long inode, int type, long nextOffset, Entry entry) {
      room -= name.length() + 24;
      next = nextOffset;
      seen.add(name.toString());
    }
  }

  private record Zeros(MemorySegment bytes) implements Data {
    Zeros(int size) {
      this(Arena.ofAuto().allocate(size));
    }

    @Override
    public int sizeBytes() {
      return (int) bytes.byteSize();
    }

    @Override
    public boolean ranges(IoVector into, int sizeBytes) {
      into.add(bytes.address(), sizeBytes);
      return true;
    }

    @Override
    public ByteBuffer from(int offset) {
      return bytes.asByteBuffer().position(offset);
    }
  }
}
