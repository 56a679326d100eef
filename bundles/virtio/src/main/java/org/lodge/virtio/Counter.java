package org.lodge.virtio;

/**
 * A number that a device counts.
 *
 * @param name lower case with dots, such as {@code read.bytes} or {@code latency.p99}
 * @param unit such as {@code bytes}, {@code requests}, {@code microseconds}
 */
public record Counter(String name, String unit, long value) {}
