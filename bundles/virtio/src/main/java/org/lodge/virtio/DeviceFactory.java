package org.lodge.virtio;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Makes devices of one type. An OSGi service with the properties {@link #TYPE}, {@link #VIRTIO_ID}
 * and {@link #VERSION}; the bundle of a new version is deployed beside or over the old one.
 *
 * <p>Thread-safe. Where several factories serve one type, the highest version is used.
 */
@ConsumerType
public interface DeviceFactory {

  /** Service property, {@code String}: the type in a guest definition, such as {@code blk}. */
  String TYPE = "lodge.device.type";

  /** Service property, {@code Integer}: the device id of virtio 1.2 section 5, such as 2. */
  String VIRTIO_ID = "lodge.device.virtio.id";

  /** Service property, {@code String}: an OSGi version, such as {@code 1.1.0}. */
  String VERSION = "lodge.device.version";

  /**
   * Reads a configuration and touches nothing else.
   *
   * @throws DeviceException with the key, what is wrong with it and what is allowed
   */
  void check(DeviceConfig config) throws DeviceException;

  /**
   * Makes a device that has all it needs (files open, sizes known) but serves nothing yet. Must
   * work while another device, perhaps of an older version, still serves the same configuration:
   * that is how a device is replaced.
   *
   * @throws DeviceException as {@link #check}, or where something of the host can't be had
   */
  Device create(DeviceConfig config, DeviceContext context) throws DeviceException;
}
