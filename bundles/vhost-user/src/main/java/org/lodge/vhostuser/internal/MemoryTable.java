package org.lodge.vhostuser.internal;

import java.util.ArrayList;
import java.util.List;
import org.lodge.virtio.ring.GuestMemory;
import org.lodge.virtio.ring.MemoryRegion;
import org.lodge.virtio.ring.Rings;

/**
 * The guest's memory as the front-end describes it (vhost-user, "Memory regions description"). It
 * changes as a whole: rings go over to the new memory, requests in flight stay with the old one.
 * Belongs to the control thread.
 */
final class MemoryTable {
  static final int REGION_BYTES = 32;

  /** As libvhost-user: enough for every DIMM slot that QEMU has. */
  static final int MAX_SLOTS = 509;

  private final Rings rings;
  private final MappingLimit limit = new MappingLimit();
  private List<MappedRegion> regions = List.of();
  private GuestMemory current;

  MemoryTable(Rings rings) {
    this.rings = rings;
  }

  /** What all that is mapped for this table counts against. */
  MappingLimit limit() {
    return limit;
  }

  List<MappedRegion> regions() {
    return regions;
  }

  /** Null while there is no region. */
  GuestMemory memory() {
    return current;
  }

  /** Takes over regions that an earlier process had checked. */
  void restore(List<MappedRegion> restored) throws RefusedException {
    become(restored);
  }

  /**
   * Replaces all regions and owns the new ones, which are dropped where they are refused.
   *
   * @return what to let go once the rings use the new memory
   */
  Former replace(List<MappedRegion> untrustedRegions) throws RefusedException {
    List<MappedRegion> before = regions;
    GuestMemory memory = current;
    try {
      become(untrustedRegions);
    } catch (RefusedException e) {
      untrustedRegions.forEach(MappedRegion::drop);
      throw e;
    }
    return new Former(memory, before);
  }

  Former add(MappedRegion untrustedRegion) throws RefusedException {
    List<MappedRegion> after = new ArrayList<>(regions);
    List<MappedRegion> gone = new ArrayList<>();
    GuestMemory memory = current;
    try {
      // The same once more: a message that our predecessor was killed over.
      after.removeIf(each ->
          each.isSameRange(
                  untrustedRegion.guestAddress,
                  untrustedRegion.sizeBytes,
                  untrustedRegion.userAddress)
              && gone.add(each));
      if (after.size() >= MAX_SLOTS) {
        throw new RefusedException("more than " + MAX_SLOTS + " memory slots");
      }
      after.add(untrustedRegion);
      become(after);
    } catch (RefusedException e) {
      untrustedRegion.drop();
      throw e;
    }
    return new Former(memory, gone);
  }

  /** The offset in the file is no part of a region's identity. */
  Former remove(long guestAddress, long sizeBytes, long userAddress) throws RefusedException {
    for (MappedRegion region : regions) {
      if (region.isSameRange(guestAddress, sizeBytes, userAddress)) {
        List<MappedRegion> after = new ArrayList<>(regions);
        after.remove(region);
        GuestMemory memory = current;
        become(after);
        return new Former(memory, List.of(region));
      }
    }
    throw new RefusedException(
        "there is no region of %#x bytes at %#x".formatted(sizeBytes, guestAddress));
  }

  /** Forgets everything; memory stays mapped as long as requests use it. */
  void clear() {
    new Former(current, regions).drop();
    regions = List.of();
    current = null;
  }

  /** Lets go without telling the store. */
  void close() {
    if (current != null) {
      current.release();
      current = null;
    }
    regions.forEach(MappedRegion::release);
    regions = List.of();
  }

  private void become(List<MappedRegion> after) throws RefusedException {
    for (int i = 0; i < after.size(); i++) {
      for (int j = 0; j < i; j++) {
        if (after.get(i).overlaps(after.get(j))) {
          throw new RefusedException(after.get(i) + " overlaps " + after.get(j));
        }
      }
    }
    List<MappedRegion> held = List.copyOf(after);
    held.forEach(MappedRegion::retain);
    current =
        held.isEmpty()
            ? null
            : rings.memory(
                held.stream()
                    .map(each -> new MemoryRegion(each.guestAddress, each.mapping().segment()))
                    .toList(),
                () -> held.forEach(MappedRegion::release));
    regions = held;
  }

  /**
   * The guest address behind an address of the front-end's own, as rings are given.
   *
   * @throws RefusedException if it is in no region
   */
  long guestAddress(long untrustedUserAddress) throws RefusedException {
    for (MappedRegion region : regions) {
      long offset = untrustedUserAddress - region.userAddress;
      if (offset >= 0 && offset < region.sizeBytes) {
        return region.guestAddress + offset;
      }
    }
    throw new RefusedException(
        "the front-end's address %#x is in no memory region".formatted(untrustedUserAddress));
  }

  /** What a change has left over. */
  record Former(GuestMemory memory, List<MappedRegion> gone) {
    void drop() {
      if (memory != null) {
        memory.release();
      }
      gone.forEach(MappedRegion::drop);
    }
  }
}
