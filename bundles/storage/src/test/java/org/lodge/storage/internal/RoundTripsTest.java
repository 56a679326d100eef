package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.linux.IoVector;

/** What a storage guest is asked, and what it need not be asked. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class RoundTripsTest {
  private static final long ROOT = FileSystem.ROOT;
  private static final long LONG_AGO = 3_600_000_000_000L;

  private final Call call = new Call().of(0, 0, 1);
  private final Entry entry = new Entry();
  private final Opened opened = new Opened();
  private final Attributes attributes = new Attributes();
  private final Neighbours neighbours = new Neighbours();
  private Ledger ledger;
  private PlainGuest guest;
  private RemoteFiles files;

  private void start(boolean tells) throws Exception {
    ledger = Ledger.create();
    guest = new PlainGuest(tells);
    Links links =
        new Links(
            (epoch, limit) -> new Link(epoch, "boot", guest, 5_000_000_000L),
            "docs",
            Duration.ofSeconds(5));
    files =
        new RemoteFiles(
            links,
            new RemoteSettings("storage", -1, 0),
            ledger,
            new HeapLanes(new Random(1)),
            neighbours);
  }

  @AfterEach
  void end() {
    files.close();
    ledger.close();
  }

  private static Name name(String text) {
    byte[] bytes = (text + "\0").getBytes(StandardCharsets.UTF_8);
    MemorySegment memory = Arena.ofAuto().allocate(bytes.length);
    memory.copyFrom(MemorySegment.ofArray(bytes));
    return new Name().of(memory, 0, bytes.length - 1);
  }

  private void create(String file) {
    assertEquals(0, files.create(call, ROOT, name(file), 2, 0644, entry, opened));
  }

  private void ask(long ageNanosMax) {
    call.of(0, 0, 1).upToAge(ageNanosMax);
    assertEquals(0, files.getAttributes(call, ROOT, 0, attributes));
  }

  @Test
  void aDirectoryIsKnownFromTheAnswerToItsChange() throws Exception {
    start(true);
    create("file");
    ask(LONG_AGO);
    assertEquals(List.of(Op.CREATE), guest.asked());
    assertEquals(guest.lastSizeBytes(), attributes.sizeBytes);
    assertTrue(attributes.isDirectory());
    assertTrue(attributes.ageNanos > 0);
    assertEquals(0, files.unlink(call, ROOT, name("file")));
    ask(LONG_AGO);
    assertEquals(guest.lastSizeBytes(), attributes.sizeBytes);
    assertEquals(List.of(Op.CREATE, Op.UNLINK), guest.asked());
  }

  @Test
  void whatIsTooOldIsAskedAnew() throws Exception {
    start(true);
    create("file");
    ask(0);
    assertEquals(0, attributes.ageNanos);
    Thread.sleep(2);
    ask(1_000_000);
    assertEquals(List.of(Op.CREATE, Op.GETATTR, Op.GETATTR), guest.asked());
  }

  @Test
  void aGuestThatDoesNotTellIsAsked() throws Exception {
    start(false);
    create("file");
    ask(LONG_AGO);
    assertEquals(List.of(Op.CREATE, Op.GETATTR), guest.asked());
  }

  @Test
  void whatChangesADirectoryOtherwiseEndsWhatIsKnown() throws Exception {
    start(true);
    create("file");
    Change change = new Change();
    change.valid = Change.MODE;
    change.mode = 0700;
    assertEquals(0, files.setAttributes(call.of(0, 0, 1), ROOT, 0, change, attributes));
    ask(LONG_AGO);
    assertEquals(List.of(Op.CREATE, Op.SETATTR, Op.GETATTR), guest.asked());
  }

  @Test
  void whatHasNoAnswerGoesWithTheNextRequest() throws Exception {
    start(true);
    create("file");
    files.release(entry.node, opened.handle);
    files.forget(entry.node, 1);
    create("other");
    assertEquals(List.of(Op.RELEASE, Op.FORGET, Op.CREATE), guest.writes.getLast());
  }

  @Test
  void whatHasNoAnswerGoesByItselfSoon() throws Exception {
    start(true);
    create("file");
    files.release(entry.node, opened.handle);
    while (guest.writeCount() < 2) {
      Thread.sleep(1);
    }
    assertEquals(List.of(Op.CREATE, Op.RELEASE), guest.asked());
  }

  @Test
  void muchThatHasNoAnswerWaitsForNobody() throws Exception {
    start(true);
    List<Long> nodes = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      create("file" + i);
      files.release(entry.node, opened.handle);
      nodes.add(entry.node);
    }
    nodes.forEach(each -> files.forget(each, 1));
    ask(0);
    assertEquals(200, guest.asked().stream().filter(each -> each == Op.FORGET).count());
    assertEquals(200, guest.asked().stream().filter(each -> each == Op.RELEASE).count());
  }

  @Test
  void whatADirectoryListsInVainIsNoNodeAndForgotten() throws Exception {
    start(true);
    guest.listed.addAll(List.of("id.key", "plain"));
    assertEquals(0, files.openDirectory(call, ROOT, 0, opened));
    List<String> seen = new ArrayList<>();
    DirectorySink sink =
        new DirectorySink() {
          @Override
          public int sizeBytes() {
            return 4096;
          }

          @Override
          public boolean wants(Name name, long nextOffset) {
            return !name.toString().endsWith(".key");
          }

          @Override
          public boolean fits(int nameBytes) {
            return true;
          }

          @Override
          public void add(Name name, long inode, int type, long nextOffset, Entry entry) {
            seen.add(name + " is " + (entry == null ? 0 : entry.node));
          }
        };
    assertEquals(0, files.readDirectory(call, ROOT, opened.handle, 0, true, sink));
    assertEquals(List.of("plain is 3"), seen, "the number after that of the open directory");
    ask(0);
    assertEquals(List.of(Op.FORGET, Op.GETATTR), guest.writes.getLast());
  }

  private void write() {
    Data four =
        new Data() {
          @Override
          public int sizeBytes() {
            return 4;
          }

          @Override
          public boolean ranges(IoVector into, int sizeBytes) {
            return false;
          }

          @Override
          public ByteBuffer from(int at) {
            return ByteBuffer.allocate(4).position(at);
          }
        };
    assertEquals(4, files.write(call.of(0, 0, 1), entry.node, opened.handle, 0, four, false));
  }

  private void askOfTheFile() {
    call.of(0, 0, 1).upToAge(LONG_AGO);
    assertEquals(0, files.getAttributes(call, entry.node, 0, attributes));
  }

  @Test
  void aFileIsKnownFromTheAnswerToAWrite() throws Exception {
    start(true);
    create("file");
    write();
    askOfTheFile();
    assertEquals(List.of(Op.CREATE, Op.WRITE), guest.asked());
    assertEquals(guest.lastSizeBytes(), attributes.sizeBytes);
    assertEquals(PlainGuest.FILE, attributes.mode);
  }

  @Test
  void aFileThatMayHaveLostANameIsAskedFor() throws Exception {
    start(true);
    create("file");
    write();
    assertEquals(0, files.unlink(call.of(0, 0, 1), ROOT, name("other")));
    askOfTheFile();
    assertEquals(List.of(Op.CREATE, Op.WRITE, Op.UNLINK, Op.GETATTR), guest.asked());
  }

  @Test
  void aFileThatAnotherShareHasChangedIsAskedFor() throws Exception {
    start(true);
    create("file");
    write();
    neighbours.touched(null, 0);
    askOfTheFile();
    assertEquals(List.of(Op.CREATE, Op.WRITE, Op.GETATTR), guest.asked());
  }
}
