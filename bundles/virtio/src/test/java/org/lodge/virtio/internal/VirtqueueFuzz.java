package org.lodge.virtio.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Feature;
import org.lodge.virtio.RingException;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.ring.GuestMemory;
import org.lodge.virtio.ring.MemoryRegion;
import org.lodge.virtio.ring.Ring;
import org.lodge.virtio.ring.RingPosition;

/**
 * A driver that mixes good requests with garbage in every byte it can reach, on all kinds of rings.
 * Whatever it does, a ring may only break by name, once, and lets go of all memory in the end.
 *
 * <p>As a program: {@code VirtqueueFuzz SECONDS [FIRST_SEED]}; each seed is one life of a guest.
 */
public final class VirtqueueFuzz {
  private final Random random;
  private final GuestArena guest;
  private final Keeper device = new Greedy();
  private long base;

  private VirtqueueFuzz(long seed) {
    random = new Random(seed);
    guest = new GuestArena(0x1_0000_0000L - 8192, 32 << 10, 4096, 32 << 10);
  }

  /** What became of one life. */
  record Outcome(boolean broken, long completed) {}

  static Outcome live(long seed) {
    var fuzz = new VirtqueueFuzz(seed);
    try {
      return fuzz.live();
    } catch (RuntimeException | Error e) {
      throw new AssertionError("seed " + seed, e);
    } finally {
      fuzz.guest.close();
    }
  }

  private Outcome live() {
    long features =
        Feature.VERSION_1.mask()
            | maybe(Feature.EVENT_IDX)
            | maybe(Feature.INDIRECT_DESC)
            | maybe(Feature.RING_PACKED);
    int size = 1 << random.nextInt(6);
    var released = new AtomicInteger();
    var rings = new RingsComponent();
    GuestMemory memory = rings.memory(guest.regions(), released::incrementAndGet);
    DriverQueue driver = DriverQueue.create(guest, size, features);
    base = guest.allocate(8192, 16);
    MemorySegment inflight =
        guest
            .at(guest.allocate(rings.inflightBytes(size, Feature.RING_PACKED.in(features)), 64))
            .asSlice(0, rings.inflightBytes(size, Feature.RING_PACKED.in(features)));
    boolean hostileInflight = random.nextInt(8) == 0;
    if (!hostileInflight) {
      inflight = java.lang.foreign.Arena.ofAuto().allocate(inflight.byteSize(), 64);
    }
    long completed = 0;
    boolean broken = false;
    RingPosition position = RingPosition.FIRST;
    for (int life = 0; life < 3 && !broken; life++) {
      Ring ring;
      try {
        ring = rings.open(driver.setup(0, position, Optional.of(inflight)), memory, new NoPort());
      } catch (RingException e) {
        broken = true;
        break;
      }
      for (int step = 0; step < 40; step++) {
        step(driver, ring, features);
        broken |= serve(ring);
      }
      device.kept.forEach(DescriptorChain::handBack);
      device.kept.clear();
      check(ring.awaitIdle(Duration.ZERO), "requests out that no device has");
      position = ring.close();
      completed += ring.counters().completed();
    }
    memory.release();
    check(released.get() == 1, "memory let go " + released.get() + " times");
    return new Outcome(broken, completed);
  }

  private boolean serve(Ring ring) {
    try {
      ring.serve(device);
      return false;
    } catch (RingException e) {
      check(ring.broken(), "a fault must break the ring");
      try {
        ring.serve(device);
      } catch (RingException second) {
        throw new AssertionError("a broken ring spoke twice", second);
      }
      return true;
    }
  }

  private void step(DriverQueue driver, Ring ring, long features) {
    switch (random.nextInt(12)) {
      case 0 -> garbage();
      case 1 -> ring.pause();
      case 2 -> ring.resume();
      case 3, 4, 5 -> {
        while (!device.kept.isEmpty() && random.nextInt(4) > 0) {
          DescriptorChain chain = device.kept.remove(random.nextInt(device.kept.size()));
          if (random.nextInt(6) == 0) {
            chain.handBack();
          } else {
            chain.completeBatched(Math.min(chain.writableBytes(), random.nextInt(64)));
          }
        }
        ring.publish();
      }
      default -> add(driver, features);
    }
    try {
      while (random.nextInt(4) > 0 && driver.takeUsed()) {
        continue;
      }
    } catch (IndexOutOfBoundsException e) {
      return;
    }
  }

  private void add(DriverQueue driver, long features) {
    int readable = random.nextInt(4);
    int writable = random.nextInt(4);
    if (readable + writable == 0) {
      return;
    }
    long[] addresses = new long[readable + writable];
    int[] lengths = new int[readable + writable];
    for (int i = 0; i < addresses.length; i++) {
      addresses[i] = base + random.nextInt(8000);
      lengths[i] = 1 + random.nextInt(200);
      if (random.nextInt(400) == 0) {
        addresses[i] = random.nextLong();
      }
      if (random.nextInt(400) == 0) {
        lengths[i] = random.nextInt();
      }
    }
    driver.useIndirect(Feature.INDIRECT_DESC.in(features) && random.nextBoolean());
    try {
      driver.add(addresses, lengths, readable, writable);
    } catch (IndexOutOfBoundsException | IllegalStateException e) {
      return;
    }
  }

  /** Overwrites a few bytes anywhere: descriptors, indices, tables, buffers, the used side. */
  private void garbage() {
    MemoryRegion region = guest.regions().get(random.nextInt(guest.regions().size()));
    int reach = (int) Math.min(region.bytes().byteSize(), 2048);
    for (int i = random.nextInt(8); i >= 0; i--) {
      long at = random.nextInt(reach);
      byte value = (byte) (random.nextBoolean() ? random.nextInt(8) : random.nextInt());
      region.bytes().set(ValueLayout.JAVA_BYTE, at, value);
    }
  }

  private long maybe(Feature feature) {
    return random.nextBoolean() ? feature.mask() : 0;
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }

  /** Touches every byte it is given before it keeps the request. */
  private static final class Greedy extends Keeper {
    private final byte[] bytes = new byte[4096];

    @Override
    protected void handle(DescriptorChain chain) {
      int readable = (int) Math.min(bytes.length, chain.readableBytes());
      int writable = (int) Math.min(bytes.length, chain.writableBytes());
      chain.read(chain.readableBytes() - readable, bytes, 0, readable);
      chain.write(chain.writableBytes() - writable, bytes, 0, writable);
      for (int piece = 0; piece < chain.readablePieces() + chain.writablePieces(); piece++) {
        check(chain.pieceBuffer(piece).remaining() == chain.pieceBytes(piece), "piece " + piece);
      }
      super.handle(chain);
    }
  }

  public static void main(String[] arguments) {
    long end = System.nanoTime() + Duration.ofSeconds(Long.parseLong(arguments[0])).toNanos();
    long first = arguments.length > 1 ? Long.parseLong(arguments[1]) : System.nanoTime();
    long seed = first;
    long broken = 0;
    long completed = 0;
    for (; System.nanoTime() < end; seed++) {
      Outcome outcome = live(seed);
      broken += outcome.broken() ? 1 : 0;
      completed += outcome.completed();
    }
    System.out.printf(
        "seeds %d to %d: %d guests, %d of them broke their queue, %d requests completed%n",
        first, seed - 1, seed - first, broken, completed);
  }
}
