package org.lodge.device.blk.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.lodge.linux.BlockFile;
import org.lodge.linux.IoVector;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.RingBench;
import org.lodge.virtio.fixture.TestTransport;

/**
 * {@code BlkBench FOLDER}: random reads and writes of 4 KiB and 128 KiB through ring and device
 * against the same file, and beside them the bare system call.
 */
public final class BlkBench {
  private static final int FILE_BYTES = 256 << 20;

  private BlkBench() {}

  public static void main(String[] arguments) throws Exception {
    Path file = Path.of(arguments[0], "lodge-blk-bench");
    try {
      byte[] chunk = new byte[1 << 20];
      ThreadLocalRandom.current().nextBytes(chunk);
      try (FileChannel channel =
          FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        for (int i = 0; i < FILE_BYTES >> 20; i++) {
          channel.write(ByteBuffer.wrap(chunk));
        }
      }
      for (int blockBytes : new int[] {4096, 128 << 10}) {
        bare(file, blockBytes);
        for (long features : new long[] {TestTransport.SPLIT, TestTransport.PACKED}) {
          for (int depth : new int[] {1, 32}) {
            measure(file, features, depth, blockBytes, Blk.T_IN);
            measure(file, features, depth, blockBytes, Blk.T_OUT);
          }
        }
      }
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static void measure(Path file, long features, int depth, int blockBytes, int type)
      throws Exception {
    try (var guest = new GuestArena(64 << 20);
        var transport = new TestTransport(guest)) {
      var bench = new RingBench(guest, features | BlkDriver.FLUSH);
      var shapes = new RingBench.Shape[depth];
      var headers = new MemorySegment[depth];
      for (int i = 0; i < depth; i++) {
        long header = guest.allocate(32, 16);
        long data = guest.allocate(blockBytes, 4096);
        headers[i] = guest.at(header, 16);
        headers[i].set(java.lang.foreign.ValueLayout.JAVA_INT, 0, type);
        shapes[i] =
            new RingBench.Shape(
                new long[] {header, data, header + 16},
                new int[] {16, blockBytes, 1},
                type == Blk.T_IN ? 1 : 2,
                type == Blk.T_IN ? 2 : 1);
      }
      var device =
          new BlkFactory(BlkDriver.LEASES, file)
              .create(BlkDriver.config(file, Map.of()), transport);
      double rate =
          bench.run(
              transport,
              device,
              shapes,
              i ->
                  headers[i].set(
                      java.lang.foreign.ValueLayout.JAVA_LONG, 8, randomSector(blockBytes)));
      System.out.printf(
          "%-6s blk  depth %2d: %,11.0f %s/s of %d KiB%n",
          bench.kind(), depth, rate, type == Blk.T_IN ? "reads " : "writes", blockBytes >> 10);
    }
  }

  private static long randomSector(int blockBytes) {
    return (long) ThreadLocalRandom.current().nextInt(FILE_BYTES / blockBytes)
        * (blockBytes / Blk.SECTOR_BYTES);
  }

  private static void bare(Path path, int blockBytes) throws Exception {
    try (Arena arena = Arena.ofConfined();
        BlockFile file = BlockFile.open(path, true, false)) {
      MemorySegment buffer = arena.allocate(blockBytes, 4096);
      var vector = new IoVector();
      double best = 0;
      for (int round = 0; round < 8; round++) {
        long start = System.nanoTime();
        long done = 0;
        for (; System.nanoTime() - start < 500_000_000; done++) {
          vector.clear();
          vector.add(buffer.address(), blockBytes);
          file.read(vector, randomSector(blockBytes) * Blk.SECTOR_BYTES);
        }
        best = Math.max(best, done * 1e9 / (System.nanoTime() - start));
      }
      System.out.printf(
          "bare   preadv        : %,11.0f reads /s of %d KiB%n", best, blockBytes >> 10);
    }
  }
}
