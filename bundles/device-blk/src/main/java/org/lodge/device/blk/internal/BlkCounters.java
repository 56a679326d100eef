package org.lodge.device.blk.internal;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import org.lodge.virtio.Counter;

/**
 * What a disk counts. Latencies, from taking a request to answering it, go into buckets of an
 * eighth of a power of two, so a percentile is at most 12.5 % too high. The longest is exact, and
 * that of former logic counts.
 */
final class BlkCounters {
  private static final int READS = 0;
  private static final int READ_BYTES = 1;
  private static final int WRITES = 2;
  private static final int WRITTEN_BYTES = 3;
  private static final int FLUSHES = 4;
  private static final int DISCARDS = 5;
  private static final int ZEROINGS = 6;
  private static final int OTHERS = 7;
  private static final int ERRORS = 8;
  private static final int THROTTLED = 9;
  private static final int COUNT = 10;
  private static final int BUCKETS = 64 * 8;

  private final AtomicLongArray values = new AtomicLongArray(COUNT);
  private final AtomicLongArray latencies = new AtomicLongArray(BUCKETS);
  private final AtomicLong longestNanos = new AtomicLong();
  private volatile int lastErrno;
  private volatile int lastErrorType;

  void count(BlkRequest request, byte status, long nowNanos) {
    switch (request.type) {
      case Blk.T_IN -> add(READS, READ_BYTES, status, request.dataBytes);
      case Blk.T_OUT -> add(WRITES, WRITTEN_BYTES, status, request.dataBytes);
      case Blk.T_FLUSH -> values.getAndIncrement(FLUSHES);
      case Blk.T_DISCARD -> values.getAndIncrement(DISCARDS);
      case Blk.T_WRITE_ZEROES -> values.getAndIncrement(ZEROINGS);
      default -> values.getAndIncrement(OTHERS);
    }
    if (status == Blk.S_IOERR) {
      values.getAndIncrement(ERRORS);
    }
    long nanos = nowNanos - request.startedNanos;
    latencies.getAndIncrement(bucket(nanos));
    if (nanos > longestNanos.get()) {
      longestNanos.accumulateAndGet(nanos, Math::max);
    }
  }

  private void add(int requests, int bytes, byte status, long dataBytes) {
    values.getAndIncrement(requests);
    if (status == Blk.S_OK) {
      values.getAndAdd(bytes, dataBytes);
    }
  }

  /** A request failed in the host's file, not by the driver's fault. */
  void failed(int type, int errno) {
    lastErrorType = type;
    lastErrno = errno;
  }

  void throttled() {
    values.getAndIncrement(THROTTLED);
  }

  int lastErrno() {
    return lastErrno;
  }

  int lastErrorType() {
    return lastErrorType;
  }

  private static int bucket(long nanos) {
    long value = Math.max(8, nanos);
    int power = 63 - Long.numberOfLeadingZeros(value);
    return power * 8 + (int) (value >>> power - 3 & 7);
  }

  private static long upperNanos(int bucket) {
    int power = bucket / 8;
    return (9L + bucket % 8) << power - 3;
  }

  private long percentileMicros(int percent) {
    long total = 0;
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
      total += latencies.get(bucket);
    }
    long wanted = (total * percent + 99) / 100;
    long seen = 0;
    for (int bucket = 0; bucket < BUCKETS && total > 0; bucket++) {
      seen += latencies.get(bucket);
      if (seen >= wanted) {
        return (upperNanos(bucket) + 999) / 1000;
      }
    }
    return 0;
  }

  List<Counter> list() {
    return List.of(
        new Counter("read.requests", "requests", values.get(READS)),
        new Counter("read.bytes", "bytes", values.get(READ_BYTES)),
        new Counter("write.requests", "requests", values.get(WRITES)),
        new Counter("write.bytes", "bytes", values.get(WRITTEN_BYTES)),
        new Counter("flush.requests", "requests", values.get(FLUSHES)),
        new Counter("discard.requests", "requests", values.get(DISCARDS)),
        new Counter("zero.requests", "requests", values.get(ZEROINGS)),
        new Counter("other.requests", "requests", values.get(OTHERS)),
        new Counter("errors", "requests", values.get(ERRORS)),
        new Counter("throttled", "pauses", values.get(THROTTLED)),
        new Counter("latency.p50", "microseconds", percentileMicros(50)),
        new Counter("latency.p99", "microseconds", percentileMicros(99)),
        new Counter("latency.max", "microseconds", longestNanos.get() / 1000));
  }

  /** The bytes that {@link #save} writes. */
  static int savedBytes() {
    return firstSavedBytes() + Long.BYTES;
  }

  /** Those of a state of the first version, which knows no longest latency. */
  static int firstSavedBytes() {
    return COUNT * Long.BYTES;
  }

  void save(ByteBuffer into) {
    for (int i = 0; i < COUNT; i++) {
      into.putLong(values.get(i));
    }
    into.putLong(longestNanos.get());
  }

  void load(ByteBuffer from) {
    for (int i = 0; i < COUNT; i++) {
      values.set(i, from.getLong());
    }
    longestNanos.set(from.hasRemaining() ? from.getLong() : 0);
  }
}
