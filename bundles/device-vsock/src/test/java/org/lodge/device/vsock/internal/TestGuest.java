package org.lodge.device.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.TestTransport;
import org.lodge.virtio.ring.Ring;
import org.lodge.vsock.internal.Hub;

/**
 * A guest whose driver is this test: it sends and receives packets, and keeps no rule by itself.
 * One thread at a time.
 */
final class TestGuest implements AutoCloseable {
  static final Duration SOON = Duration.ofSeconds(10);
  static final long ALL_FEATURES = TestTransport.SPLIT | 3;

  final String name;
  final long cid;
  private final Hub hub;
  private final GuestArena memory;
  final TestTransport transport;
  private final int bufferBytes;
  private final long[] receiveAddresses;
  private final long[] sendAddresses;
  private final boolean[] sending;
  private final int sendBytes;
  private final Optional<Path> socket;
  private VsockDevice device;
  private AtomicReference<VsockDevice> behind;
  private final long[] addresses = new long[64];
  private final int[] lengths = new int[64];
  private boolean receivesPosted = true;

  TestGuest(Hub hub, String name, long cid) throws Exception {
    this(hub, name, cid, ALL_FEATURES, 64, 4096);
  }

  TestGuest(Hub hub, String name, long cid, Optional<Path> socket) throws Exception {
    this(hub, name, cid, ALL_FEATURES, 64, 4096, socket, null);
  }

  TestGuest(Hub hub, String name, long cid, long features, int queueSize, int bufferBytes)
      throws Exception {
    this(hub, name, cid, features, queueSize, bufferBytes, Optional.empty(), null);
  }

  TestGuest(
      Hub hub,
      String name,
      long cid,
      long features,
      int queueSize,
      int bufferBytes,
      DeviceState former)
      throws Exception {
    this(hub, name, cid, features, queueSize, bufferBytes, Optional.empty(), former);
  }

  private TestGuest(
      Hub hub,
      String name,
      long cid,
      long features,
      int queueSize,
      int bufferBytes,
      Optional<Path> socket,
      DeviceState former)
      throws Exception {
    this.socket = socket;
    this.hub = hub;
    this.name = name;
    this.cid = cid;
    this.bufferBytes = bufferBytes;
    sendBytes = 70_000;
    memory = new GuestArena(8L << 20 | (long) queueSize * (bufferBytes + sendBytes + 8192) * 2);
    transport = new TestTransport(memory);
    device = device();
    if (former != null) {
      device.importState(former);
    }
    transport.start(inFrontOf(device), features, queueSize);
    transport.driver(2).add(new long[] {memory.allocate(4, 8)}, new int[] {4}, 0, 1);
    transport.kick(2);
    receiveAddresses = new long[queueSize];
    sendAddresses = new long[queueSize];
    sending = new boolean[queueSize];
    transport.driver(1).useIndirect(true);
    for (int i = 0; i < queueSize; i++) {
      long address = memory.allocate(bufferBytes, 8);
      int id = transport.driver(0).add(new long[] {address}, new int[] {bufferBytes}, 0, 1);
      receiveAddresses[id] = address;
      sendAddresses[i] = memory.allocate(sendBytes, 8);
    }
    transport.kick(0);
  }

  VsockDevice device() throws DeviceException {
    Map<String, Object> values = new HashMap<>(Map.of("cid", cid));
    socket.ifPresent(path -> values.put("socket", path.toString()));
    return (VsockDevice)
        new VsockDeviceFactory(hub).create(new DeviceConfig(name, "vsock", values), transport);
  }

  void swap() throws Exception {
    VsockDevice next = device();
    transport.swap(inFrontOf(next), SOON);
    device = next;
  }

  /** A device for the transport, behind which another can take the place. */
  private Device inFrontOf(VsockDevice served) {
    AtomicReference<VsockDevice> holder = new AtomicReference<>(served);
    behind = holder;
    return (Device)
        Proxy.newProxyInstance(
            TestGuest.class.getClassLoader(),
            new Class<?>[] {Device.class},
            (proxy, method, arguments) -> {
              try {
                return method.invoke(holder.get(), arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /**
   * Replaces the device in the order in which a transport does it, with the former's end last.
   *
   * @param taken false where the successor is refused after it has started
   */
  void swapTransport(boolean taken) throws Exception {
    List<Ring> rings = List.of(transport.ring(0), transport.ring(1), transport.ring(2));
    VsockDevice next = device();
    rings.forEach(Ring::pause);
    for (Ring ring : rings) {
      assertTrue(device.stopQueue(ring, SOON));
    }
    next.importState(device.exportState());
    next.start(ALL_FEATURES);
    VsockDevice serving = taken ? next : device;
    if (!taken) {
      rings.forEach(device::startQueue);
      next.close();
    } else {
      rings.forEach(next::startQueue);
      device.stop();
      device.close();
    }
    device = serving;
    behind.set(serving);
    for (Ring ring : rings) {
      ring.resume();
      ring.serve(serving);
    }
  }

  /** What a successor would be given; the device says nothing more after that. */
  byte[] exportedState() {
    return device.exportState().bytes();
  }

  boolean transportWasReset() {
    return transport.driver(2).takeUsed();
  }

  /** Stops giving buffers back to the device, as a guest that is too busy to receive. */
  void postReceives(boolean post) {
    receivesPosted = post;
  }

  boolean canSend() {
    collectSent();
    for (boolean busy : sending) {
      if (!busy) {
        return true;
      }
    }
    return false;
  }

  void send(Packet packet) throws RingException {
    send(packet, 1);
  }

  /** Sends a packet whose bytes lie in this many descriptors besides the header's. */
  void send(Packet packet, int pieces) throws RingException {
    sendRaw(packet.bytes(), pieces);
  }

  void sendRaw(byte[] bytes, int pieces) throws RingException {
    if (!canSend()) {
      throw new IllegalStateException("the transmit queue is full");
    }
    int slot = 0;
    while (sending[slot]) {
      slot++;
    }
    memory.put(sendAddresses[slot], bytes);
    int header = Math.min(44, bytes.length);
    int count = 0;
    int at = 0;
    for (int piece = 0; piece <= pieces && at < bytes.length; piece++) {
      int length = piece == 0 ? header : (bytes.length - header + pieces - 1) / pieces;
      length = Math.min(length, bytes.length - at);
      addresses[count] = sendAddresses[slot] + at;
      lengths[count++] = length;
      at += length;
    }
    DriverQueue queue = transport.driver(1);
    int id = queue.add(addresses, lengths, count, 0);
    sending[slot] = true;
    idToSlot[id] = slot;
    transport.kick(1);
    collectSent();
  }

  private final int[] idToSlot = new int[1024];

  private void collectSent() {
    DriverQueue queue = transport.driver(1);
    while (queue.takeUsed()) {
      sending[idToSlot[queue.usedId()]] = false;
    }
  }

  /** The next packet that is there now, or null. */
  Packet poll() throws RingException {
    return take(Duration.ZERO);
  }

  /** The next packet; waits for it. */
  Packet receive() throws RingException {
    Packet packet = take(SOON);
    if (packet == null) {
      throw new AssertionError("guest '%s' received nothing".formatted(name));
    }
    return packet;
  }

  /** The next packet with this operation; others before it are dropped. */
  Packet receive(int operation) throws RingException {
    Packet packet = receive();
    while (packet.operation() != operation) {
      packet = receive();
    }
    return packet;
  }

  List<Packet> receiveAll() throws RingException {
    List<Packet> packets = new ArrayList<>();
    for (Packet packet = poll(); packet != null; packet = poll()) {
      packets.add(packet);
    }
    return packets;
  }

  private Packet take(Duration limit) throws RingException {
    serveWoken();
    DriverQueue queue = transport.driver(0);
    if (!queue.takeUsed() && (limit.isZero() || !transport.await(0, limit))) {
      return null;
    }
    int id = queue.usedId();
    Packet packet = Packet.parse(memory.get(receiveAddresses[id], queue.usedLength()));
    heldBack.add(receiveAddresses[id]);
    repost();
    return packet;
  }

  private final List<Long> heldBack = new ArrayList<>();

  void repost() throws RingException {
    if (receivesPosted && !heldBack.isEmpty()) {
      for (long address : heldBack) {
        int id = transport.driver(0).add(new long[] {address}, new int[] {bufferBytes}, 0, 1);
        receiveAddresses[id] = address;
      }
      heldBack.clear();
      transport.kick(0);
    }
  }

  void serveWoken() throws RingException {
    for (int queue = 0; queue < 2; queue++) {
      while (transport.serveWoken(queue, Duration.ZERO)) {}
    }
  }

  /** A packet of this guest to the host. */
  Packet packet(int operation, int port, int hostPort, int flags, int forwarded, byte[] payload) {
    return packet(1, operation, port, hostPort, flags, forwarded, payload);
  }

  Packet packet(
      int type, int operation, int port, int hostPort, int flags, int forwarded, byte[] payload) {
    return new Packet(
        cid,
        2,
        port,
        hostPort,
        payload.length,
        type,
        operation,
        flags,
        256 << 10,
        forwarded,
        payload);
  }

  @Override
  public void close() {
    transport.close();
    memory.close();
  }
}
