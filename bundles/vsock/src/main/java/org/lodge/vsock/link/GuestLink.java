package org.lodge.vsock.link;

import java.nio.file.Path;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/** A virtio socket device, as the host's side sees it. Thread-safe. */
@ConsumerType
public interface GuestLink {

  String guest();

  long cid();

  /** How many connections the guest may have, those that wait for their end included. */
  int connectionsMax();

  /** Where host programs reach the guest with {@code CONNECT port}, if anywhere. */
  Optional<Path> socket();

  /** Whether the device has given its connections away, so that another may attach over it. */
  boolean handedOver();

  /**
   * The host wants to connect. The device asks the guest and binds its end to the given one.
   *
   * @return false where it can't now; the host's end is left for the next device then
   */
  boolean open(HostEnd end);
}
