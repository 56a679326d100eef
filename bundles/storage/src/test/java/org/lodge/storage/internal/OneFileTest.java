package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileIdentity;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.filesystem.internal.FileSystemsService;
import org.lodge.linux.IoVector;

/** A share of one file of the host. */
class OneFileTest {
  private static final int O_RDWR = 2;

  @TempDir Path folder;
  private final Call call = new Call().of(0, 0, 1);
  private final Entry entry = new Entry();
  private final Opened opened = new Opened();
  private final Attributes attributes = new Attributes();
  private FileSystem file;

  @BeforeEach
  void aFileBesideAnother() throws Exception {
    Files.writeString(folder.resolve("one"), "first");
    Files.writeString(folder.resolve("other"), "hidden");
    DirectorySettings settings = DirectorySettings.of(folder);
    Ledger ledger = Ledger.create();
    FileSystemsService service = FileSystemsService.of(null, () -> false);
    file = new OneFile(service.directory(settings, ledger), "one", ledger);
  }

  @AfterEach
  void itEnds() throws Exception {
    file.close();
  }

  private static Name name(String text) {
    return new Name().of(Arena.ofAuto().allocateFrom(text), 0, text.length());
  }

  private long size(long handle) {
    assertEquals(0, file.getAttributes(call, OneFile.FILE, handle, attributes));
    return attributes.sizeBytes;
  }

  private String read(long handle) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(64);
    Data data =
        new Data() {
          @Override
          public int sizeBytes() {
            return bytes.capacity();
          }

          @Override
          public boolean ranges(IoVector into, int sizeBytes) {
            return into.add(MemorySegment.ofBuffer(bytes).address(), sizeBytes);
          }

          @Override
          public ByteBuffer from(int offset) {
            return bytes.slice(offset, bytes.capacity() - offset);
          }
        };
    int length = file.read(call, OneFile.FILE, handle, 0, data);
    return StandardCharsets.UTF_8.decode(bytes.slice(0, length)).toString();
  }

  private void replace(String content) throws Exception {
    Files.writeString(folder.resolve("new"), content);
    Files.move(folder.resolve("new"), folder.resolve("one"), StandardCopyOption.ATOMIC_MOVE);
  }

  @Test
  void whoeverReplacesItThereReplacesItHereButNotWhatIsOpen() throws Exception {
    assertEquals(0, file.lookup(call, FileSystem.ROOT, name("one"), entry));
    assertEquals(OneFile.FILE, entry.node);
    assertEquals(0, file.open(call, OneFile.FILE, O_RDWR, opened));
    long before = opened.handle;
    FileIdentity identity = new FileIdentity();
    file.identify(OneFile.FILE, identity);
    long inode = identity.inode;
    replace("the second");
    assertEquals(10, size(0));
    assertEquals(5, size(before));
    assertEquals(0, file.open(call, OneFile.FILE, 0, opened));
    assertFalse(file.nodesStay(), "else what is read of one is kept for the other");
    assertEquals("first", read(before));
    assertEquals("the second", read(opened.handle));
    file.identify(OneFile.FILE, identity);
    assertNotEquals(inode, identity.inode);
    file.release(OneFile.FILE, before);
    file.release(OneFile.FILE, opened.handle);
    assertEquals(-Errno.EBADF, file.flush(call, OneFile.FILE, before));
    Files.delete(folder.resolve("one"));
    assertEquals(-Errno.ENOENT, file.open(call, OneFile.FILE, 0, opened));
    Files.createDirectory(folder.resolve("one"));
    assertEquals(-Errno.ENOENT, file.getAttributes(call, OneFile.FILE, 0, attributes));
  }

  @Test
  void nothingElseIsThereAndNothingCanBeMade() {
    assertEquals(-Errno.ENOENT, file.lookup(call, FileSystem.ROOT, name("other"), entry));
    assertEquals(-Errno.ENOENT, file.lookup(call, OneFile.FILE, name("one"), entry));
    assertEquals(
        -Errno.EPERM, file.create(call, FileSystem.ROOT, name("x"), 2, 0644, entry, opened));
    assertEquals(
        -Errno.EPERM,
        file.rename(call, FileSystem.ROOT, name("one"), FileSystem.ROOT, name("x"), 0));
    assertEquals(-Errno.EPERM, file.unlink(call, FileSystem.ROOT, name("one")));
    assertEquals(-Errno.EPERM, file.getAttributes(call, 3, 0, attributes));
    List<String> names = new ArrayList<>();
    DirectorySink sink =
        new DirectorySink() {
          @Override
          public int sizeBytes() {
            return 4096;
          }

          @Override
          public boolean fits(int nameBytes) {
            return true;
          }

          @Override
          public void add(Name each, long inode, int type, long nextOffset, Entry looked) {
            names.add(each.toString());
          }
        };
    assertEquals(0, file.openDirectory(call, FileSystem.ROOT, 0, opened));
    assertEquals(0, file.readDirectory(call, FileSystem.ROOT, opened.handle, 0, true, sink));
    assertEquals(0, file.readDirectory(call, FileSystem.ROOT, opened.handle, 1, true, sink));
    assertEquals(List.of("one"), names);
  }
}
