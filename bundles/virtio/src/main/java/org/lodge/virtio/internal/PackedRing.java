package org.lodge.virtio.internal;

import static org.lodge.virtio.internal.Layouts.AVAILABLE;
import static org.lodge.virtio.internal.Layouts.INT;
import static org.lodge.virtio.internal.Layouts.SHORT;
import static org.lodge.virtio.internal.Layouts.USED;
import static org.lodge.virtio.internal.Layouts.unsigned;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.ring.RingPort;
import org.lodge.virtio.ring.RingPosition;
import org.lodge.virtio.ring.RingSetup;

/**
 * A packed virtqueue (virtio 1.2 section 2.8).
 *
 * <p>Ordering: the flags of a chain's first descriptor are loaded with acquire before the rest of
 * it; a used element's flags are stored with release after the element, and those of a batch's
 * first element last, which shows the whole batch at once. The full fences stand where those of the
 * split ring do.
 */
final class PackedRing extends AbstractRing {
  private static final int FLAGS = 14;
  private static final int EVENT_FLAGS = 2;
  private static final short EVENT_ENABLE = 0;
  private static final short EVENT_DISABLE = 1;
  private static final short EVENT_INDEX = 2;

  private final PackedInflight inflight;
  private final IndirectTable table;
  private final PackedChainCopy copy;
  private MemorySegment ring;
  private MemorySegment driverEvent;
  private MemorySegment deviceEvent;

  private int nextAvailable;
  private boolean availableWrap;
  private int nextUsed;
  private boolean usedWrap;
  private int descriptorsOut;

  private int batchDescriptors;
  private int batchFirst;
  private short batchFirstFlags;
  private boolean calledBefore;

  PackedRing(RingSetup setup, Memory memory, RingPort port) throws RingException {
    super(setup, memory, port);
    boolean opened = false;
    try {
      table = new IndirectTable(size);
      copy = new PackedChainCopy(size);
      locate(memory);
      RingPosition position = setup.position();
      inflight =
          setup.inflight().isPresent() ? new PackedInflight(setup.inflight().get(), size) : null;
      if (inflight != null) {
        position = inflight.recover(ring, position);
      }
      if (position.nextAvailable() >= size || position.nextUsed() >= size) {
        throw new RingException(
            RingFault.BAD_SETUP, "%s in a ring of %d".formatted(position, size));
      }
      nextAvailable = position.nextAvailable();
      availableWrap = position.availableWrap();
      nextUsed = position.nextUsed();
      usedWrap = position.usedWrap();
      if (inflight != null) {
        resubmitAll();
      }
      opened = true;
    } finally {
      if (!opened) {
        memory.release();
      }
    }
  }

  /** Only from the constructor, so without the monitor. */
  private void resubmitAll() throws RingException {
    int[] ids = inflight.inFlight();
    for (int order = 0; order < ids.length; order++) {
      int count = inflight.load(ids[order], copy.addresses, copy.rests);
      Chain chain = requests.take(ids[order]);
      chain.begin(ids[order]);
      for (int i = 0; i < count; i++) {
        addDescriptor(chain, copy.addresses[i], copy.rests[i]);
      }
      descriptorsOut += count;
      requests.resubmit(chain, order);
    }
    hideUnpublished();
  }

  /**
   * Used elements behind an unpublished first one may have been written before a crash. Their
   * requests begin again, so the driver must not take them for used.
   */
  private void hideUnpublished() {
    int index = nextUsed;
    boolean wrap = usedWrap;
    for (int left = descriptorsOut; left > 0; left--) {
      VarHandle.releaseFence();
      SHORT.set(
          ring, (long) index * Layouts.DESCRIPTOR_BYTES + FLAGS, (short) (wrap ? AVAILABLE : USED));
      if (++index == size) {
        index = 0;
        wrap = !wrap;
      }
    }
  }

  @Override
  void locate(Memory memory) throws RingException {
    ring = memory.area("descriptor ring", setup.descriptorArea(), 16L * size, 16);
    driverEvent = memory.area("driver event area", setup.driverArea(), 4, 4);
    deviceEvent = memory.area("device event area", setup.deviceArea(), 4, 4);
  }

  @Override
  Chain fetch() throws RingException {
    if (!hasWork()) {
      return null;
    }
    int count = copy.take(ring, nextAvailable);
    int id = copy.id(count);
    if (id >= size) {
      throw new RingException(
          RingFault.HEAD_OUT_OF_RANGE, "buffer id %d of %d".formatted(id, size));
    }
    Chain chain = reserve(id, count);
    boolean good = false;
    try {
      chain.begin(id);
      for (int i = 0; i < count; i++) {
        addDescriptor(chain, copy.addresses[i], copy.rests[i]);
      }
      chain.translate(requests.memory());
      good = true;
    } finally {
      if (!good) {
        release(chain, id, count);
      }
    }
    chain.takenAt = nextAvailable;
    chain.takenWrap = availableWrap;
    nextAvailable += count;
    if (nextAvailable >= size) {
      nextAvailable -= size;
      availableWrap = !availableWrap;
    }
    if (inflight != null) {
      inflight.begin(id, count, copy.addresses, copy.rests, nextAvailable, availableWrap);
    }
    return chain;
  }

  private Chain reserve(int id, int count) throws RingException {
    synchronized (requests) {
      Chain chain = requests.take(id);
      if (descriptorsOut + count > size) {
        requests.untake(chain, id);
        throw new RingException(
            RingFault.AVAILABLE_INDEX_JUMPED,
            "%d descriptors beside %d in flight in a ring of %d"
                .formatted(count, descriptorsOut, size));
      }
      descriptorsOut += count;
      return chain;
    }
  }

  private void release(Chain chain, int id, int count) {
    synchronized (requests) {
      descriptorsOut -= count;
      requests.untake(chain, id);
    }
  }

  private void addDescriptor(Chain chain, long address, long rest) throws RingException {
    int flags = (int) (rest >>> 48);
    chain.ringDescriptors++;
    if ((flags & Layouts.INDIRECT) != 0) {
      requireIndirect(flags);
      table.read(requests.memory(), address, (int) rest, false, chain);
    } else {
      chain.add(address, (int) rest, (flags & Layouts.WRITE) != 0);
    }
  }

  @Override
  void disableNotifications() {
    SHORT.set(deviceEvent, (long) EVENT_FLAGS, EVENT_DISABLE);
  }

  @Override
  boolean enableNotifications() {
    if (eventIdx) {
      int position = nextAvailable | (availableWrap ? 0x8000 : 0);
      SHORT.set(deviceEvent, 0L, (short) position);
      VarHandle.releaseFence();
      SHORT.set(deviceEvent, (long) EVENT_FLAGS, EVENT_INDEX);
    } else {
      SHORT.set(deviceEvent, (long) EVENT_FLAGS, EVENT_ENABLE);
    }
    VarHandle.fullFence();
    return hasWork();
  }

  @Override
  public boolean hasWork() {
    int flags =
        unsigned(
            (short)
                SHORT.getAcquire(ring, (long) nextAvailable * Layouts.DESCRIPTOR_BYTES + FLAGS));
    boolean available = (flags & AVAILABLE) != 0;
    return available == availableWrap && available != ((flags & USED) != 0);
  }

  @Override
  void putUsed(Chain chain, int writtenBytes) {
    long at = (long) nextUsed * Layouts.DESCRIPTOR_BYTES;
    short flags =
        (short) ((usedWrap ? AVAILABLE | USED : 0) | (writtenBytes > 0 ? Layouts.WRITE : 0));
    INT.set(ring, at + 8, writtenBytes);
    SHORT.set(ring, at + 12, (short) chain.id);
    if (batchDescriptors == 0) {
      batchFirst = nextUsed;
      batchFirstFlags = flags;
    } else {
      VarHandle.releaseFence();
      SHORT.set(ring, at + FLAGS, flags);
    }
    batchDescriptors += chain.ringDescriptors;
    descriptorsOut -= chain.ringDescriptors;
    nextUsed += chain.ringDescriptors;
    if (nextUsed >= size) {
      nextUsed -= size;
      usedWrap = !usedWrap;
    }
    if (inflight != null) {
      inflight.link(chain.id);
    }
  }

  @Override
  boolean publishUsed() {
    if (inflight != null) {
      inflight.intend(nextUsed, usedWrap);
    }
    VarHandle.releaseFence();
    SHORT.set(ring, (long) batchFirst * Layouts.DESCRIPTOR_BYTES + FLAGS, batchFirstFlags);
    if (inflight != null) {
      inflight.used();
    }
    int before = nextUsed - batchDescriptors;
    batchDescriptors = 0;
    VarHandle.fullFence();
    int wanted = unsigned((short) SHORT.getAcquire(driverEvent, (long) EVENT_FLAGS)) & 3;
    if (wanted != EVENT_INDEX || !eventIdx) {
      return wanted != EVENT_DISABLE;
    }
    if (!calledBefore) {
      calledBefore = true;
      return true;
    }
    int position = unsigned((short) SHORT.getOpaque(driverEvent, 0L));
    int event = position & 0x7fff;
    if (position >>> 15 == 1 != usedWrap) {
      event -= size;
    }
    return Layouts.needsEvent(event, nextUsed, before);
  }

  @Override
  boolean hasUnpublished() {
    return batchDescriptors > 0;
  }

  @Override
  RingPosition where() {
    return new RingPosition(nextAvailable, availableWrap, nextUsed, usedWrap);
  }

  @Override
  void rewindTo(Chain chain) {
    nextAvailable = chain.takenAt;
    availableWrap = chain.takenWrap;
    descriptorsOut -= chain.ringDescriptors;
    if (inflight != null) {
      inflight.undo(chain.id, nextAvailable, availableWrap);
    }
  }
}
