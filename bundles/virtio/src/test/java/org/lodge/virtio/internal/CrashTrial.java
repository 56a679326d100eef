package org.lodge.virtio.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Feature;
import org.lodge.virtio.RingException;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.TestTransport;
import org.lodge.virtio.ring.MemoryRegion;
import org.lodge.virtio.ring.Ring;
import org.lodge.virtio.ring.RingPosition;
import org.lodge.virtio.ring.RingSetup;

/**
 * Kills a process that serves a ring with {@code kill -9}, again and again, while the driver in
 * this process goes on: no request may be lost, come back twice, or come back before it was done.
 *
 * <p>As a program: {@code CrashTrial KILLS split|packed}.
 */
public final class CrashTrial {
  private static final int MEMORY_BYTES = 1 << 20;
  private static final long MEMORY_ADDRESS = 0x4000_0000L;
  private static final int SIZE = 64;

  private CrashTrial() {}

  /** What a trial saw. */
  record Outcome(int kills, long requests) {}

  public static void main(String[] arguments) throws Exception {
    if (arguments[0].equals("serve")) {
      serve(Path.of(arguments[1]), Long.parseLong(arguments[2]));
      return;
    }
    long features = arguments[1].equals("packed") ? TestTransport.PACKED : TestTransport.SPLIT;
    System.out.println(run(Integer.parseInt(arguments[0]), features, System.nanoTime()));
  }

  static Outcome run(int kills, long features, long seed) throws Exception {
    Path file = Files.createTempFile(Path.of("/dev/shm"), "lodge-crash", "");
    try (Arena arena = Arena.ofShared()) {
      return new Driver(map(file, arena), file, features, new Random(seed)).run(kills);
    } catch (AssertionError e) {
      throw new AssertionError("seed " + seed, e);
    } finally {
      Files.delete(file);
    }
  }

  private static MemorySegment map(Path file, Arena arena) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, MEMORY_BYTES, arena);
    }
  }

  /** The first page is the inflight area, the rest the guest's memory. */
  private static GuestArena guest(MemorySegment memory) {
    return new GuestArena(List.of(new MemoryRegion(MEMORY_ADDRESS, memory.asSlice(8192))));
  }

  /** The other process: keeps some requests, completes in any order, in batches. */
  private static void serve(Path file, long features) throws IOException, RingException {
    Arena arena = Arena.ofShared();
    MemorySegment memory = map(file, arena);
    GuestArena guest = guest(memory);
    RingSetup where = setup(guest, features, memory.asSlice(0, 8192));
    var rings = new RingsComponent();
    Ring ring = rings.open(where, rings.memory(guest.regions(), () -> {}), new NoPort());
    Random random = new Random();
    Keeper device = new Answering();
    while (true) {
      ring.serve(device);
      for (int i = random.nextInt(8); i > 0 && !device.kept.isEmpty(); i--) {
        var chain = device.kept.remove(random.nextInt(device.kept.size()));
        chain.completeBatched(8);
      }
      ring.publish();
    }
  }

  /** Where the driver in the other process has put its queue: first thing in memory. */
  private static RingSetup setup(GuestArena guest, long features, MemorySegment inflight) {
    boolean packed = Feature.RING_PACKED.in(features);
    long descriptors = guest.allocate(16L * SIZE, 16);
    long driver = guest.allocate(packed ? 4 : 6 + 2L * SIZE, 4);
    long device = guest.allocate(packed ? 4 : 6 + 8L * SIZE, 4);
    return new RingSetup(
        0, SIZE, features, descriptors, driver, device, RingPosition.FIRST, Optional.of(inflight));
  }

  /** Answers with one more than asked. */
  private static final class Answering extends Keeper {
    private final byte[] token = new byte[8];

    @Override
    protected void handle(DescriptorChain chain) {
      chain.read(0, token, 0, 8);
      token[0]++;
      chain.write(0, token, 0, 8);
      super.handle(chain);
    }
  }

  private static final class Driver {
    private final GuestArena guest;
    private final DriverQueue queue;
    private final Path file;
    private final long features;
    private final Random random;
    private final long[] slotOf = new long[SIZE];
    private final boolean[] out = new boolean[SIZE];
    private final long buffers;
    private long sent;
    private long received;

    Driver(MemorySegment memory, Path file, long features, Random random) {
      guest = guest(memory);
      queue = DriverQueue.create(guest, SIZE, features);
      this.file = file;
      this.features = features;
      this.random = random;
      buffers = guest.allocate(SIZE * 32L, 16);
    }

    Outcome run(int kills) throws Exception {
      for (int kill = 0; kill < kills; kill++) {
        Process server = start();
        long before = received;
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (received == before && System.nanoTime() < end) {
          turn(true);
        }
        long until = System.nanoTime() + Duration.ofMillis(random.nextInt(80)).toNanos();
        while (System.nanoTime() < until) {
          turn(true);
        }
        server.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
      }
      Process last = start();
      long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      while (received < sent && System.nanoTime() < end) {
        turn(false);
      }
      last.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
      check(received == sent, "%d of %d came back".formatted(received, sent));
      return new Outcome(kills, received);
    }

    private Process start() throws IOException {
      return new ProcessBuilder(
              Path.of(System.getProperty("java.home"), "bin", "java").toString(),
              "-XX:TieredStopAtLevel=1",
              "-XX:+UseSerialGC",
              "-cp",
              System.getProperty("java.class.path"),
              CrashTrial.class.getName(),
              "serve",
              file.toString(),
              Long.toString(features))
          .inheritIO()
          .start();
    }

    private void turn(boolean add) {
      if (add && random.nextInt(4) > 0) {
        send();
      }
      while (queue.takeUsed()) {
        receive();
      }
      Thread.onSpinWait();
    }

    /** A buffer belongs to the request's id, so that it is never reused while in flight. */
    private void send() {
      queue.useIndirect(random.nextBoolean());
      int id = queue.peek();
      if (id < 0) {
        return;
      }
      long buffer = buffers + id * 32L;
      slotOf[id] = sent * 256;
      guest.putLong(buffer, slotOf[id]);
      guest.putLong(buffer + 16, -1);
      if (queue.add(new long[] {buffer, buffer + 16}, new int[] {8, 8}, 1, 1) != id) {
        return;
      }
      check(!out[id], "id " + id + " was free but out");
      out[id] = true;
      sent++;
    }

    private void receive() {
      int id = queue.usedId();
      check(out[id], "id " + id + " came back twice");
      out[id] = false;
      long answer = guest.at(buffers + id * 32L + 16).get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
      check(answer == slotOf[id] + 1, "id " + id + " came back before it was done");
      received++;
    }
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }
}
