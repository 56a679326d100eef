package org.lodge.virtio.ring;

import java.lang.foreign.MemorySegment;

/**
 * A range of guest memory, mapped by the transport.
 *
 * @param guestAddress of its first byte
 * @param bytes of any size, in an arena that any thread may use and that is not closed before
 *     {@link GuestMemory} has been let go
 */
public record MemoryRegion(long guestAddress, MemorySegment bytes) {}
