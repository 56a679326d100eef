package org.lodge.filesystem.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.linux.IoVector;

/**
 * Guests that use a directory of the host whose names become links out of it meanwhile, as fast as
 * another guest and a program of the host can. With {@code -Dlodge.long=true} for a minute.
 */
@Timeout(120)
class RaceTest {
  private static final int SECONDS = Boolean.getBoolean("lodge.long") ? 60 : 5;
  private static final int EXCHANGE = 2;
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0x40;
  private static final int O_TRUNC = 0x200;
  private static final String INSIDE = "what-lies-inside";
  private static final String SECRET = "what-lies-outside";

  @TempDir Path place;
  private final AtomicLong swaps = new AtomicLong();
  private final AtomicLong reads = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();
  private Path shared;
  private Path outside;
  private volatile boolean over;

  @Test
  void noRaceOfNamesAndLinksLeadsOutOfAShare() throws Exception {
    shared = Files.createDirectory(place.resolve("shared"));
    outside = Files.createDirectory(place.resolve("outside"));
    Files.writeString(outside.resolve("file"), SECRET);
    Files.createDirectory(shared.resolve("in"));
    Files.writeString(shared.resolve("in/file"), INSIDE);
    Files.createDirectory(shared.resolve("door"));
    Files.writeString(shared.resolve("door/file"), INSIDE);
    Files.createSymbolicLink(shared.resolve("way"), outside);
    Files.createSymbolicLink(shared.resolve("in/way"), outside.resolve("file"));
    // So few descriptors that most files are found again by their handles.
    DirectorySettings settings = new DirectorySettings(shared, -1, -1, 64);
    try (Ledger ledger = Ledger.create();
        FileSystem files = new HostDirectory(settings, ledger);
        ExecutorService threads = Executors.newCachedThreadPool()) {
      List<Future<?>> all = new ArrayList<>();
      all.add(threads.submit(() -> attack(files)));
      all.add(threads.submit(this::attackFromTheHost));
      for (int i = 0; i < 2; i++) {
        Victim victim = new Victim(files, i);
        all.add(threads.submit(victim));
      }
      Thread.sleep(SECONDS * 1000L);
      over = true;
      for (Future<?> each : all) {
        each.get();
      }
    }
    assertEquals(SECRET, Files.readString(outside.resolve("file")));
    assertEquals(List.of("file"), List.of(outside.toFile().list()));
    String seen = swaps + " swaps, " + reads + " reads, " + refused + " refused";
    assertTrue(swaps.get() > 10 && reads.get() > 10 && refused.get() > 10, seen);
  }

  private static Name name(String text) {
    return new Name().of(Arena.ofAuto().allocateFrom(text), 0, text.length());
  }

  /** By requests of another guest. */
  private Void attack(FileSystem files) {
    Call call = new Call().of(0, 0, 2);
    Entry entry = new Entry();
    Name in = name("in");
    Name way = name("way");
    Name file = name("file");
    while (files.lookup(call, FileSystem.ROOT, in, entry) != 0 || !isDirectory(entry)) {
      files.forget(entry.node, 1);
    }
    for (long folder = entry.node; !over; ) {
      swaps(files.rename(call, FileSystem.ROOT, in, FileSystem.ROOT, way, EXCHANGE));
      swaps(files.rename(call, folder, file, folder, way, EXCHANGE));
    }
    return null;
  }

  private static boolean isDirectory(Entry entry) {
    return (entry.attributes.mode & 0170000) == 0040000;
  }

  private void swaps(int result) {
    swaps.addAndGet(result == 0 ? 1 : 0);
  }

  /** The folder {@code door}, which nobody else renames. */
  private Void attackFromTheHost() throws IOException {
    Path door = shared.resolve("door");
    Path was = shared.resolve("was");
    while (!over) {
      Files.move(door, was);
      Files.createSymbolicLink(door, outside);
      Files.delete(door);
      Files.move(was, door);
      swaps.incrementAndGet();
    }
    return null;
  }

  /** What a guest does with whatever has the names just then. */
  private final class Victim implements Callable<Void> {
    private final FileSystem files;
    private final Call call = new Call().of(0, 0, 1);
    private final Entry folder = new Entry();
    private final Entry entry = new Entry();
    private final Opened opened = new Opened();
    private final Bytes bytes = new Bytes();
    private final Name file = name("file");
    private final Name fresh = name("new");
    private int turn;

    Victim(FileSystem files, int turn) {
      this.files = files;
      this.turn = turn;
    }

    @Override
    public Void call() {
      List<Name> ways = List.of(name("in"), name("way"), name("door"));
      for (; !over; turn++) {
        if (files.lookup(call, FileSystem.ROOT, ways.get(turn % 3), folder) == 0) {
          use(folder.node);
          files.forget(folder.node, 1);
        }
      }
      return null;
    }

    private void use(long parent) {
      int found = count(files.lookup(call, parent, file, entry));
      if (found == 0) {
        long node = entry.node;
        int flags = turn / 3 % 3 == 0 ? O_RDWR : turn / 3 % 3 == 1 ? 0 : O_RDWR | O_TRUNC;
        if (count(files.open(call, node, flags, opened)) >= 0) {
          use(node, opened.handle, flags != 0);
        }
        Change change = new Change();
        change.valid = Change.SIZE;
        change.sizeBytes = INSIDE.length();
        count(files.setAttributes(call, node, 0, change, entry.attributes));
        files.forget(node, 1);
      }
      if (turn % 4 == 0) {
        int flags = O_RDWR | O_CREAT;
        Name made = turn % 8 == 0 ? file : fresh;
        if (count(files.create(call, parent, made, flags, 0600, entry, opened)) >= 0) {
          use(entry.node, opened.handle, true);
          files.forget(entry.node, 1);
        }
        files.unlink(call, parent, fresh);
      }
    }

    private void use(long node, long handle, boolean writes) {
      if (writes) {
        files.write(call, node, handle, 0, bytes.of(INSIDE), false);
      }
      int length = files.read(call, node, handle, 0, bytes.of(" ".repeat(64)));
      String seen = bytes.text();
      assertFalse(seen.contains(SECRET), seen);
      reads.addAndGet(length == INSIDE.length() && seen.startsWith(INSIDE) ? 1 : 0);
      files.release(node, handle);
    }

    private int count(int result) {
      refused.addAndGet(result < 0 ? 1 : 0);
      return result;
    }
  }

  /** A guest's memory. */
  private static final class Bytes implements Data {
    private final ByteBuffer memory = ByteBuffer.allocateDirect(64);

    Bytes of(String text) {
      memory.clear().put(text.getBytes(StandardCharsets.UTF_8)).flip();
      return this;
    }

    String text() {
      return StandardCharsets.UTF_8.decode(memory.duplicate().clear()).toString();
    }

    @Override
    public int sizeBytes() {
      return memory.limit();
    }

    @Override
    public boolean ranges(IoVector into, int sizeBytes) {
      return into.add(MemorySegment.ofBuffer(memory.duplicate().clear()).address(), sizeBytes);
    }

    @Override
    public ByteBuffer from(int offset) {
      return memory.duplicate().position(offset);
    }
  }
}
