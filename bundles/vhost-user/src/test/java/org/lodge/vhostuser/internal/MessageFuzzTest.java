package org.lodge.vhostuser.internal;

import static org.lodge.vhostuser.internal.MockFrontEnd.GUEST;
import static org.lodge.vhostuser.internal.MockFrontEnd.MEMORY_BYTES;
import static org.lodge.vhostuser.internal.MockFrontEnd.MODERN;
import static org.lodge.vhostuser.internal.MockFrontEnd.USER;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.MemFd;
import org.lodge.linux.Pipe;

/**
 * Random messages, half of them nearly right. Whatever comes: the next front-end is served, and no
 * descriptor is left behind. {@code -Dlodge.fuzz.seconds=600} goes on for as long, {@code
 * -Dlodge.fuzz.seed=N} begins at another seed.
 */
@Timeout(7200)
class MessageFuzzTest {
  private static final int FIRST_SEED = 20261123;

  /** A front-end that left amid sending its state and held its device for seconds. */
  private static final long[] FOUND_SEEDS = {20297913};

  private static final long[] VALUES = {
    0,
    1,
    2,
    7,
    8,
    16,
    64,
    255,
    256,
    257,
    4096,
    32768,
    65535,
    65536,
    -1,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    GUEST,
    USER,
    MEMORY_BYTES,
    -4096
  };

  @TempDir Path directory;

  @Test
  void whateverComesTheNextFrontEndIsServed() throws Exception {
    long limitNanos = Duration.ofSeconds(Long.getLong("lodge.fuzz.seconds", 4)).toNanos();
    long first = Long.getLong("lodge.fuzz.seed", FIRST_SEED);
    try (Bench bench = new Bench(directory)) {
      bench.deploy("1.0.0");
      bench.open();
      for (int warm = 0; warm < 3; warm++) {
        fuzz(bench, warm);
      }
      settle(bench);
      int before = EdgeCasesTest.openDescriptors();
      for (long seed : FOUND_SEEDS) {
        check(bench, seed, before);
      }
      long began = System.nanoTime();
      long seed = first;
      for (; seed == first || System.nanoTime() - began < limitNanos; seed++) {
        check(bench, seed, before);
      }
      if (Long.getLong("lodge.fuzz.seconds") != null) {
        System.out.println("message fuzz: seeds " + first + " to " + (seed - 1));
      }
    }
  }

  private static void check(Bench bench, long seed, int descriptors) throws Exception {
    try {
      fuzz(bench, seed);
      settle(bench);
      EdgeCasesTest.awaitOpenDescriptors(descriptors);
    } catch (AssertionError | LinuxException e) {
      throw new AssertionError("seed " + seed, e);
    }
  }

  private static void settle(Bench bench) throws Exception {
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.echo(0, "sane");
    }
    // Answered only when the former connection was cleaned up.
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.ask(Request.GET_FEATURES);
      frontEnd.ask(Request.GET_QUEUE_NUM);
    }
  }

  private static void fuzz(Bench bench, long seed) throws Exception {
    Random random = new Random(seed);
    try (MockFrontEnd frontEnd = bench.connect();
        EventFd event = EventFd.create();
        MemFd memory = MemFd.resizable("fuzz", 65536);
        Pipe pipe = Pipe.create()) {
      if (random.nextInt(4) != 0) {
        frontEnd.start(16, MODERN);
      }
      Fd[] kinds = {event, memory, frontEnd.memory, pipe.source(), pipe.sink()};
      int count = 1 + random.nextInt(60);
      for (int i = 0; i < count; i++) {
        send(frontEnd, random, kinds);
        if (random.nextInt(20) == 0) {
          memory.resize(random.nextInt(17) * 4096L);
        }
      }
    } catch (LinuxException e) {
      if (e.errno() != LinuxException.EPIPE && e.errno() != LinuxException.ECONNRESET) {
        throw e;
      }
    }
  }

  private static void send(MockFrontEnd frontEnd, Random random, Fd[] kinds) throws LinuxException {
    Request[] all = Request.values();
    Request request = all[random.nextInt(all.length)];
    boolean nearlyRight = random.nextInt(4) != 0;
    int size =
        nearlyRight
            ? request.leastBytes
                + (request.mostBytes > request.leastBytes
                    ? random.nextInt(request.mostBytes - request.leastBytes + 1)
                    : 0)
            : random.nextInt(300);
    byte[] payload = new byte[size];
    random.nextBytes(payload);
    ByteBuffer fields = ByteBuffer.wrap(payload).order(ByteOrder.nativeOrder());
    for (int at = 0; at + 8 <= size; at += 8) {
      if (random.nextInt(3) != 0) {
        if (random.nextBoolean()) {
          fields.putLong(at, VALUES[random.nextInt(VALUES.length)]);
        } else {
          fields.putInt(at, random.nextInt(3));
          fields.putInt(at + 4, (int) VALUES[random.nextInt(VALUES.length)]);
        }
      }
    }
    int descriptors =
        nearlyRight
            ? request.descriptors.least
                + random.nextInt(request.descriptors.most - request.descriptors.least + 1)
            : random.nextInt(12);
    Fd[] fds = new Fd[descriptors];
    for (int i = 0; i < descriptors; i++) {
      fds[i] = kinds[random.nextInt(kinds.length)];
    }
    int id = random.nextInt(30) == 0 ? random.nextInt() : request.id;
    int flags = random.nextInt(60) == 0 ? random.nextInt() : random.nextBoolean() ? 1 : 9;
    int told = random.nextInt(60) == 0 ? random.nextInt(5000) : size;
    frontEnd.raw(id, flags, told, payload, fds);
  }
}
