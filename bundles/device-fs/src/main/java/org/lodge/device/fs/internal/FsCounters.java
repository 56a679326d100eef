package org.lodge.device.fs.internal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLongArray;
import org.lodge.virtio.Counter;

/**
 * What a file system device counts. Latencies, from taking a request to answering it, go into
 * buckets of an eighth of a power of two, so a percentile is at most 12.5 % too high.
 */
final class FsCounters {
  private static final Opcode[] OPCODES = Opcode.values();
  private static final int REQUESTS = 0;
  private static final int READ_BYTES = 1;
  private static final int WRITTEN_BYTES = 2;
  private static final int ERRORS = 3;
  private static final int UNSOUND = 4;
  private static final int COUNT = 5;
  private static final int BUCKETS = 64 * 8;

  private final AtomicLongArray values = new AtomicLongArray(COUNT);
  private final AtomicLongArray byOpcode = new AtomicLongArray(OPCODES.length);
  private final AtomicLongArray latencies = new AtomicLongArray(BUCKETS);

  void taken() {
    values.getAndIncrement(REQUESTS);
  }

  /**
   * @param result as answered: bytes, or a negated error
   */
  void answered(FsRequest request, int result, long nowNanos) {
    byOpcode.getAndIncrement(request.opcode.ordinal());
    if (!request.sound) {
      values.getAndIncrement(UNSOUND);
    } else if (result < 0) {
      values.getAndIncrement(ERRORS);
    }
    latencies.getAndIncrement(bucket(nowNanos - request.startedNanos));
  }

  void read(int bytes) {
    values.getAndAdd(READ_BYTES, bytes);
  }

  void written(int bytes) {
    values.getAndAdd(WRITTEN_BYTES, bytes);
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
    List<Counter> all = new ArrayList<>();
    all.add(new Counter("requests", "requests", values.get(REQUESTS)));
    all.add(new Counter("read.bytes", "bytes", values.get(READ_BYTES)));
    all.add(new Counter("write.bytes", "bytes", values.get(WRITTEN_BYTES)));
    all.add(new Counter("errors", "requests", values.get(ERRORS)));
    all.add(new Counter("unsound", "requests", values.get(UNSOUND)));
    for (Opcode each : OPCODES) {
      long count = byOpcode.get(each.ordinal());
      if (count > 0) {
        String name = each.name().toLowerCase(Locale.ROOT).replace('_', '-');
        all.add(new Counter("op." + name, "requests", count));
      }
    }
    all.add(new Counter("latency.p50", "microseconds", percentileMicros(50)));
    all.add(new Counter("latency.p99", "microseconds", percentileMicros(99)));
    all.add(new Counter("latency.max", "microseconds", percentileMicros(100)));
    return all;
  }

  /** The bytes that {@link #save} writes. */
  static int savedBytes() {
    return COUNT * Long.BYTES;
  }

  void save(ByteBuffer into) {
    for (int i = 0; i < COUNT; i++) {
      into.putLong(values.get(i));
    }
  }

  void load(ByteBuffer from) {
    for (int i = 0; i < COUNT; i++) {
      values.set(i, from.getLong());
    }
  }
}
