package org.lodge.device.vsock.internal;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lodge.virtio.Counter;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;
import org.lodge.virtio.Virtqueue;
import org.lodge.vsock.VsockException;
import org.lodge.vsock.link.GuestLink;
import org.lodge.vsock.link.HostEnd;
import org.lodge.vsock.link.HostSide;
import org.lodge.vsock.link.VsockHost;

/**
 * The virtio socket device (virtio 1.2 section 5.10): carries connections between one guest and
 * this host, whose ends are those of the bundle {@code vsock}.
 *
 * <p>The host's ends and their bytes outlive this object. A successor gets the counters of each
 * connection as its state, finds the ends, and goes on.
 */
final class VsockDevice implements Device, GuestLink {
  private static final int RECEIVE_QUEUE = 0;
  private static final int TRANSMIT_QUEUE = 1;
  private static final int EVENT_QUEUE = 2;
  private static final long STREAM_FEATURE = 1 << 0;
  private static final long SEQPACKET_FEATURE = 1 << 1;
  private static final int CONFIG_BYTES = 8;
  private static final int EVENT_BYTES = 4;

  private final VsockSettings settings;
  private final VsockHost vsockHost;
  private final Connections connections;
  private final ToGuest toGuest;
  private final FromGuest fromGuest;
  private List<Connection> imported = List.of();
  private HostSide host;
  private boolean seqpacket;
  private volatile boolean transportResetDue;

  VsockDevice(VsockSettings settings, VsockHost vsockHost) {
    this.settings = settings;
    this.vsockHost = vsockHost;
    connections = new Connections(new Ledger(settings.ledger(), settings.connectionsMax()));
    toGuest = new ToGuest(settings.cid(), connections);
    fromGuest = new FromGuest(settings.cid(), connections, toGuest);
  }

  @Override
  public long features() {
    return STREAM_FEATURE | SEQPACKET_FEATURE;
  }

  /** Some front-ends keep the event queue for themselves and use the first two only. */
  @Override
  public int queueCount() {
    return 3;
  }

  @Override
  public int configSizeBytes() {
    return CONFIG_BYTES;
  }

  @Override
  public void readConfig(int offset, ByteBuffer into) {
    while (into.hasRemaining()) {
      into.put((byte) (settings.cid() >>> 8 * offset++));
    }
  }

  @Override
  public void importState(DeviceState state) throws DeviceException {
    imported = SavedConnections.load(state, toGuest);
  }

  @Override
  public void start(long acceptedFeatures) throws DeviceException {
    toGuest.forgetAll();
    imported.forEach(connections::restore);
    resetLost();
    seqpacket = (acceptedFeatures & SEQPACKET_FEATURE) != 0;
    try {
      attach();
    } catch (VsockException e) {
      throw new DeviceException("start", e.getMessage(), e);
    }
    findEnds(imported);
    imported = List.of();
  }

  /** What a Lodge that died had with the guest. */
  private void resetLost() {
    toGuest.forgetLost();
    for (Ledger.Known lost : connections.openLedger()) {
      toGuest.resetLost(lost.hostPort(), lost.guestPort(), lost.wireType(), lost.entry());
    }
  }

  private void attach() throws VsockException {
    host = vsockHost.attach(this);
    fromGuest.attached(host, seqpacket);
  }

  /** A successor that had taken the connections was refused: they are ours again. */
  private void takeBack() {
    try {
      attach();
    } catch (VsockException e) {
      throw new IllegalStateException(e);
    }
    resetLost();
    findEnds(connections.snapshot());
  }

  /** Finds the host's end for each known connection, and the other way round. */
  private void findEnds(List<Connection> known) {
    Map<Long, HostEnd> ends = new HashMap<>();
    for (HostEnd end : host.ends()) {
      ends.put(Connection.key(end.guestPortNumber(), end.hostPortNumber()), end);
    }
    transportResetDue = ends.isEmpty() && !known.isEmpty();
    for (Connection connection : known) {
      HostEnd end = ends.remove(connection.key());
      if (end == null) {
        toGuest.resetLost(
            connection.hostPort,
            connection.guestPort,
            connection.type.wire(),
            connections.lose(connection));
      } else {
        connections.bind(connection, end);
        end.bind(connection);
      }
    }
    for (HostEnd end : ends.values()) {
      if (!end.fromHost() || !toGuest.open(end)) {
        end.closed(false);
      }
    }
  }

  @Override
  public void startQueue(Virtqueue queue) {
    if (toGuest.isFrozen()) {
      toGuest.thaw();
      takeBack();
    }
    switch (queue.index()) {
      case RECEIVE_QUEUE -> toGuest.start(queue);
      case TRANSMIT_QUEUE -> fromGuest.start(queue);
      default -> {}
    }
  }

  @Override
  public void serve(Virtqueue queue) throws RingException {
    switch (queue.index()) {
      case RECEIVE_QUEUE -> toGuest.serve(queue);
      case TRANSMIT_QUEUE -> fromGuest.serve(queue);
      case EVENT_QUEUE -> serveEvents(queue);
      default -> {}
    }
  }

  /** Tells that all connections are void where they were lost with another Lodge. */
  private void serveEvents(Virtqueue queue) throws RingException {
    if (!transportResetDue) {
      return;
    }
    DescriptorChain event = queue.poll();
    if (event != null && event.writableBytes() >= EVENT_BYTES) {
      event.write(0, new byte[EVENT_BYTES], 0, EVENT_BYTES);
      event.complete(EVENT_BYTES);
      transportResetDue = false;
    } else if (event != null) {
      event.complete(0);
    }
  }

  @Override
  public boolean stopQueue(Virtqueue queue, Duration limit) {
    switch (queue.index()) {
      case RECEIVE_QUEUE -> toGuest.stop();
      case TRANSMIT_QUEUE -> fromGuest.stop();
      default -> {}
    }
    return queue.awaitIdle(limit);
  }

  @Override
  public DeviceState exportState() {
    toGuest.freeze();
    connections.leaveLedger();
    return SavedConnections.save(connections.snapshot());
  }

  @Override
  public void stop() {
    if (host != null) {
      host.detach(toGuest.isFrozen());
      host = null;
    }
    connections.leaveLedger();
    toGuest.forgetAll();
  }

  @Override
  public void close() {
    stop();
  }

  @Override
  public List<Counter> counters() {
    return List.of(
        new Counter("connections", "connections", connections.size()),
        new Counter("sent.packets", "packets", toGuest.sentPackets()),
        new Counter("sent.bytes", "bytes", toGuest.sentBytes()),
        new Counter("received.packets", "packets", fromGuest.receivedPackets),
        new Counter("received.bytes", "bytes", fromGuest.receivedBytes),
        new Counter("received.malformed", "packets", fromGuest.malformedPackets),
        new Counter("received.foreign", "packets", fromGuest.foreignPackets),
        new Counter("received.beyond-credit", "packets", fromGuest.creditViolations));
  }

  @Override
  public String guest() {
    return settings.guest();
  }

  @Override
  public long cid() {
    return settings.cid();
  }

  @Override
  public int connectionsMax() {
    return settings.connectionsMax();
  }

  @Override
  public Optional<Path> socket() {
    return settings.socket();
  }

  @Override
  public boolean handedOver() {
    return toGuest.isFrozen();
  }

  @Override
  public boolean open(HostEnd end) {
    return toGuest.open(end);
  }
}
