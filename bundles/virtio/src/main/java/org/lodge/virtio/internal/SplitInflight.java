package org.lodge.virtio.internal;

import static org.lodge.virtio.internal.Layouts.BYTE;
import static org.lodge.virtio.internal.Layouts.LONG;
import static org.lodge.virtio.internal.Layouts.SHORT;
import static org.lodge.virtio.internal.Layouts.unsigned;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.stream.IntStream;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;

/**
 * The record of requests in flight that outlives this process (vhost-user, "Inflight I/O tracking",
 * split ring).
 *
 * <pre>
 *  0 u64 features   8 u16 version (0: fresh)   10 u16 size   12 u16 last batch head   14 u16 used index
 * 16 + 16 n: u8 in flight, 5 pad, u16 next, u64 counter
 * </pre>
 *
 * Stores are ordered among each other, because a process may be killed between any two of them.
 */
final class SplitInflight {
  private static final int VERSION = 8;
  private static final int SIZE = 10;
  private static final int LAST_BATCH_HEAD = 12;
  private static final int USED_INDEX = 14;
  private static final int ENTRIES = 16;
  private static final int ENTRY_BYTES = 16;
  private static final int NEXT = 6;
  private static final int COUNTER = 8;

  private final MemorySegment area;
  private final int size;

  /** Our own copies: others who hold the area can't lead us astray. */
  private final int[] next;

  private int lastBatchHead;
  private long counter;
  private int batch;

  SplitInflight(MemorySegment area, int size) throws RingException {
    if (area.byteSize() < sizeBytes(size) || area.address() % 8 != 0) {
      throw bad("%d bytes at 0x%x".formatted(area.byteSize(), area.address()));
    }
    this.area = area;
    this.size = size;
    next = new int[size];
  }

  static long sizeBytes(int size) {
    return ENTRIES + (long) ENTRY_BYTES * size;
  }

  /**
   * Makes the record agree with the used ring.
   *
   * @return the heads in flight in the order in which they were taken; null where the record was
   *     fresh
   */
  int[] recover(int usedIndex) throws RingException {
    if (get(VERSION) == 0) {
      area.fill((byte) 0);
      SHORT.set(area, (long) SIZE, (short) size);
      SHORT.set(area, (long) USED_INDEX, (short) usedIndex);
      VarHandle.releaseFence();
      SHORT.set(area, (long) VERSION, (short) 1);
      return null;
    }
    if (get(VERSION) != 1 || get(SIZE) != size) {
      throw bad("version %d, queue size %d".formatted(get(VERSION), get(SIZE)));
    }
    int usedSinceRecord = usedIndex - get(USED_INDEX) & 0xffff;
    if (usedSinceRecord > size) {
      throw bad("used index %d, recorded %d".formatted(usedIndex, get(USED_INDEX)));
    }
    int head = get(LAST_BATCH_HEAD);
    lastBatchHead = checked(head);
    for (int done = 0; done < usedSinceRecord; done++) {
      BYTE.set(area, entry(checked(head)), (byte) 0);
      head = unsigned((short) SHORT.get(area, entry(head) + NEXT));
    }
    VarHandle.releaseFence();
    SHORT.set(area, (long) USED_INDEX, (short) usedIndex);
    int[] heads =
        IntStream.range(0, size)
            .filter(entry -> (byte) BYTE.get(area, entry(entry)) != 0)
            .boxed()
            .sorted((a, b) -> Long.compare(counter(a) - counter(b), 0))
            .mapToInt(Integer::intValue)
            .toArray();
    counter = heads.length == 0 ? 0 : counter(heads[heads.length - 1]) + 1;
    return heads;
  }

  void begin(int head) {
    LONG.set(area, entry(head) + COUNTER, counter++);
    VarHandle.releaseFence();
    BYTE.set(area, entry(head), (byte) 1);
  }

  /** Adds a head to the batch that the next used index covers. */
  void link(int head) {
    next[head] = lastBatchHead;
    SHORT.set(area, entry(head) + NEXT, (short) lastBatchHead);
    VarHandle.releaseFence();
    SHORT.set(area, (long) LAST_BATCH_HEAD, (short) head);
    lastBatchHead = head;
    batch++;
  }

  /** The used index was stored. */
  void used(int usedIndex) {
    VarHandle.releaseFence();
    int head = lastBatchHead;
    for (; batch > 0; batch--) {
      VarHandle.releaseFence();
      BYTE.set(area, entry(head), (byte) 0);
      head = next[head];
    }
    VarHandle.releaseFence();
    SHORT.set(area, (long) USED_INDEX, (short) usedIndex);
  }

  /** A head that was taken is available again, not used. */
  void undo(int head) {
    VarHandle.releaseFence();
    BYTE.set(area, entry(head), (byte) 0);
  }

  /** Makes an area fresh that no ring uses and in which nothing is in flight. */
  static void settle(MemorySegment area, int size) {
    if (IntStream.range(0, size).allMatch(head -> (byte) BYTE.get(area, entry(head)) == 0)) {
      VarHandle.releaseFence();
      SHORT.set(area, (long) VERSION, (short) 0);
    }
  }

  private int get(int offset) {
    return unsigned((short) SHORT.get(area, (long) offset));
  }

  private long counter(int head) {
    return (long) LONG.get(area, entry(head) + COUNTER);
  }

  private int checked(int untrustedHead) throws RingException {
    if (untrustedHead >= size) {
      throw bad("head " + untrustedHead);
    }
    return untrustedHead;
  }

  private static long entry(int head) {
    return ENTRIES + (long) head * ENTRY_BYTES;
  }

  private static RingException bad(String detail) {
    return new RingException(
        RingFault.BAD_SETUP, "the inflight area can't be this queue's: " + detail);
  }
}
