package org.lodge.filesystem.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.filesystem.Rules;
import org.lodge.linux.IoVector;

/** A guest whose Lodge is killed and comes back, over a real directory. */
class DeathTest {
  private static final int O_RDWR = 2;
  private static final int O_EXCL = 0x80;

  private final Call call = new Call().of(0, 0, 1);
  private final Entry entry = new Entry();
  private final Opened opened = new Opened();
  private final Attributes attributes = new Attributes();

  @TempDir Path folder;
  private Ledger ledger;
  private Ruled files;

  @BeforeEach
  void lodgeServes() throws Exception {
    ledger = Ledger.create();
    files = serve(4096);
  }

  private Ruled serve(int descriptors) throws Exception {
    return new Ruled(
        new HostDirectory(new DirectorySettings(folder, -1, -1, descriptors), ledger),
        new Rules(false, false, Rules.Xattrs.USER, false, List.of(), 100, 10, 0),
        new LockTable().open(ledger),
        ledger);
  }

  /** All that is left is what somebody else keeps. */
  private void die() throws Exception {
    Ledger left = Ledger.restore(ledger.file().duplicate());
    lodgeEnds();
    ledger = left;
    files = serve(4096);
  }

  @AfterEach
  void lodgeEnds() {
    files.close();
    ledger.close();
  }

  private static Name name(String text) {
    return new Name().of(Arena.ofAuto().allocateFrom(text), 0, text.length());
  }

  private long lookup(long parent, String name) {
    assertEquals(0, files.lookup(call, parent, name(name), entry));
    return entry.node;
  }

  private long open(long node) {
    assertEquals(0, files.open(call, node, O_RDWR, opened));
    return opened.handle;
  }

  private int write(long node, long handle, long offset, String text) {
    return files.write(call, node, handle, offset, new Text(text), false);
  }

  @Test
  void whatIsOpenGoesOnWhereverTheGuestHasPutIt() throws Exception {
    String longName = "d".repeat(200);
    Files.createDirectories(folder.resolve(longName + "/deep"));
    Files.writeString(folder.resolve(longName + "/deep/a"), "aaaa");
    long outer = lookup(FileSystem.ROOT, longName);
    long deep = lookup(outer, "deep");
    long node = lookup(deep, "a");
    long handle = open(node);
    assertEquals(0, files.rename(call, outer, name("deep"), FileSystem.ROOT, name("up"), 0));
    assertEquals(0, files.rename(call, deep, name("a"), FileSystem.ROOT, name("b"), 0));
    die();
    assertEquals(2, write(node, handle, 1, "xy"));
    assertEquals("axya", Files.readString(folder.resolve("b")));
    assertEquals(0, files.getAttributes(call, node, 0, attributes));
    assertEquals(0, files.openDirectory(call, deep, 0, opened));
    assertEquals(node, lookup(FileSystem.ROOT, "b"));
    // A number that the guest knows means no other file.
    Files.writeString(folder.resolve("c"), "");
    assertNotEquals(node, lookup(FileSystem.ROOT, "c"));
    files.forget(node, 2);
    assertEquals(-Errno.ESTALE, files.getAttributes(call, node, 0, attributes));
  }

  @Test
  void whatIsNotThereAnyMoreOrIsAnotherFileIsStale() throws Exception {
    Files.writeString(folder.resolve("gone"), "x");
    Files.writeString(folder.resolve("other"), "x");
    long gone = lookup(FileSystem.ROOT, "gone");
    long goneHandle = open(gone);
    long other = lookup(FileSystem.ROOT, "other");
    long otherHandle = open(other);
    assertEquals(0, files.unlink(call, FileSystem.ROOT, name("gone")));
    assertEquals(1, write(gone, goneHandle, 0, "y"));
    Files.writeString(folder.resolve("new"), "not to be written");
    Files.move(
        folder.resolve("new"),
        folder.resolve("other"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    die();
    assertEquals(-Errno.ESTALE, write(gone, goneHandle, 0, "z"));
    assertEquals(-Errno.ESTALE, write(other, otherHandle, 0, "z"));
    assertEquals("not to be written", Files.readString(folder.resolve("other")));
    files.release(gone, goneHandle);
    assertEquals(-Errno.EBADF, write(gone, goneHandle, 0, "z"));
  }

  @Test
  void theQuotaGoesOn() throws Exception {
    assertTrue(files.create(call, 1, name("a"), O_RDWR, 0600, entry, opened) >= 0);
    long node = entry.node;
    long handle = opened.handle;
    assertEquals(60, write(node, handle, 0, "x".repeat(60)));
    die();
    assertEquals(40, write(node, handle, 60, "x".repeat(40)));
    assertEquals(-Errno.EDQUOT, write(node, handle, 100, "x"));
  }

  @Test
  void moreFilesThanDescriptorsAreFoundAgain() throws Exception {
    lodgeEnds();
    ledger = Ledger.create();
    files = serve(64);
    long[] nodes = new long[200];
    for (int i = 0; i < nodes.length; i++) {
      Files.writeString(folder.resolve("f" + i), "x".repeat(i));
      nodes[i] = lookup(FileSystem.ROOT, "f" + i);
    }
    die();
    for (int i = 0; i < nodes.length; i++) {
      assertEquals(0, files.getAttributes(call, nodes[i], 0, attributes));
      assertEquals(i, attributes.sizeBytes);
    }
  }

  @Test
  void aGuestThatMountsAnewKnowsNothing() throws Exception {
    Files.writeString(folder.resolve("a"), "a");
    long node = lookup(FileSystem.ROOT, "a");
    long handle = open(node);
    files.reset();
    assertEquals(-Errno.ESTALE, files.getAttributes(call, node, 0, attributes));
    assertEquals(-Errno.EBADF, write(node, handle, 0, "x"));
    assertEquals(
        List.of(1L, 1L, 0L),
        files.counts().stream().limit(3).map(FileSystem.Count::value).toList());
    assertNotEquals(node, lookup(FileSystem.ROOT, "a"));
  }

  @Test
  void whatMayHaveBeenDoneBeforeIsDoneOnce() {
    Call again = new Call().of(0, 0, 1).repeat();
    long root = FileSystem.ROOT;
    for (Call each : List.of(call, again)) {
      assertEquals(0, files.makeDirectory(each, root, name("d"), 0755, entry));
      assertTrue(files.create(each, root, name("f"), O_RDWR | O_EXCL, 0600, entry, opened) >= 0);
    }
    long node = entry.node;
    for (Call each : List.of(call, again)) {
      assertEquals(0, files.link(each, node, root, name("g"), entry));
    }
    for (Call each : List.of(call, again)) {
      assertEquals(0, files.rename(each, root, name("g"), root, name("h"), 0));
    }
    for (Call each : List.of(call, again)) {
      assertEquals(0, files.unlink(each, root, name("h")));
      assertEquals(0, files.removeDirectory(each, root, name("d")));
    }
    // What somebody has used since is not its own.
    assertEquals(1, write(node, opened.handle, 0, "x"));
    int flags = O_RDWR | O_EXCL;
    assertEquals(-Errno.EEXIST, files.create(again, root, name("f"), flags, 0600, entry, opened));
  }

  /** Bytes to write. */
  private static final class Text implements Data {
    private final ByteBuffer bytes;

    Text(String text) {
      bytes = ByteBuffer.allocateDirect(text.length()).put(text.getBytes());
    }

    @Override
    public int sizeBytes() {
      return bytes.capacity();
    }

    @Override
    public boolean ranges(IoVector into, int sizeBytes) {
      return into.add(java.lang.foreign.MemorySegment.ofBuffer(bytes.clear()).address(), sizeBytes);
    }

    @Override
    public ByteBuffer from(int offset) {
      return bytes.clear().position(offset);
    }
  }
}
