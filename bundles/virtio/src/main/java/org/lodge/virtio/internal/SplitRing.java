package org.lodge.virtio.internal;

import static org.lodge.virtio.internal.Layouts.INT;
import static org.lodge.virtio.internal.Layouts.LONG;
import static org.lodge.virtio.internal.Layouts.SHORT;
import static org.lodge.virtio.internal.Layouts.unsigned;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.ring.RingPort;
import org.lodge.virtio.ring.RingPosition;
import org.lodge.virtio.ring.RingSetup;

/**
 * A split virtqueue (virtio 1.2 section 2.7).
 *
 * <p>Ordering: the available index is loaded with acquire before its entries and descriptors; the
 * used index is stored with release after the used elements; and a full fence stands between a
 * store of our index and the load of what the other side wants to be notified of, and between our
 * own wish and a last look at the available index (sections 2.7.7.2 and 2.7.13.4).
 */
final class SplitRing extends AbstractRing {
  private static final int INDEX = 2;
  private static final int RING = 4;
  private static final short NO_INTERRUPT = 1;
  private static final short NO_NOTIFY = 1;

  private final int mask;
  private final SplitInflight inflight;
  private final IndirectTable table;
  private MemorySegment descriptors;
  private MemorySegment available;
  private MemorySegment used;

  private int nextAvailable;
  private int seenAvailable;
  private int nextUsed;
  private int publishedUsed;
  private boolean calledBefore;

  SplitRing(RingSetup setup, Memory memory, RingPort port) throws RingException {
    super(setup, memory, port);
    boolean opened = false;
    try {
      if (Integer.bitCount(size) != 1) {
        throw new RingException(RingFault.BAD_SETUP, "size %d is no power of two".formatted(size));
      }
      mask = size - 1;
      table = new IndirectTable(size);
      locate(memory);
      nextAvailable = setup.position().nextAvailable() & 0xffff;
      nextUsed = unsigned((short) SHORT.getAcquire(used, (long) INDEX));
      publishedUsed = nextUsed;
      inflight =
          setup.inflight().isPresent() ? new SplitInflight(setup.inflight().get(), size) : null;
      if (inflight != null) {
        recover();
      }
      seenAvailable = nextAvailable;
      opened = true;
    } finally {
      if (!opened) {
        memory.release();
      }
    }
  }

  /** Only from the constructor, so without the monitor. */
  private void recover() throws RingException {
    int[] heads = inflight.recover(nextUsed);
    if (heads == null) {
      return;
    }
    for (int order = 0; order < heads.length; order++) {
      Chain chain = requests.take(heads[order]);
      walk(heads[order], chain);
      requests.resubmit(chain, order);
    }
    nextAvailable = nextUsed + heads.length & 0xffff;
  }

  @Override
  void locate(Memory memory) throws RingException {
    descriptors = memory.area("descriptor table", setup.descriptorArea(), 16L * size, 16);
    available = memory.area("available ring", setup.driverArea(), RING + 2L * size + 2, 2);
    used = memory.area("used ring", setup.deviceArea(), RING + 8L * size + 2, 4);
  }

  @Override
  Chain fetch() throws RingException {
    if (nextAvailable == seenAvailable && !lookForMore()) {
      return null;
    }
    int head = unsigned((short) SHORT.get(available, RING + 2L * (nextAvailable & mask)));
    if (head >= size) {
      throw new RingException(RingFault.HEAD_OUT_OF_RANGE, "head %d of %d".formatted(head, size));
    }
    Chain chain;
    synchronized (requests) {
      chain = requests.take(head);
    }
    boolean good = false;
    try {
      walk(head, chain);
      chain.translate(requests.memory());
      good = true;
    } finally {
      if (!good) {
        synchronized (requests) {
          requests.untake(chain, head);
        }
      }
    }
    if (inflight != null) {
      inflight.begin(head);
    }
    chain.takenAt = nextAvailable;
    nextAvailable = nextAvailable + 1 & 0xffff;
    return chain;
  }

  private boolean lookForMore() throws RingException {
    int untrustedIndex = unsigned((short) SHORT.getAcquire(available, (long) INDEX));
    int ahead = untrustedIndex - nextAvailable & 0xffff;
    if (ahead > size) {
      throw new RingException(
          RingFault.AVAILABLE_INDEX_JUMPED,
          "from %d to %d in a ring of %d".formatted(nextAvailable, untrustedIndex, size));
    }
    seenAvailable = untrustedIndex;
    return ahead > 0;
  }

  /** Each descriptor is loaded once, as two longs that no compiler may load again. */
  private void walk(int head, Chain into) throws RingException {
    into.begin(head);
    int index = head;
    for (int steps = 0; steps < size; steps++) {
      long at = (long) index * Layouts.DESCRIPTOR_BYTES;
      long address = (long) LONG.getOpaque(descriptors, at);
      long rest = (long) LONG.getOpaque(descriptors, at + 8);
      int flags = (int) (rest >>> 32) & 0xffff;
      into.ringDescriptors++;
      if ((flags & Layouts.INDIRECT) != 0) {
        requireIndirect(flags);
        table.read(requests.memory(), address, (int) rest, true, into);
        return;
      }
      into.add(address, (int) rest, (flags & Layouts.WRITE) != 0);
      if ((flags & Layouts.NEXT) == 0) {
        return;
      }
      index = (int) (rest >>> 48);
      if (index >= size) {
        throw new RingException(
            RingFault.NEXT_OUT_OF_RANGE, "descriptor %d of %d".formatted(index, size));
      }
    }
    throw new RingException(
        RingFault.CHAIN_TOO_LONG, "more than %d descriptors from head %d".formatted(size, head));
  }

  @Override
  void disableNotifications() {
    if (!eventIdx) {
      SHORT.set(used, 0L, NO_NOTIFY);
    }
  }

  @Override
  boolean enableNotifications() {
    if (eventIdx) {
      SHORT.set(used, RING + 8L * size, (short) nextAvailable);
    } else {
      SHORT.set(used, 0L, (short) 0);
    }
    VarHandle.fullFence();
    return hasWork();
  }

  @Override
  public boolean hasWork() {
    return (short) SHORT.getAcquire(available, (long) INDEX) != (short) nextAvailable;
  }

  @Override
  void putUsed(Chain chain, int writtenBytes) {
    long at = RING + 8L * (nextUsed & mask);
    INT.set(used, at, chain.id);
    INT.set(used, at + 4, writtenBytes);
    nextUsed = nextUsed + 1 & 0xffff;
    if (inflight != null) {
      inflight.link(chain.id);
    }
  }

  @Override
  boolean publishUsed() {
    int before = publishedUsed;
    VarHandle.releaseFence();
    SHORT.set(used, (long) INDEX, (short) nextUsed);
    publishedUsed = nextUsed;
    if (inflight != null) {
      inflight.used(nextUsed);
    }
    VarHandle.fullFence();
    if (!eventIdx) {
      return ((short) SHORT.getOpaque(available, 0L) & NO_INTERRUPT) == 0;
    }
    if (!calledBefore) {
      calledBefore = true;
      return true;
    }
    int event = unsigned((short) SHORT.getOpaque(available, RING + 2L * size));
    return Layouts.needsEvent(event, nextUsed, before);
  }

  @Override
  boolean hasUnpublished() {
    return nextUsed != publishedUsed;
  }

  @Override
  RingPosition where() {
    return new RingPosition(nextAvailable, true, publishedUsed, true);
  }

  @Override
  void rewindTo(Chain chain) {
    nextAvailable = chain.takenAt;
    seenAvailable = chain.takenAt;
    if (inflight != null) {
      inflight.undo(chain.id);
    }
  }
}
