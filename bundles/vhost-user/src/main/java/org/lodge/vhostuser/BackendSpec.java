package org.lodge.vhostuser;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;

/**
 * What to serve and where.
 *
 * @param guest name of the guest
 * @param device name of the device in that guest
 * @param type of the device, such as {@code blk}
 * @param config the device's own keys, as in a guest definition
 * @param socket path to listen on, at most 107 bytes; its directory exists
 * @param withheld protocol features not to be offered, because the front-end can't bear them (QEMU
 *     7.1 to 8.0 crashes where fs, net or rng offer {@link ProtocolFeature#CONFIG})
 */
public record BackendSpec(
    String guest,
    String device,
    String type,
    Map<String, Object> config,
    Path socket,
    Set<ProtocolFeature> withheld) {

  public BackendSpec {
    config = Map.copyOf(config);
    withheld = Set.copyOf(withheld);
  }

  /**
   * With memory slots withheld: a front-end then sends the whole memory table each time, at most 8
   * regions, which is the only form from which a fresh process can recover.
   */
  public BackendSpec(
      String guest, String device, String type, Map<String, Object> config, Path socket) {
    this(guest, device, type, config, socket, Set.of(ProtocolFeature.CONFIGURE_MEM_SLOTS));
  }
}
