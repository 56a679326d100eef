package org.lodge.vhostuser.internal;

import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.fixture.DriverQueue;

/**
 * A driver that keeps a changing number of requests in its queue and checks each answer, on a
 * thread of its own.
 */
final class Load {
  private static final int SLOTS = 32;
  private static final int SLOT_BYTES = 64;
  private static final int CALL_LIMIT_MILLIS = 15_000;

  volatile long done;
  volatile long submitted;

  /** The longest time between two answers so far. */
  volatile long longestSilenceNanos;

  private final MockFrontEnd frontEnd;
  private final DriverQueue queue;
  private final long base;
  private final long[] expected = new long[SLOTS];
  private final int[] freeSlots = new int[SLOTS];
  private final int[] slotOf;
  private final long[] addresses = new long[2];
  private final int[] lengths = {8, 8};
  private final FutureTask<Void> task;
  private final Random random = new Random(7);
  private int free;
  private volatile boolean stop;

  Load(MockFrontEnd frontEnd) {
    this.frontEnd = frontEnd;
    queue = frontEnd.queues.getFirst();
    base = frontEnd.guest.allocate(2L * SLOT_BYTES * SLOTS, 64);
    slotOf = new int[queue.size()];
    Arrays.fill(slotOf, -1);
    while (free < SLOTS) {
      freeSlots[free] = free++;
    }
    task = new FutureTask<>(this::run, null);
  }

  void start() {
    Thread.ofPlatform().name("load").start(task);
  }

  boolean isRunning() {
    return !task.isDone();
  }

  /** Lets what is submitted be answered; throws what the driver has seen amiss. */
  void finish() throws InterruptedException {
    stop = true;
    try {
      task.get();
    } catch (ExecutionException e) {
      throw new AssertionError("the driver saw something", e.getCause());
    }
    if (done != submitted) {
      throw new AssertionError("%d of %d answered".formatted(done, submitted));
    }
  }

  private void run() {
    long last = System.nanoTime();
    while (!stop || done < submitted) {
      submit();
      if (take()) {
        long now = System.nanoTime();
        longestSilenceNanos = Math.max(longestSilenceNanos, now - last);
        last = now;
      } else if (done < submitted) {
        // Told to stop just before it submitted, it has nothing to wait for.
        await();
      }
    }
  }

  /** Fills up to a depth that changes, often down to one: a lost event shows only there. */
  private void submit() {
    boolean added = false;
    int depth = random.nextInt(3) == 0 ? 1 : 1 + random.nextInt(SLOTS);
    while (!stop && SLOTS - free < depth) {
      int slot = freeSlots[--free];
      addresses[0] = base + (long) slot * 2 * SLOT_BYTES;
      addresses[1] = addresses[0] + SLOT_BYTES;
      expected[slot] = submitted * 31 + 7;
      frontEnd.guest.putLong(addresses[0], expected[slot]);
      frontEnd.guest.putLong(addresses[1], 0);
      int id = queue.add(addresses, lengths, 1, 1);
      if (id < 0) {
        throw new AssertionError("no room for what was freed");
      }
      slotOf[id] = slot;
      submitted++;
      added = true;
    }
    if (added && queue.kickNeeded()) {
      frontEnd.kicks.getFirst().signal();
    }
  }

  private boolean take() {
    boolean any = false;
    while (queue.takeUsed()) {
      int slot = slotOf[queue.usedId()];
      if (slot < 0) {
        throw new AssertionError("request %d was answered twice".formatted(queue.usedId()));
      }
      slotOf[queue.usedId()] = -1;
      long address = base + (long) slot * 2 * SLOT_BYTES + SLOT_BYTES;
      long answer = frontEnd.guest.at(address, 8).get(ValueLayout.JAVA_LONG, 0);
      if (answer != expected[slot] || queue.usedLength() != 8) {
        throw new AssertionError("a wrong answer in slot " + slot);
      }
      freeSlots[free++] = slot;
      done++;
      any = true;
    }
    return any;
  }

  private void await() {
    try {
      if (!frontEnd.calls.getFirst().await(CALL_LIMIT_MILLIS)) {
        throw new AssertionError("no call, %d of %d done".formatted(done, submitted));
      }
    } catch (LinuxException e) {
      throw new AssertionError(e);
    }
  }
}
