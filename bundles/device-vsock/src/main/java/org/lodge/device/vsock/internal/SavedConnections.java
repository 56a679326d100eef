package org.lodge.device.vsock.internal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.vsock.VsockType;

/**
 * What one version of this device tells the next about each connection, little of it: payload stays
 * with the host's ends. Big-endian, version 1: u32 count, then 48 bytes for each.
 *
 * <pre>
 *  0 guest port u32   4 host port u32     8 type u8, phase u8, ended by guest u8, end told u8
 * 12 flags u32 (1 must reset, 2 credit asked)              16 window u32
 * 20 received u32    24 forwarded told u32                 28 sent u32
 * 32 guest's buffer u32  36 guest's forwarded u32          40 credit requested at u32, 44 zero u32
 * </pre>
 */
final class SavedConnections {
  static final String TYPE = "vsock";
  static final int VERSION = 1;
  private static final int BYTES_EACH = 48;
  private static final int MUST_RESET = 1;
  private static final int CREDIT_ASKED = 2;

  /** A {@link DeviceState} has at most 1 MiB. */
  static final int CONNECTIONS_MAX = ((1 << 20) - 4) / BYTES_EACH;

  private SavedConnections() {}

  static DeviceState save(List<Connection> connections) {
    ByteBuffer bytes = ByteBuffer.allocate(4 + BYTES_EACH * connections.size());
    bytes.putInt(connections.size());
    for (Connection connection : connections) {
      bytes
          .putInt(connection.guestPort)
          .putInt(connection.hostPort)
          .put((byte) connection.type.wire())
          .put((byte) connection.phase.ordinal())
          .put((byte) connection.endedByGuest)
          .put((byte) connection.endToldToGuest)
          .putInt(
              (connection.mustReset ? MUST_RESET : 0) | (connection.creditAsked ? CREDIT_ASKED : 0))
          .putInt(connection.windowBytes)
          .putInt(connection.receivedCount)
          .putInt(connection.forwardedToldToGuest)
          .putInt(connection.sentCount)
          .putInt(connection.guestBufferBytes)
          .putInt(connection.guestForwardedCount)
          .putInt(connection.creditRequestedAt)
          .putInt(0);
    }
    return new DeviceState(TYPE, VERSION, bytes.array());
  }

  static List<Connection> load(DeviceState state, ToGuest toGuest) throws DeviceException {
    ByteBuffer bytes = ByteBuffer.wrap(state.bytes());
    if (!state.type().equals(TYPE) || state.version() != VERSION || bytes.remaining() < 4) {
      throw notUnderstood(state);
    }
    int count = bytes.getInt();
    if (count < 0 || bytes.remaining() != (long) BYTES_EACH * count) {
      throw notUnderstood(state);
    }
    List<Connection> connections = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      connections.add(load(bytes.slice(4 + BYTES_EACH * i, BYTES_EACH), toGuest, state));
    }
    return connections;
  }

  private static Connection load(ByteBuffer bytes, ToGuest toGuest, DeviceState state)
      throws DeviceException {
    int type = bytes.get(8);
    int phase = bytes.get(9);
    if (type < 1 || type > 2 || phase < 0 || phase >= Connection.Phase.GONE.ordinal()) {
      throw notUnderstood(state);
    }
    Connection connection =
        new Connection(
            toGuest,
            bytes.getInt(0),
            bytes.getInt(4),
            type == 1 ? VsockType.STREAM : VsockType.SEQPACKET,
            bytes.getInt(16),
            Connection.Phase.values()[phase]);
    connection.endedByGuest = bytes.get(10);
    connection.endToldToGuest = bytes.get(11);
    connection.mustReset = (bytes.getInt(12) & MUST_RESET) != 0;
    connection.creditAsked = (bytes.getInt(12) & CREDIT_ASKED) != 0;
    connection.receivedCount = bytes.getInt(20);
    connection.forwardedToldToGuest = bytes.getInt(24);
    connection.sentCount = bytes.getInt(28);
    connection.guestBufferBytes = bytes.getInt(32);
    connection.guestForwardedCount = bytes.getInt(36);
    connection.creditRequestedAt = bytes.getInt(40);
    return connection;
  }

  private static DeviceException notUnderstood(DeviceState state) {
    return new DeviceException(
        "import-state",
        "%s is not understood by this version of the virtio socket device; keep the former one"
            .formatted(state));
  }
}
