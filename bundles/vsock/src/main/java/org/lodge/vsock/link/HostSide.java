package org.lodge.vsock.link;

import java.util.List;
import org.lodge.vsock.VsockType;
import org.osgi.annotation.versioning.ProviderType;

/** The host's side of one guest, for the device that is attached. Thread-safe. */
@ProviderType
public interface HostSide {

  /**
   * The guest wants to connect. Decided later: {@link HostEnd#accepted} or {@link
   * HostEnd#resetByHost}, told by {@link GuestEnd#changed}.
   *
   * @return null where it is refused at once
   */
  HostEnd requested(GuestEnd guestEnd, int guestPort, int hostPort, VsockType type);

  /** The ends of all connections that the guest may know, a snapshot. */
  List<HostEnd> ends();

  /**
   * The device serves the guest no more.
   *
   * @param successorFollows whether a device with the same connections attaches soon; otherwise,
   *     and where none does, they are reset
   */
  void detach(boolean successorFollows);
}
