package org.lodge.itests.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Keeps a number of requests out at a disk, as a guest's kernel does: it sleeps until it is called,
 * takes all that is used, and makes as many new requests available with one kick at most.
 */
final class DiskLoad implements DiskBench.Contender, AutoCloseable {

  /**
   * What is asked for.
   *
   * @param flushes whether a request is a write and a flush after it; depth 1 only
   * @param polls whether the driver looks for what is used instead of sleeping until it is called
   */
  record Pattern(
      String name,
      boolean writes,
      boolean random,
      int blockBytes,
      int depth,
      boolean flushes,
      boolean polls) {
    Pattern(
        String name, boolean writes, boolean random, int blockBytes, int depth, boolean flushes) {
      this(name, writes, random, blockBytes, depth, flushes, false);
    }
  }

  /**
   * What came of it.
   *
   * @param cpuMicros what the process that serves used of the processors for each request
   */
  record Result(
      double perSecond,
      double medianMicros,
      double p99Micros,
      double longestMicros,
      double cpuMicros) {
    Result withCpuMicros(double other) {
      return new Result(perSecond, medianMicros, p99Micros, longestMicros, other);
    }
  }

  private static final int IN = 0;
  private static final int OUT = 1;
  private static final int FLUSH = 4;
  private static final int CALL_LIMIT_MILLIS = 10_000;
  private static final int QUEUE_SIZE = 128;
  private static final int SLOTS = DriverMemory.SLOTS;

  private final DiskPeer peer;
  private final DriverMemory memory;
  private final VhostUserDriver driver;
  private final MemorySegment[] headers = new MemorySegment[SLOTS];
  private final MemorySegment[] statuses = new MemorySegment[SLOTS];
  private final long[] headerAt = new long[SLOTS];
  private final long[] begun = new long[SLOTS];
  private final int[] slotOf;
  private final int[] idle = new int[SLOTS];
  private final long[] addresses = new long[3];
  private final int[] lengths = new int[3];
  private final SplittableRandom random = new SplittableRandom(7);
  private final int[] samples = new int[4 << 20];
  private final AtomicLong longestSilenceNanos = new AtomicLong();
  private volatile boolean stop;
  private long next;
  private boolean flushDue;

  /** Connects to a disk; owns the connection, not the peer nor the memory. */
  DiskLoad(DiskPeer peer, DriverMemory memory) throws IOException {
    this.peer = peer;
    this.memory = memory;
    driver = new VhostUserDriver(peer.socket(), QUEUE_SIZE, memory);
    requireCache();
    slotOf = new int[driver.queue.size()];
    for (int slot = 0; slot < SLOTS; slot++) {
      headerAt[slot] = driver.guest.allocate(32, 16);
      headers[slot] = driver.guest.at(headerAt[slot], 16);
      statuses[slot] = driver.guest.at(headerAt[slot] + 16, 1);
    }
  }

  /** All must promise the same, or their flushes could not be compared. */
  private void requireCache() {
    long needed = VhostUserDriver.BLK_F_FLUSH | VhostUserDriver.BLK_F_CONFIG_WCE;
    if ((driver.features & needed) != needed || !driver.writeback) {
      throw new IllegalStateException(
          peer.name() + " offers no write-back cache with flush: %#x".formatted(driver.features));
    }
  }

  @Override
  public String name() {
    return peer.name();
  }

  /** As {@link #run}, until {@link #stop}; for another thread. */
  void runUntilStopped(Pattern pattern) {
    try {
      run(pattern, Integer.MAX_VALUE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void stop() {
    stop = true;
  }

  /** The longest time between two answers since this was last asked. Any thread. */
  double longestSilenceMillis() {
    return longestSilenceNanos.getAndSet(0) / 1e6;
  }

  @Override
  public Result run(Pattern pattern, long millis) throws IOException {
    long cpuBefore = peer.cpuNanos();
    flushDue = false;
    long start = System.nanoTime();
    long end = start + millis * 1_000_000;
    for (int i = 0; i < pattern.depth; i++) {
      submit(pattern, i, start);
    }
    kick();
    int out = pattern.depth;
    int done = 0;
    long now = start;
    boolean armed = false;
    while (out > 0) {
      int taken = 0;
      while (driver.queue.takeUsed()) {
        idle[taken++] = slotOf[driver.queue.usedId()];
      }
      if (taken == 0) {
        if (armed) {
          await();
        }
        armed = !armed && !pattern.polls;
        driver.queue.wantCalls(!pattern.polls);
        continue;
      }
      armed = false;
      long last = now;
      now = System.nanoTime();
      if (now - last > longestSilenceNanos.get()) {
        longestSilenceNanos.set(now - last);
      }
      out -= taken;
      for (int i = 0; i < taken; i++) {
        int slot = idle[i];
        if (statuses[slot].get(ValueLayout.JAVA_BYTE, 0) != 0) {
          throw new IOException("the disk answered with an error");
        }
        if (pattern.flushes && flushDue) {
          submit(pattern, slot, begun[slot]);
          out++;
          continue;
        }
        if (done < samples.length) {
          samples[done] = (int) Math.min(Integer.MAX_VALUE, now - begun[slot]);
        }
        done++;
        if (now < end && !stop) {
          submit(pattern, slot, now);
          out++;
        }
      }
      kick();
    }
    return result(done, now - start, peer.cpuNanos() - cpuBefore);
  }

  private Result result(int done, long nanos, long cpuNanos) {
    int count = Math.min(done, samples.length);
    Arrays.sort(samples, 0, count);
    return new Result(
        done * 1e9 / nanos,
        samples[count / 2] / 1e3,
        samples[(int) (count * 0.99)] / 1e3,
        samples[count - 1] / 1e3,
        cpuNanos / 1e3 / done);
  }

  private void submit(Pattern pattern, int slot, long now) {
    boolean flush = pattern.flushes && flushDue;
    int type = flush ? FLUSH : pattern.writes ? OUT : IN;
    headers[slot].set(ValueLayout.JAVA_INT, 0, type);
    headers[slot].set(ValueLayout.JAVA_LONG, 8, flush ? 0 : sector(pattern));
    statuses[slot].set(ValueLayout.JAVA_BYTE, 0, (byte) 0xee);
    addresses[0] = headerAt[slot];
    addresses[1] = flush ? headerAt[slot] + 16 : memory.dataAt(slot);
    addresses[2] = headerAt[slot] + 16;
    lengths[0] = 16;
    lengths[1] = flush ? 1 : pattern.blockBytes;
    lengths[2] = 1;
    int readable = pattern.writes && !flush ? 2 : 1;
    int id = driver.queue.add(addresses, lengths, readable, flush ? 1 : 3 - readable);
    slotOf[id] = slot;
    begun[slot] = now;
    flushDue = !flushDue;
  }

  private long sector(Pattern pattern) {
    long blocks = driver.sectors * 512 / pattern.blockBytes;
    long block = pattern.random ? random.nextLong(blocks) : next++ % blocks;
    return block * (pattern.blockBytes / 512);
  }

  private void kick() {
    if (driver.queue.kickNeeded()) {
      driver.kick.signal();
    }
  }

  private void await() throws IOException {
    if (!driver.call.await(CALL_LIMIT_MILLIS)) {
      throw new IOException("the disk does not answer");
    }
  }

  @Override
  public void close() throws IOException {
    driver.close();
  }
}
