package org.lodge.storage;

import java.util.List;
import java.util.Optional;
import org.lodge.vm.DeviceStatus;

/**
 * A share of one guest at one moment.
 *
 * @param from the guest that keeps the files, or {@code host}
 * @param declared whether a definition says so; otherwise it was granted while the guest ran
 * @param trouble why the guest can't use it at present; empty while all is well
 * @param counters of its device; empty where the guest does not have it
 */
public record ShareStatus(
    String share,
    String guest,
    String from,
    String path,
    boolean readOnly,
    String cache,
    Optional<String> mount,
    State state,
    boolean declared,
    Optional<String> trouble,
    List<DeviceStatus.Counter> counters) {

  /** How far the guest has come with it. */
  public enum State {
    /** The guest does not run. */
    DECLARED,
    /** The guest has the device, and has not mounted it. */
    GIVEN,
    /** The guest uses it. */
    MOUNTED,
    /** It was taken back. */
    REVOKED,
    /** It could not be given. */
    FAILED
  }

  public ShareStatus {
    counters = List.copyOf(counters);
  }

  /** A counter of the device, 0 where there is none of that name. */
  public long counter(String name) {
    return counters.stream()
        .filter(counter -> counter.name().equals(name))
        .mapToLong(DeviceStatus.Counter::value)
        .findFirst()
        .orElse(0);
  }
}
