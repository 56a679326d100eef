package org.lodge.virtio.ring;

import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Where a ring lies and where it goes on. Nothing of it needs to be checked before.
 *
 * @param index of the queue in its device
 * @param size in descriptors: a power of two for a split ring, up to 32768
 * @param acceptedFeatures by the driver; decides between split and packed, indirect, event index
 * @param descriptorArea guest address of the descriptor table or the packed ring
 * @param driverArea guest address of the available ring or the driver's event suppression
 * @param deviceArea guest address of the used ring or the device's event suppression
 * @param position where to go on; the used part counts for packed rings only
 * @param inflight this queue's part of the inflight area, kept by the transport over a crash; see
 *     {@link Rings#inflightBytes}
 */
public record RingSetup(
    int index,
    int size,
    long acceptedFeatures,
    long descriptorArea,
    long driverArea,
    long deviceArea,
    RingPosition position,
    Optional<MemorySegment> inflight) {}
