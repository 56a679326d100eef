package org.lodge.virtio.internal;

import static org.lodge.virtio.internal.Layouts.INT;
import static org.lodge.virtio.internal.Layouts.LONG;
import static org.lodge.virtio.internal.Layouts.SHORT;
import static org.lodge.virtio.internal.Layouts.unsigned;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
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
  private static final int COPY_NEXT = 14;

  private final MemorySegment area;
  private final int size;
  private final int[] freeCopies;

  /** Our own copies of what the area says: others who hold it can't lead us astray. */
  private final long[] states;

  private final int[] firstCopies;
  private final int[] copyCounts;
  private final int[] nextCopies;
  private final int[] batchNexts;
  private int freeCount;
  private long counter = 1;

  /** The id that was taken last, whose entry tells where to go on. */
  private int last;

  private int batch;
  private int batchHead;
  private int usedAfter;

  PackedInflight(MemorySegment area, int size) throws RingException {
    if (area.byteSize() < sizeBytes(size) || area.address() % 8 != 0) {
      throw bad("%d bytes at 0x%x".formatted(area.byteSize(), area.address()));
    }
    this.area = area;
    this.size = size;
    freeCopies = new int[size];
    states = new long[size];
    firstCopies = new int[size];
    copyCounts = new int[size];
    nextCopies = new int[size];
    batchNexts = new int[size];
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
      VarHandle.releaseFence();
      SHORT.set(area, (long) VERSION, VERSION_PACKED);
      IntStream.range(0, size).forEach(copy -> freeCopies[freeCount++] = copy);
      return given;
    }
    int used = get(USED);
    usedAfter = get(USED_AFTER);
    if (get(VERSION) != unsigned(VERSION_PACKED)
        || get(SIZE) != size
        || (used & 0x7fff) >= size
        || (usedAfter & 0x7fff) >= size
        || get(BATCH_LENGTH) > size) {
      throw bad("version %x, queue size %d".formatted(get(VERSION), get(SIZE)));
    }
    readOnce();
    batch = Math.min(size, get(BATCH_LENGTH));
    if (batch > 0 && shown(ring, used)) {
      batchHead = index(BATCH_HEAD);
      used();
      used = usedAfter;
    }
    batch = 0;
    set(BATCH_LENGTH, 0);
    last =
        IntStream.range(0, size)
            .reduce((a, b) -> states[a] >>> 1 >= states[b] >>> 1 ? a : b)
            .orElseThrow();
    counter = (states[last] >>> 1) + 1;
    int available =
        states[last] == 0
            ? position(given.nextAvailable(), given.availableWrap())
            : unsigned((short) SHORT.get(area, entry(last) + AVAILABLE_AFTER));
    collectFreeCopies();
    return new RingPosition(
        available & 0x7fff, (available & 0x8000) != 0, used & 0x7fff, (used & 0x8000) != 0);
  }

  private void readOnce() throws RingException {
    for (int i = 0; i < size; i++) {
      states[i] = (long) LONG.get(area, entry(i));
      firstCopies[i] = index(entry(i) + FIRST_COPY);
      copyCounts[i] = unsigned((short) SHORT.get(area, entry(i) + COPIES));
      batchNexts[i] = index(entry(i) + BATCH_NEXT);
      nextCopies[i] = index(copy(i) + COPY_NEXT);
      if (copyCounts[i] > size) {
        throw bad("%d copies of id %d".formatted(copyCounts[i], i));
      }
    }
  }

  private int index(long offset) throws RingException {
    int index = unsigned((short) SHORT.get(area, offset));
    if (index >= size) {
      throw bad("index %d at %d".formatted(index, offset));
    }
    return index;
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
      int copy = firstCopies[id];
      for (int left = copyCounts[id]; left > 0; left--) {
        if (taken[copy]) {
          throw bad("copy %d of id %d".formatted(copy, id));
        }
        taken[copy] = true;
        copy = nextCopies[copy];
      }
    }
    IntStream.range(0, size)
        .filter(copy -> !taken[copy])
        .forEach(copy -> freeCopies[freeCount++] = copy);
  }

  /** The ids in flight, in the order in which they were taken. */
  int[] inFlight() {
    return IntStream.range(0, size)
        .filter(id -> (states[id] & 1) != 0)
        .boxed()
        .sorted((a, b) -> Long.compare(states[a], states[b]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  /**
   * Reads the copies of a request's descriptors back.
   *
   * @return how many there are
   */
  int load(int id, long[] addresses, long[] rests) {
    int count = copyCounts[id];
    int copy = firstCopies[id];
    for (int i = 0; i < count; i++) {
      addresses[i] = (long) LONG.get(area, copy(copy));
      int flags = unsigned((short) SHORT.get(area, copy(copy) + 12));
      rests[i] =
          Integer.toUnsignedLong((int) INT.get(area, copy(copy) + 8))
              | (long) id << 32
              | (long) flags << 48;
      copy = nextCopies[copy];
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
      SHORT.set(area, copy(copy) + COPY_NEXT, (short) next);
      nextCopies[copy] = next;
      next = copy;
    }
    SHORT.set(area, entry(id) + FIRST_COPY, (short) next);
    SHORT.set(area, entry(id) + COPIES, (short) count);
    SHORT.set(area, entry(id) + AVAILABLE_AFTER, (short) position(available, wrap));
    firstCopies[id] = next;
    copyCounts[id] = count;
    last = id;
    states[id] = counter++ << 1 | 1;
    VarHandle.releaseFence();
    LONG.set(area, entry(id), states[id]);
  }

  synchronized void link(int id) {
    SHORT.set(area, entry(id) + BATCH_NEXT, (short) batchHead);
    batchNexts[id] = batchHead;
    batchHead = id;
    batch++;
  }

  synchronized void intend(int nextUsed, boolean wrap) {
    usedAfter = position(nextUsed, wrap);
    set(USED_AFTER, usedAfter);
    set(BATCH_HEAD, batchHead);
    VarHandle.releaseFence();
    SHORT.set(area, (long) BATCH_LENGTH, (short) batch);
  }

  synchronized void used() {
    int id = batchHead;
    for (; batch > 0; batch--) {
      end(id);
      id = batchNexts[id];
    }
    VarHandle.releaseFence();
    SHORT.set(area, (long) USED, (short) usedAfter);
    VarHandle.releaseFence();
    SHORT.set(area, (long) BATCH_LENGTH, (short) 0);
  }

  synchronized void undo(int id, int available, boolean wrap) {
    VarHandle.releaseFence();
    SHORT.set(area, entry(last) + AVAILABLE_AFTER, (short) position(available, wrap));
    end(id);
  }

  private void end(int id) {
    if ((states[id] & 1) == 0) {
      return;
    }
    int copy = firstCopies[id];
    for (int left = copyCounts[id]; left > 0 && freeCount < size; left--) {
      freeCopies[freeCount++] = copy;
      copy = nextCopies[copy];
    }
    states[id] &= ~1L;
    VarHandle.releaseFence();
    LONG.set(area, entry(id), states[id]);
  }

  /** Makes an area fresh that no ring uses and in which nothing is in flight. */
  static void settle(MemorySegment area, int size) {
    if (IntStream.range(0, size).allMatch(id -> ((long) LONG.get(area, entry(id)) & 1) == 0)) {
      VarHandle.releaseFence();
      SHORT.set(area, (long) VERSION, (short) 0);
    }
  }

  private int get(int offset) {
    return unsigned((short) SHORT.get(area, (long) offset));
  }

  private void set(int offset, int value) {
    VarHandle.releaseFence();
    SHORT.set(area, (long) offset, (short) value);
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
