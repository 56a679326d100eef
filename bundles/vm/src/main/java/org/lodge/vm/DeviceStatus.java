package org.lodge.vm;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A device of a guest at one moment.
 *
 * @param config the device's own keys
 * @param version of the logic that serves it; empty while there is none
 * @param trouble why it can't do its work, as one sentence; empty while all is well
 * @param takeovers how often other logic has taken over
 * @param lastTakeover the last one or the last refusal
 */
public record DeviceStatus(
    String guest,
    String id,
    String type,
    Map<String, Object> config,
    State state,
    Optional<String> version,
    List<Counter> counters,
    Optional<String> trouble,
    int takeovers,
    Optional<Takeover> lastTakeover) {

  public DeviceStatus {
    config = Map.copyOf(config);
    counters = List.copyOf(counters);
  }

  /** How far the guest has come with it. */
  public enum State {
    /** The guest's monitor is not connected. */
    UNCONNECTED,
    /** The monitor is connected; no driver of the guest uses it. */
    UNUSED,
    /** A driver of the guest uses it. */
    RUNNING,
    /** It is not served. */
    CLOSED
  }

  /**
   * A number that the device counts.
   *
   * @param name such as {@code read.bytes}
   * @param unit such as {@code bytes}, {@code requests}, {@code microseconds}
   */
  public record Counter(String name, String unit, long value) {}

  /**
   * Other logic took over, or was refused.
   *
   * @param from version that served before
   * @param to version that serves now, or was refused
   * @param taken false if it was refused and {@code from} goes on
   * @param reason of the refusal, as one sentence; empty if taken
   * @param pauseMicros how long nothing was served
   */
  public record Takeover(String from, String to, boolean taken, String reason, long pauseMicros) {}
}
