package org.lodge.agent;

/**
 * What the clocks of a guest say, read one after the other within microseconds; untrusted.
 *
 * @param monotonicNanos CLOCK_MONOTONIC
 * @param rawNanos CLOCK_MONOTONIC_RAW
 * @param realtimeNanos CLOCK_REALTIME, since 1970
 */
public record GuestClocks(long monotonicNanos, long rawNanos, long realtimeNanos) {}
