package org.lodge.virtio;

import org.osgi.annotation.versioning.ProviderType;

/** What a device may ask of the transport. Thread-safe; nothing here blocks. */
@ProviderType
public interface DeviceContext {

  /**
   * Tells the driver that the configuration space has changed. Has no effect, now or later, where
   * the front-end has no channel for it.
   */
  void configurationChanged();

  /**
   * Declares the device broken: its queues are served no more and the driver is told. For faults of
   * the device itself; a fault of the driver is a {@link RingException}.
   *
   * @param reason one sentence for a person
   */
  void broken(String reason);
}
