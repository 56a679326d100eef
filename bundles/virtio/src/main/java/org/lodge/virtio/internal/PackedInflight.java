package org.lodge.virtio.internal;

import static org.lodge.virtio.internal.Layouts.INT;
import static org.lodge.virtio.internal.Layouts.LONG;
import static org.lodge.virtio.internal.Layouts.SHORT;
import static org.lodge.virtio.internal.Layouts.unsigned;

import java.lang.foreign.MemorySegment;
import java.util.stream.IntStream;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.ring.RingPosition;

/**
 * The record of requests in flight in a packed ring. A packed ring overwrites descriptors that are
 * still in flight, so it keeps copies of them. The layout is Lodge's own, as the front-end only
 * keeps the area.
 *
 * <pre>
 *  0 u64 features   8 u16 version (0: fresh)   10 u16 size   12 u16 used   14 u16 used after the batch
 * 16 u16 batch head   18 u16 batch length (0: none about to be shown)      positions: index, bit 15 wrap
 * 64 + 16 id:             u64 counter * 2 + in flight, u16 first copy, u16 copies, u16 available after, u16 batch next
 * 64 + 16 size + 16 n:    u64 address, u32 length, u16 flags, u16 next copy
 * </pre>
 *
 * <p>A request is taken by one store (its counter), and used by one store (the ring's flags);
 * whether the latter happened is seen in the ring.
 */
final class PackedInflight {
  private static final int VERSION = 8;
  private static final short VERSION_PACKED = (short) 0x8001;
  private static final int SIZE = 10;
  private static final int USED = 12;
  private static final int USED_AFTER = 14;
  private static final int BATCH_HEAD = 16;
  private static final int BATCH_LENGTH = 18;
  private static final int ENTRIES = 64;
  private static final int FIRST_COPY = 8;
  private static final int COPIES = 10;
  private static final int AVAILABLE_AFTER = 12;
  private static final int BATCH_NEXT = 14;

  private final MemorySegment area;
  private final int size;
  private final int[] freeCopies;
  private int freeCount;
  private long counter = 1;
  private int batch;
  private int batchHead;

  PackedInflight(MemorySegment area, int size) throws RingException {
    if (area.byteSize() < sizeBytes(size) || area.address() % 8 != 0) {
      throw bad("%d bytes at 0x%x".formatted(area.byteSize(), area.address()));
    }
    this.area = area;
    this.size = size;
    freeCopies = new int[size];
  }

  static long sizeBytes(int size) {
    return ENTRIES + 32L * size;
  }

  /**
   * Makes the record agree with the ring.
   *
   * @param given used where the record is fresh
   */
  RingPosition recover(MemorySegment ring, RingPosition given) throws RingException {
    if (get(VERSION) == 0) {
      area.fill((byte) 0);
      set(SIZE, size);
      set(USED, position(given.nextUsed(), given.usedWrap()));
      SHORT.setRelease(area, (long) VERSION, VERSION_PACKED);
      IntStream.range(0, size).forEach(copy -> freeCopies[freeCount++] = copy);
      return given;
    }
    if (get(VERSION) != unsigned(VERSION_PACKED)
        || get(SIZE) != size
        || (get(USED) & 0x7fff) >= size
        || get(BATCH_LENGTH) > size) {
      throw bad("version %x, queue size %d".formatted(get(VERSION), get(SIZE)));
    }
    if (get(BATCH_LENGTH) > 0) {
      if (shown(ring, get(USED))) {
        batch = get(BATCH_LENGTH);
        batchHead = get(BATCH_HEAD);
        used();
      }
      set(BATCH_LENGTH, 0);
    }
    int last =
        IntStream.range(0, size)
            .reduce((a, b) -> state(a) >>> 1 >= state(b) >>> 1 ? a : b)
            .orElseThrow();
    counter = (state(last) >>> 1) + 1;
    int available =
        state(last) == 0
            ? position(given.nextAvailable(), given.availableWrap())
            : unsigned((short) SHORT.get(area, entry(last) + AVAILABLE_AFTER));
    collectFreeCopies();
    return new RingPosition(
        available & 0x7fff,
        (available & 0x8000) != 0,
        get(USED) & 0x7fff,
        (get(USED) & 0x8000) != 0);
  }

  /** Whether the descriptor at the old used position is anything but still available. */
  private static boolean shown(MemorySegment ring, int used) {
    boolean wrap = (used & 0x8000) != 0;
    int flags = unsigned((short) SHORT.getAcquire(ring, 16L * (used & 0x7fff) + 14));
    return ((flags & Layouts.AVAILABLE) != 0) != wrap || ((flags & Layouts.USED) != 0) == wrap;
  }

  private void collectFreeCopies() throws RingException {
    boolean[] taken = new boolean[size];
    freeCount = 0;
    for (int id : inFlight()) {
      int copy = unsigned((short) SHORT.get(area, entry(id) + FIRST_COPY));
      for (int left = unsigned((short) SHORT.get(area, entry(id) + COPIES)); left > 0; left--) {
        if (copy >= size || taken[copy]) {
          throw bad("copy %d of id %d".formatted(copy, id));
        }
        taken[copy] = true;
        copy = unsigned((short) SHORT.get(area, copy(copy) + 14));
      }
    }
    IntStream.range(0, size)
        .filter(copy -> !taken[copy])
        .forEach(copy -> freeCopies[freeCount++] = copy);
  }

  /** The ids in flight, in the order in which they were taken. */
  int[] inFlight() {
    return IntStream.range(0, size)
        .filter(id -> (state(id) & 1) != 0)
        .boxed()
        .sorted((a, b) -> Long.compare(state(a), state(b)))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * Reads the copies of a request's descriptors back.
   *
   * @return how many there are
   */
  int load(int id, long[] addresses, long[] rests) {
    int count = unsigned((short) SHORT.get(area, entry(id) + COPIES));
    int copy = unsigned((short) SHORT.get(area, entry(id) + FIRST_COPY));
    for (int i = 0; i < count; i++) {
      addresses[i] = (long) LONG.get(area, copy(copy));
      int flags = unsigned((short) SHORT.get(area, copy(copy) + 12));
      rests[i] =
          Integer.toUnsignedLong((int) INT.get(area, copy(copy) + 8))
              | (long) id << 32
              | (long) flags << 48;
      copy = unsigned((short) SHORT.get(area, copy(copy) + 14));
    }
    return count;
  }

  synchronized void begin(
      int id, int count, long[] addresses, long[] rests, int available, boolean wrap) {
    int next = 0;
    for (int i = count - 1; i >= 0; i--) {
      int copy = freeCopies[--freeCount];
      LONG.set(area, copy(copy), addresses[i]);
      INT.set(area, copy(copy) + 8, (int) rests[i]);
      SHORT.set(area, copy(copy) + 12, (short) (rests[i] >>> 48));
      SHORT.set(area, copy(copy) + 14, (short) next);
      next = copy;
    }
    SHORT.set(area, entry(id) + FIRST_COPY, (short) next);
    SHORT.set(area, entry(id) + COPIES, (short) count);
    SHORT.set(area, entry(id) + AVAILABLE_AFTER, (short) position(available, wrap));
    LONG.setRelease(area, entry(id), counter++ << 1 | 1);
  }

  synchronized void link(int id) {
    SHORT.set(area, entry(id) + BATCH_NEXT, (short) batchHead);
    batchHead = id;
    batch++;
  }

  synchronized void intend(int nextUsed, boolean wrap) {
    set(USED_AFTER, position(nextUsed, wrap));
    set(BATCH_HEAD, batchHead);
    SHORT.setRelease(area, (long) BATCH_LENGTH, (short) batch);
  }

  synchronized void used() {
    int id = batchHead;
    for (; batch > 0; batch--) {
      end(id);
      id = unsigned((short) SHORT.get(area, entry(id) + BATCH_NEXT)) % size;
    }
    SHORT.setRelease(area, (long) USED, (short) get(USED_AFTER));
    SHORT.setRelease(area, (long) BATCH_LENGTH, (short) 0);
  }

  synchronized void undo(int id, int available, boolean wrap) {
    SHORT.setRelease(area, entry(id) + AVAILABLE_AFTER, (short) position(available, wrap));
    end(id);
  }

  private void end(int id) {
    int copy = unsigned((short) SHORT.get(area, entry(id) + FIRST_COPY));
    for (int left = unsigned((short) SHORT.get(area, entry(id) + COPIES)); left > 0; left--) {
      if (freeCount < size) {
        freeCopies[freeCount++] = copy;
      }
      copy = unsigned((short) SHORT.get(area, copy(copy) + 14)) % size;
    }
    LONG.setRelease(area, entry(id), state(id) & ~1L);
  }

  void forget() {
    SHORT.setRelease(area, (long) VERSION, (short) 0);
  }

  private long state(int id) {
    return (long) LONG.get(area, entry(id));
  }

  private int get(int offset) {
    return unsigned((short) SHORT.get(area, (long) offset));
  }

  private void set(int offset, int value) {
    SHORT.setRelease(area, (long) offset, (short) value);
  }

  private static int position(int index, boolean wrap) {
    return index | (wrap ? 0x8000 : 0);
  }

  private static long entry(int id) {
    return ENTRIES + 16L * id;
  }

  private long copy(int copy) {
    return ENTRIES + 16L * size + 16L * copy;
  }

  static RingException bad(String detail) {
    return new RingException(
        RingFault.BAD_SETUP, "the inflight area can't be this queue's: " + detail);
  }
}
