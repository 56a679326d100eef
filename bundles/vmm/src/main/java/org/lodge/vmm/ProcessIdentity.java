package org.lodge.vmm;

/**
 * A process id that can't be mistaken for that of a later process.
 *
 * @param startTicks field 22 of {@code /proc/PID/stat}: clock ticks after boot
 * @param bootId {@code /proc/sys/kernel/random/boot_id}
 */
public record ProcessIdentity(long pid, long startTicks, String bootId) {}
