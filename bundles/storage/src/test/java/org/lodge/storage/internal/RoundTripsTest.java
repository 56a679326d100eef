package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
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
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
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
    setMode(ROOT);
    ask(LONG_AGO);
    assertEquals(List.of(Op.CREATE, Op.SETATTR, Op.GETATTR), guest.asked());
  }

  private void setMode(long node) {
    Change change = new Change();
    change.valid = Change.MODE;
    change.mode = 0700;
    assertEquals(0, files.setAttributes(call.of(0, 0, 1), node, 0, change, attributes));
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
    DirectorySink sink = new PageSink(4096, name -> !name.endsWith(".key"), seen);
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
  void aFileIsKnownFromTheAnswerToAChangeOfItsAttributes() throws Exception {
    start(true);
    guest.changedType = PlainGuest.FILE;
    create("file");
    setMode(entry.node);
    askOfTheFile();
    assertEquals(List.of(Op.CREATE, Op.SETATTR), guest.asked());
    assertEquals(guest.lastSizeBytes(), attributes.sizeBytes);
    assertEquals(0, files.unlink(call.of(0, 0, 1), ROOT, name("other")));
    askOfTheFile();
    assertEquals(Op.GETATTR, guest.asked().getLast(), "it may have lost a name");
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

  /** A page that a client's kernel reads of a directory. */
  private static final class PageSink implements DirectorySink {
    private final Predicate<String> wanted;
    private final List<String> seen;
    private int room;
    private long next;

    PageSink(int room, Predicate<String> wanted, List<String> seen) {
      this.room = room;
      this.wanted = wanted;
      this.seen = seen;
    }

    @Override
    public int sizeBytes() {
      return room;
    }

    @Override
    public boolean wants(Name name, long nextOffset) {
      return wanted.test(name.toString());
    }

    @Override
    public boolean fits(int nameBytes) {
      return size(nameBytes) <= room;
    }

    private static int size(int nameBytes) {
      return 152 + nameBytes + 7 & ~7;
    }

    @Override
    public void add(Name name, long inode, int type, long nextOffset, Entry entry) {
      room -= size(name.length());
      next = nextOffset;
      seen.add(name + " is " + (entry == null ? 0 : entry.node));
    }
  }

  /** By pages of some entries, the first with nodes; with a last one that finds the end. */
  private List<String> list(int pageBytes) {
    List<String> seen = list(pageBytes, false);
    return seen.stream().map(each -> each.substring(0, each.lastIndexOf(" is "))).toList();
  }

  /**
   * @param files whether all pages are with nodes
   */
  private List<String> list(int pageBytes, boolean files) {
    List<String> seen = new ArrayList<>();
    long offset = 0;
    int before;
    do {
      before = seen.size();
      PageSink page = new PageSink(pageBytes, name -> !name.endsWith(".key"), seen);
      boolean plus = files || offset == 0;
      assertEquals(0, this.files.readDirectory(call, ROOT, opened.handle, offset, plus, page));
      offset = page.next;
    } while (seen.size() > before);
    return seen;
  }

  @Test
  void aDirectoryIsListedByOneRequest() throws Exception {
    start(true);
    List<String> shown = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      guest.listed.add("name" + i);
      shown.add("name" + i);
      guest.listed.add(i + ".key");
    }
    assertEquals(0, files.openDirectory(call, ROOT, 0, opened));
    assertEquals(shown, list(4096));
    files.releaseDirectory(ROOT, opened.handle);
    ask(0);
    assertEquals(1, guest.asked().stream().filter(each -> each == Op.READDIRPLUS).count());
    assertEquals(List.of(), guest.asked().stream().filter(each -> each == Op.READDIR).toList());
    assertEquals(Op.GETATTR, guest.asked().getLast(), "what was not open is not released");
  }

  @Test
  void aLargeDirectoryIsListedByAsMuchAsFits() throws Exception {
    start(true);
    for (int i = 0; i < 5000; i++) {
      guest.listed.add("a name that is neither short nor long " + i);
    }
    assertEquals(0, files.openDirectory(call, ROOT, 0, opened));
    assertTrue(guest.listed.equals(list(4096)));
    long asked = guest.asked().stream().filter(each -> each == Op.READDIR).count();
    assertTrue(asked <= 6, asked + " requests");
  }

  /** A directory of so many files, which is opened. */
  private void directory(int count) throws Exception {
    start(true);
    guest.listed.add(".");
    for (int i = 1; i < count; i++) {
      guest.listed.add("a name that is neither short nor long " + i);
    }
    assertEquals(0, files.openDirectory(call, ROOT, 0, opened));
  }

  private long countOf(int opcode) {
    return guest.asked().stream().filter(each -> each == opcode).count();
  }

  @Test
  void aLargeDirectoryIsListedWithItsFilesByLargePieces() throws Exception {
    directory(3000);
    call.of(0, 0, 1).upToAge(LONG_AGO);
    List<String> seen = list(4096, true);
    assertEquals(3000, seen.size());
    assertEquals(List.of(". is 0"), seen.stream().filter(each -> each.endsWith(" is 0")).toList());
    long asked = countOf(Op.READDIRPLUS);
    assertTrue(asked <= 3000 / 160 + 2, asked + " requests");
    assertEquals(0, countOf(Op.FORGET));
  }

  @Test
  void aLargeDirectoryIsListedWithItsFilesByPagesForWhoMayRelyOnNothing() throws Exception {
    directory(3000);
    call.of(0, 0, 1);
    assertEquals(3000, list(4096, true).size());
    assertTrue(guest.listedBytes < (64 << 10) + 3000 * 200, guest.listedBytes + " bytes");
    assertEquals(0, countOf(Op.FORGET));
  }

  @Test
  void filesThatNobodyWantsAreNotListedAgainAndAgain() throws Exception {
    directory(3000);
    call.of(0, 0, 1).upToAge(1); // too old at once
    assertEquals(3000, list(4096, true).size());
    assertTrue(guest.listedBytes < (96 << 10) + 3000 * 200, guest.listedBytes + " bytes");
  }

  @Test
  void neitherADirectoryNorTheOneAboveIsAFileInIt() throws Exception {
    start(true);
    guest.givesDots = true;
    guest.listed.addAll(List.of("name", ".."));
    assertEquals(0, files.openDirectory(call, ROOT, 0, opened));
    long nodes = files.counts().getFirst().value();
    PageSink page = new PageSink(4096, name -> true, new ArrayList<>());
    assertEquals(-Errno.EIO, files.readDirectory(call, ROOT, opened.handle, 0, true, page));
    assertEquals(nodes + 1, files.counts().getFirst().value(), "of the name");
  }

  @Test
  void whoBeginsAnewHasADirectoryListedAnew() throws Exception {
    start(true);
    guest.listed.addAll(List.of("one", "two", "three"));
    assertEquals(0, files.openDirectory(call, ROOT, 0, opened));
    List<String> seen = new ArrayList<>();
    PageSink page = new PageSink(170, name -> true, seen);
    assertEquals(0, files.readDirectory(call, ROOT, opened.handle, 0, false, page));
    assertEquals(List.of("one is 0"), seen);
    guest.listed.set(1, "other");
    assertEquals(List.of("one", "other", "three"), list(4096));
  }

  /** Of a client that closes a directory while it reads it, at one of the calls of its sink. */
  private DirectorySink closing(boolean early) {
    return new DirectorySink() {
      private boolean added;

      private void close() {
        files.releaseDirectory(ROOT, opened.handle);
      }

      @Override
      public int sizeBytes() {
        if (early) {
          close();
        }
        return 4096;
      }

      @Override
      public boolean wants(Name name, long nextOffset) {
        return true;
      }

      @Override
      public boolean fits(int nameBytes) {
        return !added;
      }

      @Override
      public void add(Name name, long inode, int type, long nextOffset, Entry entry) {
        added = true;
        close();
      }
    };
  }

  @Test
  void nothingIsKeptOfADirectoryThatIsClosedWhileItIsListed() throws Exception {
    start(true);
    guest.listed.addAll(List.of("one", "two", "three"));
    assertEquals(0, files.openDirectory(call, ROOT, 0, opened));
    int before = NamesAhead.allBytes();
    assertEquals(0, files.readDirectory(call, ROOT, opened.handle, 0, false, closing(false)));
    assertEquals(before, NamesAhead.allBytes());
  }

  @Test
  void nothingIsKeptOfADirectoryWhoseShareEnds() throws Exception {
    start(true);
    guest.listed.addAll(List.of("one", "two", "three"));
    assertEquals(0, files.openDirectory(call, ROOT, 0, opened));
    int before = NamesAhead.allBytes();
    PageSink page = new PageSink(170, name -> true, new ArrayList<>());
    assertEquals(0, files.readDirectory(call, ROOT, opened.handle, 0, false, page));
    assertTrue(NamesAhead.allBytes() > before);
    files.close();
    assertEquals(before, NamesAhead.allBytes());
  }

  @Test
  void nothingIsOpenedForWhoHasClosedIt() throws Exception {
    start(true);
    guest.listed.addAll(List.of("one", "two", "three"));
    ask(0);
    assertEquals(0, files.openDirectory(call, ROOT, 0, opened));
    int result = files.readDirectory(call, ROOT, opened.handle, 1, false, closing(true));
    assertEquals(-Errno.EBADF, result);
    assertEquals(List.of(Op.GETATTR), guest.asked());
  }

  @Test
  void aDirectoryThatCannotBeReadToItsEndHasAnError() throws Exception {
    start(true);
    guest.listed.addAll(List.of("one", "two", "three"));
    guest.unreadable = 2;
    assertEquals(0, files.openDirectory(call, ROOT, 0, opened));
    List<String> seen = new ArrayList<>();
    PageSink page = new PageSink(4096, name -> true, seen);
    assertEquals(0, files.readDirectory(call, ROOT, opened.handle, 0, false, page));
    assertEquals(List.of("one is 0", "two is 0"), seen);
    PageSink next = new PageSink(4096, name -> true, seen);
    int result = files.readDirectory(call, ROOT, opened.handle, page.next, false, next);
    assertEquals(-Errno.EIO, result);
  }

  @Test
  void aGuestMayWantDirectoriesAloneToBeOpened() throws Exception {
    start(true);
    guest.listsClosed = false;
    guest.listed.addAll(List.of("one", "two"));
    ask(0);
    assertEquals(0, files.openDirectory(call, ROOT, 0, opened));
    assertEquals(guest.listed, list(4096));
    files.releaseDirectory(ROOT, opened.handle);
    assertEquals(0, files.openDirectory(call, ROOT, 0, opened));
    assertEquals(guest.listed, list(4096));
    find("file");
    read();
    assertEquals(
        List.of(
            Op.GETATTR,
            Op.READDIRPLUS,
            Op.OPENDIR,
            Op.READDIRPLUS, // refused, and then not
            Op.RELEASEDIR,
            Op.OPENDIR,
            Op.READDIRPLUS,
            Op.LOOKUP,
            Op.READ),
        guest.asked().stream().filter(each -> each != Op.FORGET).toList());
  }

  private void find(String file) {
    assertEquals(0, files.lookup(call.of(0, 0, 1), ROOT, name(file), entry));
    assertEquals(0, files.open(call, entry.node, 0, opened));
  }

  private void read() {
    Data room =
        new Data() {
          @Override
          public int sizeBytes() {
            return 16;
          }

          @Override
          public boolean ranges(IoVector into, int sizeBytes) {
            return false;
          }

          @Override
          public ByteBuffer from(int at) {
            return ByteBuffer.allocate(16).position(at);
          }
        };
    assertEquals(4, files.read(call.of(0, 0, 1), entry.node, opened.handle, 0, room));
  }

  @Test
  void aFileThatIsReadOnceIsNotOpenedByItself() throws Exception {
    start(true);
    find("file");
    read();
    files.release(entry.node, opened.handle);
    ask(0);
    assertEquals(List.of(Op.LOOKUP, Op.READ, Op.RELEASE, Op.GETATTR), guest.asked());
    assertEquals(List.of(Op.RELEASE, Op.GETATTR), guest.writes.getLast());
  }

  @Test
  void aFileIsOpenFromTheFirstTimeOnThatItIsRead() throws Exception {
    start(true);
    find("file");
    for (int i = 0; i < 4; i++) {
      read();
    }
    assertEquals(List.of(Op.LOOKUP, Op.READ, Op.READ, Op.READ, Op.READ), guest.asked());
    long first = guest.read.getFirst();
    assertEquals(List.of(first, first, first, first), guest.read);
    find("file");
    read();
    assertNotEquals(first, guest.read.getLast(), "of another who has opened it");
  }

  @Test
  void aFileThatIsNotReadIsNotOpenedAndNotClosed() throws Exception {
    start(true);
    find("file");
    files.release(entry.node, opened.handle);
    ask(0);
    assertEquals(List.of(Op.LOOKUP, Op.GETATTR), guest.asked());
  }

  @Test
  void whatIsReadWhileItIsClosedIsClosedAfterwards() throws Exception {
    start(true);
    RemoteHandle handle = new RemoteHandle(Ledger.NONE, 1, 1, 0, false, 0, 0);
    assertTrue(handle.enter());
    assertTrue(handle.enter());
    assertFalse(handle.leave());
    handle.release();
    assertFalse(handle.isIdle());
    assertFalse(handle.enter());
    assertTrue(handle.leave());
  }

  @Test
  void anAgentThatReadsOpenFilesAloneIsAskedToOpenThem() throws Exception {
    start(true);
    guest.readsClosed = false;
    find("file");
    read();
    assertEquals(List.of(Op.LOOKUP, Op.READ, Op.OPEN, Op.READ), guest.asked());
    find("other");
    read();
    assertEquals(
        List.of(Op.LOOKUP, Op.OPEN, Op.READ), guest.asked().subList(4, guest.asked().size()));
  }

  @Test
  void whoOpensToWriteIsToldAtOnceHowItWent() throws Exception {
    start(true);
    assertEquals(0, files.lookup(call, ROOT, name("file"), entry));
    assertEquals(0, files.open(call, entry.node, 2, opened));
    assertEquals(List.of(Op.LOOKUP, Op.OPEN), guest.asked());
  }
}
