package org.lodge.vsock.link;

import org.lodge.vsock.VsockException;
import org.osgi.annotation.versioning.ProviderType;

/** Where a virtio socket device meets the host's ends. An OSGi service; thread-safe. */
@ProviderType
public interface VsockHost {

  /**
   * Makes a device the carrier of its guest's connections. Where a former device of the guest has
   * left them for its successor, whether it has detached yet or not, {@link HostSide#ends} has
   * them. The former may take them back by attaching again, where its successor was refused.
   *
   * @throws VsockException where another device serves this guest, or the socket can't be bound
   */
  HostSide attach(GuestLink link) throws VsockException;
}
