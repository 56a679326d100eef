package org.lodge.vhostuser;

/**
 * Other device logic took over, or was refused.
 *
 * @param from version that served before; empty if none did
 * @param to version that serves now, or was refused; empty if none was left
 * @param taken false if it was refused and {@code from} goes on
 * @param reason of the refusal, as one sentence; empty if taken
 * @param pauseMicros how long no ring was served
 */
public record Takeover(String from, String to, boolean taken, String reason, long pauseMicros) {}
