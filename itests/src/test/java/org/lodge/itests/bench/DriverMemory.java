package org.lodge.itests.bench;

import java.util.List;
import org.lodge.linux.LinuxException;
import org.lodge.linux.MemFd;
import org.lodge.linux.SharedMapping;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.ring.MemoryRegion;

/**
 * The memory of the guest that the bench's driver stands for. Contenders that take turns share it,
 * and the pages that data goes to: how these happen to lie in the machine's memory decides how many
 * pieces a large request has, and so how fast a disk does it.
 */
final class DriverMemory implements AutoCloseable {
  static final long GUEST = 0x4000_0000L;
  static final long BYTES = 64 << 20;

  /** Requests that can be out at once. */
  static final int SLOTS = 32;

  private static final int SLOT_BYTES = 128 << 10;

  final MemFd file;
  final GuestArena guest;

  private final SharedMapping mapping;
  private final long[] slots = new long[SLOTS];

  DriverMemory() throws LinuxException {
    file = MemFd.sealed("bench-guest", BYTES);
    mapping = SharedMapping.of(file, 0, BYTES);
    mapping.segment().fill((byte) 0);
    guest = new GuestArena(List.of(new MemoryRegion(GUEST, mapping.segment())));
    for (int slot = 0; slot < SLOTS; slot++) {
      slots[slot] = guest.allocate(SLOT_BYTES, 4096);
    }
  }

  /** The guest's address of a request's data. */
  long dataAt(int slot) {
    return slots[slot];
  }

  @Override
  public void close() {
    mapping.close();
    file.close();
  }
}
