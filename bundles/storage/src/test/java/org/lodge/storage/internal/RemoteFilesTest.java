package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
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
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.linux.Fd;
import org.lodge.linux.MemFd;
import org.lodge.linux.SharedMapping;

/** What becomes of files whose storage guest goes, comes again and says what it likes. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class RemoteFilesTest {
  private static final long ROOT = FileSystem.ROOT;

  private final Call call = new Call().of(0, 0, 1);
  private final Entry entry = new Entry();
  private final Opened opened = new Opened();
  private final Attributes attributes = new Attributes();
  private final List<ScriptedGuest> guests = new ArrayList<>();
  private Ledger ledger;
  private RemoteFiles files;

  /** Each script is a boot of the guest. */
  private void start(Ledger known, ScriptedGuest.Script... scripts) {
    ledger = known;
    for (ScriptedGuest.Script script : scripts) {
      guests.add(new ScriptedGuest(script));
    }
    Links links =
        new Links(
            (epoch, limit) ->
                new Link(epoch, "boot" + epoch, guests.get(epoch - 1), 5_000_000_000L),
            "docs",
            Duration.ofSeconds(5));
    files =
        new RemoteFiles(
            links,
            new RemoteSettings("storage", -1, 0),
            ledger,
            new HeapLanes(new Random(1)),
            new Neighbours());
  }

  @AfterEach
  void end() {
    files.close();
    ledger.close();
  }

  private static Name name(String text) {
    return new Name().of(Arena.ofAuto().allocateFrom(text), 0, text.length());
  }

  private int create() {
    return files.create(call, ROOT, name("file"), 2, 0644, entry, opened);
  }

  /** One file, node 7, that can be created and opened; anything else succeeds. */
  private static int keeps(int opcode, ByteBuffer reply) {
    switch (opcode) {
      case Op.LOOKUP -> ScriptedGuest.entry(reply, 7, 99);
      case Op.CREATE -> {
        ScriptedGuest.entry(reply, 7, 99);
        reply.putLong(5).putLong(0);
      }
      case Op.OPEN -> reply.putLong(6).putLong(0);
      default -> {}
    }
    return 0;
  }

  private static int goes(int opcode, ByteBuffer reply) {
    return opcode == Op.FSYNC ? ScriptedGuest.CUT : keeps(opcode, reply);
  }

  private int sync() {
    return files.sync(call, entry.node, opened.handle, false);
  }

  @Test
  void whatWasAllocatedMayBeLost() throws Exception {
    start(
        Ledger.create(),
        (op, body, reply) -> goes(op, reply),
        (op, body, reply) -> keeps(op, reply));
    assertEquals(0, create());
    assertEquals(0, files.allocate(call, entry.node, opened.handle, 0, 0, 100));
    assertEquals(-Errno.EIO, sync());
    assertEquals(0, sync());
  }

  @Test
  void whatWasTruncatedByOpeningMayBeLost() throws Exception {
    start(
        Ledger.create(),
        (op, body, reply) -> goes(op, reply),
        (op, body, reply) -> keeps(op, reply));
    assertEquals(0, create());
    assertEquals(0, files.open(call, entry.node, 01002, opened));
    assertEquals(-Errno.EIO, sync());
    assertEquals(0, sync());
  }

  @Test
  void whatASyncOfAllConfirmedIsNotLost() throws Exception {
    start(
        Ledger.create(),
        (op, body, reply) -> goes(op, reply),
        (op, body, reply) -> keeps(op, reply));
    assertEquals(0, create());
    assertEquals(0, files.allocate(call, entry.node, opened.handle, 0, 0, 100));
    assertEquals(0, files.syncAll(call, ROOT));
    assertEquals(0, sync());
  }

  /** With room for the root alone. */
  private static Ledger full() throws Exception {
    Fd file = MemFd.sealed("full", 4096 + 128);
    try (SharedMapping head = SharedMapping.of(file, 0, 4096)) {
      head.segment().setString(0, "ledger01");
    }
    Ledger ledger = Ledger.restore(file);
    ledger.clear();
    return ledger;
  }

  /** What was asked and told until now. */
  private List<Integer> asked() {
    assertEquals(0, files.syncAll(call, ROOT));
    return guests.get(0).asked;
  }

  @Test
  void whereThereAreTooManyFilesTheStorageGuestKeepsNoMore() throws Exception {
    start(full(), (op, body, reply) -> keeps(op, reply));
    assertEquals(-Errno.ENFILE, files.lookup(call, ROOT, name("file"), entry));
    assertEquals(-Errno.ENFILE, create());
    assertEquals(
        List.of(Op.LOOKUP, Op.FORGET, Op.CREATE, Op.FORGET, Op.RELEASE, Op.SYNCFS), asked());
  }

  @Test
  void whatCannotBeOpenIsNotKept() throws Exception {
    Ledger known = Ledger.create();
    for (int number = 1; number <= 16_384; number++) {
      known.addOpen(number, ROOT, 0, true);
    }
    start(known, (op, body, reply) -> keeps(op, reply));
    assertEquals(-Errno.ENFILE, create());
    assertEquals(1, known.nodes());
    assertEquals(List.of(Op.CREATE, Op.RELEASE, Op.FORGET, Op.SYNCFS), asked());
  }

  @Test
  void whatContradictsEarlierAnswersIsNotKept() throws Exception {
    long[] inode = {99};
    start(
        Ledger.create(),
        (op, body, reply) -> op == Op.LOOKUP ? ScriptedGuest.entry(reply, 7, inode[0]++) : 0);
    assertEquals(0, files.lookup(call, ROOT, name("file"), entry));
    assertEquals(-Errno.EIO, files.lookup(call, ROOT, name("file"), entry));
    assertEquals(List.of(Op.LOOKUP, Op.LOOKUP, Op.FORGET, Op.SYNCFS), asked());
  }

  private static int answers(int opcode, ByteBuffer body, ByteBuffer reply, String there) {
    if (opcode == Op.LOOKUP) {
      boolean is = ScriptedGuest.name(body).equals(there);
      return is ? ScriptedGuest.entry(reply, 7, 99) : -Errno.ENOENT;
    }
    return opcode == Op.RENAME2 ? -Errno.ENOENT : keeps(opcode, reply);
  }

  @Test
  void aRenameWhoseAnswerIsLostMovesWhatIsOpen() throws Exception {
    start(
        Ledger.create(),
        (op, body, reply) -> op == Op.RENAME2 ? ScriptedGuest.CUT : keeps(op, reply),
        (op, body, reply) -> answers(op, body, reply, "new"));
    assertEquals(0, create());
    int repeated = files.rename(call, ROOT, name("file"), ROOT, name("new"), 0);
    assertEquals(-Errno.ENOENT, repeated);
    assertTrue(call.isRepeat());
    assertEquals(0, sync());
    long before = entry.node;
    assertEquals(0, files.lookup(call.of(0, 0, 1), ROOT, name("new"), entry));
    assertEquals(before, entry.node);
  }
}
