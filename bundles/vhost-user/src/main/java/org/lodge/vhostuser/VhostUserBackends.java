package org.lodge.vhostuser;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Serves devices to monitors. An OSGi service; thread-safe.
 *
 * <p>The logic comes from {@link org.lodge.virtio.DeviceFactory} services: of those of one type the
 * highest version serves. A better one that appears takes over at once, without the guest noticing
 * more than a pause; one that can't is refused with the reason, and the former goes on; when one
 * disappears, the next best takes over.
 */
@ProviderType
public interface VhostUserBackends {

  /**
   * Makes a device and listens on its socket; when this returns, a monitor can connect. Where the
   * service manager kept this device's descriptors over a restart or a crash, it is served on from
   * there, with the monitor's connection and all rings.
   *
   * <p>The socket file has the umask's mode; whoever runs the monitor as another user gives it to
   * that user.
   *
   * @throws BackendException with the stage and what to do
   */
  Backend open(BackendSpec spec) throws BackendException;

  /** Everything open, in the order of opening. */
  List<Backend> backends();

  Optional<Backend> find(String guest, String device);

  /** The device types that can be opened now. */
  List<String> types();

  /**
   * Which device of virtio's a guest sees in one of this type, by its id in virtio 1.2 section 5;
   * empty where the type can't be opened now or its factory does not say.
   */
  OptionalInt virtioId(String type);

  /**
   * Drops what the service manager kept for devices that were not opened since the start. To be
   * called once all guests that were found running have opened theirs.
   *
   * @return how many descriptors were dropped
   */
  int dropUnclaimed();
}
