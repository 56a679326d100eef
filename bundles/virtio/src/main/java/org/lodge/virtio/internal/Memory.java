package org.lodge.virtio.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.ring.GuestMemory;
import org.lodge.virtio.ring.MemoryRegion;

/**
 * Translates guest addresses. Regions are cut into windows of at most 1 GiB, because a {@link
 * ByteBuffer} can't be longer than 2 GiB; a range that crosses windows is split like one that
 * crosses regions.
 */
final class Memory implements GuestMemory {
  private static final long WINDOW_BYTES = 1L << 30;

  private final long[] starts;
  private final long[] ends;
  private final long[] hostAddresses;
  private final MemorySegment[] segments;
  private final ByteBuffer[] views;
  private final Runnable released;
  private final AtomicInteger holders = new AtomicInteger(1);

  Memory(List<MemoryRegion> regions, Runnable released) {
    var sorted = new ArrayList<>(regions);
    sorted.sort(Comparator.comparingLong(MemoryRegion::guestAddress));
    var windows = new ArrayList<MemoryRegion>();
    var anyOther = new Thread(() -> {});
    long last = 0;
    for (MemoryRegion region : sorted) {
      long sizeBytes = region.bytes().byteSize();
      if (sizeBytes == 0
          || region.guestAddress() < last
          || region.guestAddress() > Long.MAX_VALUE - sizeBytes) {
        throw new IllegalArgumentException(
            "region at 0x%x of %d bytes is empty, overlaps or wraps around"
                .formatted(region.guestAddress(), sizeBytes));
      }
      if (!region.bytes().isAccessibleBy(anyOther) || !region.bytes().isNative()) {
        throw new IllegalArgumentException(
            "region at 0x%x must be native memory that every thread may use"
                .formatted(region.guestAddress()));
      }
      last = region.guestAddress() + sizeBytes;
      for (long at = 0; at < sizeBytes; at += WINDOW_BYTES) {
        windows.add(
            new MemoryRegion(
                region.guestAddress() + at,
                region.bytes().asSlice(at, Math.min(WINDOW_BYTES, sizeBytes - at))));
      }
    }
    this.released = released;
    starts = windows.stream().mapToLong(MemoryRegion::guestAddress).toArray();
    ends =
        windows.stream()
            .mapToLong(window -> window.guestAddress() + window.bytes().byteSize())
            .toArray();
    segments = windows.stream().map(MemoryRegion::bytes).toArray(MemorySegment[]::new);
    hostAddresses = windows.stream().mapToLong(window -> window.bytes().address()).toArray();
    views =
        windows.stream().map(window -> window.bytes().asByteBuffer()).toArray(ByteBuffer[]::new);
  }

  @Override
  public void retain() {
    if (holders.getAndUpdate(count -> count == 0 ? 0 : count + 1) == 0) {
      throw new IllegalStateException("this guest memory has been let go");
    }
  }

  @Override
  public void release() {
    int left = holders.decrementAndGet();
    if (left == 0) {
      released.run();
    } else if (left < 0) {
      throw new IllegalStateException("this guest memory was let go more often than held");
    }
  }

  int windows() {
    return starts.length;
  }

  /** The window that holds an address, or -1. */
  int find(long untrustedAddress) {
    int low = 0;
    int high = starts.length - 1;
    while (low <= high) {
      int middle = (low + high) >>> 1;
      if (untrustedAddress < starts[middle]) {
        high = middle - 1;
      } else if (untrustedAddress >= ends[middle]) {
        low = middle + 1;
      } else {
        return middle;
      }
    }
    return -1;
  }

  long start(int window) {
    return starts[window];
  }

  long end(int window) {
    return ends[window];
  }

  MemorySegment segment(int window) {
    return segments[window];
  }

  long hostAddress(int window) {
    return hostAddresses[window];
  }

  /** A new little-endian view of a whole window. */
  ByteBuffer newView(int window) {
    return views[window].duplicate().order(ByteOrder.LITTLE_ENDIAN);
  }

  /** A range that must lie in one window and be aligned, as a ring's areas do. */
  MemorySegment area(String name, long untrustedAddress, long sizeBytes, int alignment)
      throws RingException {
    int window = find(untrustedAddress);
    if (window < 0 || sizeBytes > ends[window] - untrustedAddress) {
      throw new RingException(
          RingFault.BAD_SETUP,
          "%s at 0x%x of %d bytes is not within one memory region"
              .formatted(name, untrustedAddress, sizeBytes));
    }
    MemorySegment area = segments[window].asSlice(untrustedAddress - starts[window], sizeBytes);
    if (area.address() % alignment != 0) {
      throw new RingException(
          RingFault.BAD_SETUP,
          "%s at 0x%x is not aligned to %d bytes".formatted(name, untrustedAddress, alignment));
    }
    return area;
  }

  /** Copies a range that may cross windows. */
  void copy(long untrustedAddress, byte[] into, int length) throws RingException {
    long address = untrustedAddress;
    int done = 0;
    while (done < length) {
      int window = find(address);
      if (window < 0) {
        throw new RingException(
            RingFault.ADDRESS_NOT_MAPPED, "no memory at 0x%x".formatted(address));
      }
      int part = (int) Math.min(length - done, ends[window] - address);
      MemorySegment.copy(
          segments[window], ValueLayout.JAVA_BYTE, address - starts[window], into, done, part);
      address += part;
      done += part;
    }
  }
}
