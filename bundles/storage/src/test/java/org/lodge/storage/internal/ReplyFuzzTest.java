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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.filesystem.Statistics;
import org.lodge.linux.IoVector;

/** A client guest is safe from its storage guest, whatever that answers. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ReplyFuzzTest {
  private final Call call = new Call().of(0, 0, 1);
  private final Entry entry = new Entry();
  private final Attributes attributes = new Attributes();
  private final Opened opened = new Opened();
  private final Name name = name("file");

  private static Name name(String text) {
    byte[] bytes = (text + "\0").getBytes(StandardCharsets.UTF_8);
    MemorySegment memory = Arena.ofAuto().allocate(bytes.length);
    memory.copyFrom(MemorySegment.ofArray(bytes));
    return new Name().of(memory, 0, bytes.length - 1);
  }

  @Test
  void everyAnswerIsAResultOrAnErrorAndNothingWaitsForEver() throws Exception {
    int before = NamesAhead.allBytes();
    for (long seed = 0; seed < 150; seed++) {
      Random random = new Random(seed);
      Links links =
          new Links(
              (epoch, limit) ->
                  new Link(epoch, "boot" + epoch / 3, new HostileGuest(random), 5_000_000_000L),
              "docs",
              Duration.ofSeconds(2));
      try (Ledger ledger = Ledger.create();
          RemoteFiles files =
              new RemoteFiles(
                  links,
                  new RemoteSettings("storage", -1, 0),
                  ledger,
                  new HeapLanes(random),
                  new Neighbours())) {
        List<Long> nodes = new ArrayList<>(List.of(1L));
        List<Long> handles = new ArrayList<>(List.of(1L));
        for (int i = 0; i < 60; i++) {
          step(files, random, nodes, handles, "seed " + seed);
        }
      }
      assertEquals(before, NamesAhead.allBytes(), "seed " + seed);
    }
  }

  private void step(
      RemoteFiles files, Random random, List<Long> nodes, List<Long> handles, String where) {
    long node = nodes.get(random.nextInt(nodes.size()));
    long handle = handles.get(random.nextInt(handles.size()));
    int size = 1 + random.nextInt(random.nextInt(10) == 0 ? 50_000 : 400);
    Buffer data = new Buffer(size);
    int kind = random.nextInt(16);
    long result =
        switch (kind) {
          case 0, 1 -> files.lookup(call, node, name, entry);
          case 2 -> files.create(call, node, name, 2, 0644, entry, opened);
          case 3 -> files.makeDirectory(call, node, name, 0755, entry);
          case 4 -> files.getAttributes(call, node, 0, attributes);
          case 5 -> files.setAttributes(call, node, 0, new Change(), attributes);
          case 6 -> files.open(call, node, 2 * random.nextInt(2), opened);
          case 7 -> files.openDirectory(call, node, 0, opened);
          case 8 -> files.read(call, node, handle, 0, data);
          case 9 -> files.write(call, node, handle, 0, data, false);
          case 10, 11 -> {
            Sink sink = new Sink(random.nextInt(600));
            long from = random.nextInt(5);
            yield files.readDirectory(call, node, handle, from, kind == 10, sink);
          }
          case 12 -> files.getXattr(call, node, name);
          case 13 -> files.statistics(call, node, new Statistics());
          case 14 -> files.rename(call, node, name, 1, name("other"), 0);
          default -> files.sync(call, node, handle, true);
        };
    assertTrue(result > -600, where + ": " + result);
    if (kind == 8 || kind == 9) {
      assertTrue(result <= size, where + ": " + result + " of " + size);
      assertTrue(data.isUntouchedBehind(), where + ": wrote behind the guest's buffer");
    }
    if (result >= 0 && kind <= 3) {
      int type = entry.attributes.mode & Attributes.TYPE;
      assertTrue(type != 0x2000 && type != 0x6000, where + ": a device node");
      nodes.add(entry.node);
    }
    if (result >= 0 && (kind == 2 || kind == 6 || kind == 7)) {
      handles.add(opened.handle);
    }
    if (random.nextInt(10) == 0) {
      files.forget(node, 1);
      files.release(node, handle);
    }
  }

  /** As many bytes as were asked for, and some behind that nobody may touch. */
  private static final class Buffer implements Data {
    private final int size;
    private final ByteBuffer bytes;

    Buffer(int size) {
      this.size = size;
      bytes = ByteBuffer.allocateDirect(size + 64);
    }

    boolean isUntouchedBehind() {
      bytes.clear();
      for (int i = size; i < size + 64; i++) {
        if (bytes.get(i) != 0) {
          return false;
        }
      }
      return true;
    }

    @Override
    public int sizeBytes() {
      return size;
    }

    @Override
    public boolean ranges(IoVector into, int sizeBytes) {
      return false;
    }

    @Override
    public ByteBuffer from(int offset) {
      int piece = Math.min(size, (offset / 100 + 1) * 100);
      return bytes.limit(piece).position(offset);
    }
  }

  private static final class Sink implements DirectorySink {
    private final int size;
    private int used;

    Sink(int size) {
      this.size = size;
    }

    @Override
    public int sizeBytes() {
      return size;
    }

    @Override
    public boolean fits(int nameBytes) {
      return used + 24 + nameBytes <= size;
    }

    @Override
    public void add(Name name, long inode, int type, long nextOffset, Entry entry) {
      assertTrue(name.length() >= 1 && name.length() <= 255);
      used += 24 + name.length();
      assertTrue(used <= size);
      for (int i = 0; i < name.length(); i++) {
        assertTrue(name.at(i) != '/' && name.at(i) != 0);
      }
    }
  }
}
