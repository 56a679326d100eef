package org.lodge.vmm;

import java.nio.file.Path;
import java.util.Map;

/**
 * A virtio device that a vhost-user back-end serves over a Unix socket.
 *
 * @param id a plain identifier, unique among the guest's plugged devices
 * @param type the virtio device as vhost-user front-ends name it, such as {@code blk}, {@code fs},
 *     {@code vsock}, {@code rng}
 * @param socket absolute path where the back-end listens already, in the guest's run directory: the
 *     monitor can pass no other
 * @param properties of the front-end, such as {@code tag} or {@code num-queues}; numbers and
 *     booleans as they are written in JSON
 */
public record VhostUserDevice(String id, String type, Path socket, Map<String, String> properties) {

  public VhostUserDevice {
    properties = Map.copyOf(properties);
  }
}
