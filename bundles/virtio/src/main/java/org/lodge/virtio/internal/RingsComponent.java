package org.lodge.virtio.internal;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.lodge.virtio.Feature;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.ring.GuestMemory;
import org.lodge.virtio.ring.MemoryRegion;
import org.lodge.virtio.ring.Ring;
import org.lodge.virtio.ring.RingPort;
import org.lodge.virtio.ring.RingSetup;
import org.lodge.virtio.ring.Rings;
import org.osgi.service.component.annotations.Component;

/** The service that transports make rings with. */
@Component
public final class RingsComponent implements Rings {
  private static final int SIZE_MAX = 32768;

  @Override
  public GuestMemory memory(List<MemoryRegion> regions, Runnable released) {
    return new Memory(regions, released);
  }

  @Override
  public Ring open(RingSetup setup, GuestMemory memory, RingPort port) throws RingException {
    if (setup.size() < 1 || setup.size() > SIZE_MAX) {
      throw new RingException(
          RingFault.BAD_SETUP, "size %d is not from 1 to %d".formatted(setup.size(), SIZE_MAX));
    }
    return Feature.RING_PACKED.in(setup.acceptedFeatures())
        ? new PackedRing(setup, (Memory) memory, port)
        : new SplitRing(setup, (Memory) memory, port);
  }

  @Override
  public long inflightBytes(int size, boolean packed) {
    long sizeBytes = packed ? PackedInflight.sizeBytes(size) : SplitInflight.sizeBytes(size);
    return sizeBytes + 63 & -64L;
  }

  @Override
  public void settleInflight(MemorySegment area, int size, boolean packed) {
    if (packed) {
      PackedInflight.settle(area, size);
    } else {
      SplitInflight.settle(area, size);
    }
  }
}
