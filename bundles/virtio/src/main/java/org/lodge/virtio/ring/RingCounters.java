package org.lodge.virtio.ring;

/**
 * What happened on a ring since it was opened.
 *
 * @param taken requests given to devices
 * @param completed requests shown to the driver as used
 * @param calls notifications sent to the driver
 * @param callsSpared batches for which the driver wanted no notification
 * @param lateCompletions requests completed after the ring was closed, and dropped
 * @param resubmitted requests given to a device again, after a crash or after being handed back
 */
public record RingCounters(
    long taken,
    long completed,
    long calls,
    long callsSpared,
    long lateCompletions,
    long resubmitted) {}
