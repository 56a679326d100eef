package org.lodge.vhostuser.internal;

import java.util.List;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.vhostuser.internal.FrontEnd.Reply;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.ring.Rings;

/**
 * The messages about the device as a whole: configuration space, inflight area, state, and the
 * channel for our own requests. Belongs to the control thread.
 */
final class DeviceMessages {
  private final Negotiated negotiated;
  private final Logic logic;
  private final VringSet vrings;
  private final Rings rings;
  private final DescriptorStore store;
  private final String name;

  Held<Fd> backChannelSocket;
  private BackChannel backChannel;
  private StateTransfer transfer;

  DeviceMessages(
      Negotiated negotiated,
      Logic logic,
      VringSet vrings,
      Rings rings,
      DescriptorStore store,
      String name) {
    this.negotiated = negotiated;
    this.logic = logic;
    this.vrings = vrings;
    this.rings = rings;
    this.store = store;
    this.name = name;
  }

  void setBackChannel(Message message) throws LinuxException {
    dropBackChannel();
    backChannelSocket = Held.of("back-channel", message.takeDescriptor(), store);
    openBackChannel();
  }

  void openBackChannel() throws LinuxException {
    if (backChannelSocket != null) {
      backChannel =
          new BackChannel(backChannelSocket.fd().duplicate(), negotiated.acknowledges(), name);
    }
  }

  void dropBackChannel() {
    if (backChannel != null) {
      backChannel.close();
      backChannel = null;
    }
    Held.drop(backChannelSocket);
    backChannelSocket = null;
  }

  void configurationChanged() {
    if (backChannel != null) {
      backChannel.configurationChanged();
    }
  }

  Reply getConfig(Message message) throws RefusedException, DeviceException {
    int untrustedOffset = message.i32(0);
    int untrustedLength = message.i32(4);
    if (untrustedLength < 0
        || untrustedLength > Request.CONFIG_BYTES
        || untrustedOffset < 0
        || untrustedOffset > Request.CONFIG_BYTES - untrustedLength) {
      throw new RefusedException(
          "%d bytes of configuration at %d"
              .formatted(
                  Integer.toUnsignedLong(untrustedLength),
                  Integer.toUnsignedLong(untrustedOffset)));
    }
    return Reply.of(
        Reply.bytes(12 + untrustedLength)
            .putInt(untrustedOffset)
            .putInt(untrustedLength)
            .putInt(message.i32(8))
            .put(logic.configSpace().read(untrustedOffset, untrustedLength))
            .array());
  }

  void setConfig(Message message) throws RefusedException, DeviceException {
    int untrustedLength = message.i32(4);
    if (untrustedLength < 0 || untrustedLength > message.sizeBytes() - 12) {
      throw new RefusedException("%d bytes in a shorter message".formatted(untrustedLength));
    }
    logic.configSpace().write(message.i32(0), message.bytes(12, untrustedLength));
  }

  Reply getInflight(Message message) throws RefusedException, LinuxException {
    int queues = message.u16(16);
    int queueSize = message.u16(18);
    requireInflight(queues, queueSize);
    InflightArea fresh =
        InflightArea.create(
            "inflight",
            queues,
            queueSize,
            rings.inflightBytes(queueSize, negotiated.packed()),
            store);
    negotiated.replaceInflight(fresh);
    return new Reply(
        Reply.bytes(24)
            .putLong(fresh.sizeBytes())
            .putLong(0)
            .putShort((short) queues)
            .putShort((short) queueSize)
            .array(),
        List.of(fresh.file().fd()));
  }

  void setInflight(Message message) throws RefusedException, LinuxException {
    int queues = message.u16(16);
    int queueSize = message.u16(18);
    requireInflight(queues, queueSize);
    negotiated.replaceInflight(
        InflightArea.of(
            Held.of("inflight", message.takeDescriptor(), store),
            message.i64(0),
            message.i64(8),
            queues,
            queueSize,
            rings.inflightBytes(queueSize, negotiated.packed())));
  }

  private void requireInflight(int queues, int queueSize) throws RefusedException {
    if (queues < 1
        || queues > vrings.count()
        || queueSize < 1
        || queueSize > InflightArea.MAX_QUEUE_SIZE) {
      throw new RefusedException("inflight of %d queues of %d".formatted(queues, queueSize));
    }
    if (vrings.anyOpen()) {
      throw new RefusedException("rings are running");
    }
  }

  Reply beginTransfer(Message message, UnixStreamSocket connection)
      throws RefusedException, DeviceException, LinuxException {
    boolean load = message.i32(0) == 1;
    if (vrings.anyOpen() || message.i32(0) >>> 1 != 0 || message.i32(4) != 0) {
      throw new RefusedException("a state moves in phase 0 while no ring runs, and to or from us");
    }
    if (moving() != null) {
      throw new RefusedException("another state is still moving");
    }
    Fd pipe = message.takeDescriptor();
    boolean begun = false;
    try {
      transfer =
          load
              ? StateTransfer.load(pipe, connection)
              : StateTransfer.save(pipe, logic.exportState(), connection);
      begun = true;
    } finally {
      if (!begun) {
        pipe.close();
      }
    }
    return Reply.of(Request.NO_DESCRIPTOR);
  }

  /** The transfer that is still moving; null while none is. */
  StateTransfer moving() {
    return transfer != null && transfer.isRunning() ? transfer : null;
  }

  /** To be called when nothing is moving any more. */
  Reply endTransfer() throws RefusedException, DeviceException {
    StateTransfer ending = transfer;
    transfer = null;
    if (ending == null) {
      throw new RefusedException("no state was moved");
    }
    if (ending.loading) {
      logic.importState(ending.finish());
    } else {
      ending.finish();
    }
    return Reply.of(0);
  }

  void cancelTransfer() {
    if (transfer != null) {
      transfer.cancel();
      transfer = null;
    }
  }

  /** Lets go of the channel without telling the store. */
  void close() {
    cancelTransfer();
    if (backChannel != null) {
      backChannel.close();
    }
    Held.close(backChannelSocket);
  }
}
