package org.lodge.vhostuser;

import java.util.List;
import java.util.Optional;
import org.lodge.virtio.Counter;

/**
 * How a device does at one moment.
 *
 * @param link how far the monitor has come
 * @param logicVersion of the device logic that serves; empty while there is none
 * @param acceptedFeatures bits that the driver accepted
 * @param rings those that were set up at some time
 * @param counters of the device
 * @param trouble why it can't do its work, as one sentence; empty while all is well
 * @param takeovers how often other logic has taken over
 * @param lastTakeover the last one or the last refusal
 */
public record BackendStatus(
    Link link,
    Optional<String> logicVersion,
    long acceptedFeatures,
    List<RingStatus> rings,
    List<Counter> counters,
    Optional<String> trouble,
    int takeovers,
    Optional<Takeover> lastTakeover) {

  public enum Link {
    /** No monitor is connected. */
    LISTENING,
    /** A monitor is connected; the driver uses no ring. */
    CONNECTED,
    /** The driver uses the device. */
    RUNNING,
    CLOSED
  }

  public BackendStatus {
    rings = List.copyOf(rings);
    counters = List.copyOf(counters);
  }

  /**
   * One ring.
   *
   * @param size in descriptors
   * @param broken the driver broke the rules; served no more until the driver resets the device
   * @param calls notifications sent
   * @param callsSpared batches after which the driver wanted none
   */
  public record RingStatus(
      int index,
      int size,
      boolean running,
      boolean broken,
      int inFlight,
      long taken,
      long completed,
      long calls,
      long callsSpared) {}
}
