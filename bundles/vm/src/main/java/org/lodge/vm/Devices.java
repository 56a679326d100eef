package org.lodge.vm;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The devices that Lodge serves to guests.
 *
 * <p>Thread-safe. Commands take their turn behind the guest's other commands: one that comes while
 * the guest starts waits until it runs, and fails when the start fails. Every future completes,
 * with a {@link GuestException} where the act could not be done.
 */
@ProviderType
public interface Devices {

  /**
   * Adds a device to a running guest, until the guest stops or the device is removed. Done when the
   * guest can see it.
   *
   * @param id a letter a-z, then at most 19 of a-z, 0-9 and -; null for one that is free
   * @param config the device's own keys, as in a guest definition
   */
  CompletableFuture<DeviceStatus> add(
      String guest, String id, String type, Map<String, Object> config);

  /**
   * Takes a device away: asks the guest to let go of it, then ends it. A guest that does not let go
   * keeps the device as it was, and the failure says so; so does one whose agent says that the disk
   * is mounted or otherwise in use.
   *
   * @param limit for the guest's consent
   * @param force without asking the agent: what the guest has not written yet is lost
   */
  CompletableFuture<GuestStatus> remove(String guest, String id, Duration limit, boolean force);

  /** As above, without force. */
  default CompletableFuture<GuestStatus> remove(String guest, String id, Duration limit) {
    return remove(guest, id, limit, false);
  }

  /**
   * Changes a device, as in {@code control("work", "data", "resize", Map.of("sizeBytes", "2G"))}.
   *
   * @return one sentence: what is now true
   */
  CompletableFuture<String> control(
      String guest, String id, String command, Map<String, Object> arguments);

  /**
   * The devices of the guests that run, by guest and in the order in which they were added.
   *
   * @param guest null for all
   * @throws GuestException if no guest has this name; says which there are
   */
  List<DeviceStatus> list(String guest) throws GuestException;
}
