package org.lodge.vhostuser.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.vhostuser.ProtocolFeature;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.Feature;
import org.lodge.virtio.ring.Rings;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a front-end asks, message by message, in whatever order: QEMU, cloud-hypervisor and crosvm
 * each have their own. What was negotiated is kept here over the replacement of device logic.
 * Belongs to the control thread.
 */
final class FrontEnd {
  private static final Logger log = LoggerFactory.getLogger(FrontEnd.class);
  private static final long PROTOCOL_FEATURES = 1L << 30;
  private static final int MAX_QUEUE_SIZE = 32768;

  /** Set by a front-end that logs writes for a migration; not offered, so without meaning. */
  private static final long LOG_ALL = 1L << 26;

  static final long RING_FEATURES =
      Feature.INDIRECT_DESC.mask()
          | Feature.EVENT_IDX.mask()
          | Feature.VERSION_1.mask()
          | Feature.RING_PACKED.mask();

  static final long TRANSPORT_FEATURES = PROTOCOL_FEATURES | LOG_ALL;

  /** Some front-ends let the driver have these without asking us. */
  private static final long NEVER_REFUSED =
      Feature.INDIRECT_DESC.mask() | Feature.EVENT_IDX.mask() | LOG_ALL;

  /** What goes back to the front-end. */
  record Reply(byte[] payload, List<Fd> descriptors) {
    static Reply of(byte[] payload) {
      return new Reply(payload, List.of());
    }

    static Reply of(long value) {
      return of(bytes(8).putLong(value).array());
    }
  }

  final MemoryTable memory;
  final VringSet vrings;
  private final Logic logic;
  private final Rings rings;
  private final DescriptorStore store;
  private final Set<ProtocolFeature> withheld;
  private final String name;

  long features;
  long protocolFeatures;
  int status;
  InflightArea inflight;
  Held<Fd> backChannelSocket;
  private BackChannel backChannel;
  private StateTransfer transfer;

  FrontEnd(
      Logic logic,
      Rings rings,
      VringSet vrings,
      MemoryTable memory,
      DescriptorStore store,
      Set<ProtocolFeature> withheld,
      String name) {
    this.logic = logic;
    this.rings = rings;
    this.vrings = vrings;
    this.memory = memory;
    this.store = store;
    this.withheld = withheld;
    this.name = name;
  }

  boolean acknowledges() {
    return ProtocolFeature.REPLY_ACK.in(protocolFeatures);
  }

  /**
   * Does what a message asks.
   *
   * @return null where nothing but an acknowledgement is due
   */
  Reply handle(Request request, Message message) throws RefusedException {
    request.check(message.sizeBytes(), message.descriptorCount());
    try {
      return switch (request) {
        case GET_FEATURES -> Reply.of(offeredFeatures());
        case SET_FEATURES -> done(() -> setFeatures(message.i64(0)));
        // Not a gate, and no reason to lose anything: some restarts never send the one.
        case SET_OWNER, RESET_OWNER -> null;
        case GET_PROTOCOL_FEATURES -> Reply.of(offeredProtocolFeatures());
        case SET_PROTOCOL_FEATURES -> done(() -> setProtocolFeatures(message.i64(0)));
        case GET_QUEUE_NUM -> Reply.of(vrings.count());
        case GET_MAX_MEM_SLOTS -> Reply.of(MemoryTable.MAX_SLOTS);
        case SET_MEM_TABLE -> done(() -> setMemoryTable(message));
        case ADD_MEM_REG -> done(() -> moveTo(memory.add(region(message, 8))));
        case REM_MEM_REG ->
            done(() -> moveTo(memory.remove(message.i64(8), message.i64(16), message.i64(24))));
        case SET_VRING_NUM -> done(() -> setSize(vring(message), message.i32(4)));
        case SET_VRING_ADDR -> done(() -> setAddresses(vring(message), message));
        case SET_VRING_BASE -> done(() -> setBase(vring(message), message.i32(4)));
        case GET_VRING_BASE -> getBase(message.i32(0));
        case SET_VRING_KICK -> done(() -> setKick(message));
        case SET_VRING_CALL -> done(() -> vringOf(message).replaceCall(eventOf(message, "call")));
        case SET_VRING_ERR -> done(() -> setError(message));
        case SET_VRING_ENABLE -> done(() -> setEnabled(vring(message), message.i32(4)));
        case SET_BACKEND_REQ_FD -> done(() -> setBackChannel(message.takeDescriptor()));
        case GET_CONFIG -> getConfig(message);
        case SET_CONFIG -> done(() -> setConfig(message));
        case GET_INFLIGHT_FD -> getInflight(message);
        case SET_INFLIGHT_FD -> done(() -> setInflight(message));
        case RESET_DEVICE -> done(this::resetDevice);
        case SET_STATUS -> done(() -> status = (int) message.i64(0) & 0xff);
        case GET_STATUS -> Reply.of(status);
        case SET_DEVICE_STATE_FD -> beginTransfer(message);
        case CHECK_DEVICE_STATE -> Reply.of(endTransfer());
      };
    } catch (LinuxException | DeviceException e) {
      throw new RefusedException(e.getMessage(), e);
    }
  }

  private interface Action {
    void run() throws RefusedException, LinuxException, DeviceException;
  }

  private static Reply done(Action action)
      throws RefusedException, LinuxException, DeviceException {
    action.run();
    return null;
  }

  private static ByteBuffer bytes(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
  }

  /** The answer to a question that was refused but has to be answered to stay in step. */
  static Reply refusal(Request request, Message message) {
    return switch (request) {
      case GET_CONFIG -> Reply.of(new byte[0]);
      case GET_VRING_BASE ->
          Reply.of(bytes(8).putInt(message.sizeBytes() >= 4 ? message.i32(0) : 0).array());
      case GET_INFLIGHT_FD -> Reply.of(new byte[24]);
      case SET_DEVICE_STATE_FD -> Reply.of(Request.NO_DESCRIPTOR | 1);
      case CHECK_DEVICE_STATE -> Reply.of(1);
      default -> Reply.of(0);
    };
  }

  private long offeredFeatures() {
    long ofDevice = logic.device() == null ? features : logic.device().features();
    return ofDevice | RING_FEATURES | PROTOCOL_FEATURES;
  }

  private void setFeatures(long untrustedFeatures) throws RefusedException {
    long unoffered = untrustedFeatures & ~offeredFeatures() & ~NEVER_REFUSED;
    if (unoffered != 0) {
      throw new RefusedException("features %#x were not offered".formatted(unoffered));
    }
    features = untrustedFeatures;
    vrings.protocolFeatures((features & PROTOCOL_FEATURES) != 0);
  }

  private long offeredProtocolFeatures() {
    Set<ProtocolFeature> offered = EnumSet.allOf(ProtocolFeature.class);
    offered.removeAll(withheld);
    if (logic.readConfigSize() == 0) {
      offered.remove(ProtocolFeature.CONFIG);
    }
    if (!offered.contains(ProtocolFeature.CONFIG)) {
      offered.remove(ProtocolFeature.BACKEND_REQ);
    }
    return offered.stream().mapToLong(ProtocolFeature::mask).reduce(0, (a, b) -> a | b);
  }

  private void setProtocolFeatures(long untrustedFeatures) throws RefusedException {
    long offered = offeredProtocolFeatures();
    protocolFeatures = untrustedFeatures & offered;
    if (protocolFeatures != untrustedFeatures) {
      throw new RefusedException(
          "protocol features %#x were not offered".formatted(untrustedFeatures & ~offered));
    }
  }

  private void setMemoryTable(Message message) throws RefusedException, LinuxException {
    int untrustedCount = message.i32(0);
    if (untrustedCount != message.descriptorCount()
        || message.sizeBytes() < 8 + MemoryTable.REGION_BYTES * untrustedCount) {
      throw new RefusedException(
          "a table of %d regions with %d descriptors in %d bytes"
              .formatted(untrustedCount, message.descriptorCount(), message.sizeBytes()));
    }
    List<MappedRegion> regions = new ArrayList<>();
    boolean complete = false;
    try {
      for (int i = 0; i < untrustedCount; i++) {
        regions.add(region(message, 8 + MemoryTable.REGION_BYTES * i));
      }
      complete = true;
    } finally {
      if (!complete) {
        regions.forEach(MappedRegion::drop);
      }
    }
    moveTo(memory.replace(regions));
  }

  private MappedRegion region(Message message, int at) throws RefusedException, LinuxException {
    Held<Fd> file = Held.of("memory", message.takeDescriptor(), store);
    return new MappedRegion(
        message.i64(at), message.i64(at + 8), message.i64(at + 16), message.i64(at + 24), file);
  }

  /** The memory table has changed. */
  private void moveTo(MemoryTable.Former former) throws RefusedException {
    try {
      vrings.moveTo(memory, features, inflight);
    } finally {
      former.drop();
    }
  }

  private Vring vring(Message message) throws RefusedException {
    return vrings.get(message.i32(0));
  }

  /** The ring of a message that carries a descriptor. */
  private Vring vringOf(Message message) throws RefusedException {
    return vrings.get((int) message.i64(0) & 0xff);
  }

  /** The descriptor that such a message carries; null if it says that there is none. */
  private Held<EventFd> eventOf(Message message, String role)
      throws RefusedException, LinuxException {
    if ((message.i64(0) & Request.NO_DESCRIPTOR) != 0) {
      return null;
    }
    if (message.descriptorCount() == 0) {
      throw new RefusedException("its descriptor is missing");
    }
    return Held.of(
        role + ((int) message.i64(0) & 0xff), EventFd.adopt(message.takeDescriptor()), store);
  }

  private void setSize(Vring vring, int untrustedSize) throws RefusedException {
    if (untrustedSize < 1 || untrustedSize > MAX_QUEUE_SIZE) {
      throw new RefusedException("a queue of size " + Integer.toUnsignedLong(untrustedSize));
    }
    if (vring.ring != null && untrustedSize != vring.size) {
      throw new RefusedException("queue %d is running".formatted(vring.index));
    }
    vring.size = untrustedSize;
  }

  private void setAddresses(Vring vring, Message message) throws RefusedException {
    long descriptors = message.i64(8);
    long device = message.i64(16);
    long driver = message.i64(24);
    boolean same =
        descriptors == vring.descriptorUserAddress
            && driver == vring.driverUserAddress
            && device == vring.deviceUserAddress;
    if (vring.ring != null && !same) {
      throw new RefusedException("queue %d is running".formatted(vring.index));
    }
    vring.descriptorUserAddress = descriptors;
    vring.driverUserAddress = driver;
    vring.deviceUserAddress = device;
    vring.addressed = true;
    vrings.openIfReady(vring, memory, features, inflight);
  }

  private void setBase(Vring vring, int untrustedBase) throws RefusedException {
    if (vring.ring != null) {
      throw new RefusedException("queue %d is running".formatted(vring.index));
    }
    vring.base = untrustedBase;
  }

  private Reply getBase(int untrustedIndex) throws RefusedException {
    Vring vring = vrings.get(untrustedIndex);
    vrings.close(vring, packed());
    vring.dropKickAndCall();
    return Reply.of(bytes(8).putInt(vring.index).putInt(vring.base).array());
  }

  private boolean packed() {
    return Feature.RING_PACKED.in(features);
  }

  private void setKick(Message message) throws RefusedException, LinuxException {
    Vring vring = vringOf(message);
    Held<EventFd> kick = eventOf(message, "kick");
    if (kick == null) {
      throw new RefusedException("polling instead of kicks is not served");
    }
    vrings.replaceKick(vring, kick);
    vrings.openIfReady(vring, memory, features, inflight);
  }

  private void setError(Message message) throws RefusedException, LinuxException {
    Vring vring = vringOf(message);
    Held<EventFd> error = eventOf(message, "error");
    Held.drop(vring.error);
    vring.error = error;
  }

  private void setEnabled(Vring vring, int untrustedFlag) throws RefusedException {
    vring.enabled = untrustedFlag != 0;
    vrings.openIfReady(vring, memory, features, inflight);
    vrings.updateServing(vring);
  }

  private void setBackChannel(Fd socket) throws LinuxException {
    dropBackChannel();
    backChannelSocket = Held.of("back-channel", socket, store);
    openBackChannel();
  }

  void openBackChannel() throws LinuxException {
    if (backChannelSocket != null) {
      backChannel = new BackChannel(backChannelSocket.fd().duplicate(), acknowledges(), name);
    }
  }

  private void dropBackChannel() {
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

  private Reply getConfig(Message message) throws RefusedException {
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
        bytes(12 + untrustedLength)
            .putInt(untrustedOffset)
            .putInt(untrustedLength)
            .putInt(message.i32(8))
            .put(logic.readConfig(untrustedOffset, untrustedLength))
            .array());
  }

  private void setConfig(Message message) throws RefusedException, DeviceException {
    int untrustedLength = message.i32(4);
    if (untrustedLength < 0 || untrustedLength > message.sizeBytes() - 12) {
      throw new RefusedException("%d bytes in a shorter message".formatted(untrustedLength));
    }
    logic.writeConfig(message.i32(0), message.bytes(12, untrustedLength));
  }

  private Reply getInflight(Message message) throws RefusedException, LinuxException {
    int queues = message.u16(16);
    int queueSize = message.u16(18);
    requireInflight(queues, queueSize);
    InflightArea fresh =
        InflightArea.create(
            "inflight", queues, queueSize, rings.inflightBytes(queueSize, packed()), store);
    replaceInflight(fresh);
    return new Reply(
        bytes(24)
            .putLong(fresh.sizeBytes())
            .putLong(0)
            .putShort((short) queues)
            .putShort((short) queueSize)
            .array(),
        List.of(fresh.file().fd()));
  }

  private void setInflight(Message message) throws RefusedException, LinuxException {
    int queues = message.u16(16);
    int queueSize = message.u16(18);
    requireInflight(queues, queueSize);
    replaceInflight(
        InflightArea.of(
            Held.of("inflight", message.takeDescriptor(), store),
            message.i64(0),
            message.i64(8),
            queues,
            queueSize,
            rings.inflightBytes(queueSize, packed())));
  }

  private void requireInflight(int queues, int queueSize) throws RefusedException {
    if (queues < 1 || queues > vrings.count() || queueSize < 1 || queueSize > MAX_QUEUE_SIZE) {
      throw new RefusedException("inflight of %d queues of %d".formatted(queues, queueSize));
    }
    if (vrings.anyOpen()) {
      throw new RefusedException("rings are running");
    }
  }

  private void replaceInflight(InflightArea area) {
    if (inflight != null) {
      inflight.drop();
    }
    inflight = area;
  }

  private void resetDevice() {
    vrings.closeAll(packed());
    vrings.resetAll();
    replaceInflight(null);
    status = 0;
  }

  private Reply beginTransfer(Message message) throws RefusedException, DeviceException {
    boolean load = message.i32(0) == 1;
    if (vrings.anyOpen() || message.i32(0) >>> 1 != 0 || message.i32(4) != 0) {
      throw new RefusedException("a state moves in phase 0 while no ring runs, and to or from us");
    }
    if (transfer != null && transfer.isRunning()) {
      throw new RefusedException("another state is still moving");
    }
    Fd pipe = message.takeDescriptor();
    boolean begun = false;
    try {
      transfer = load ? StateTransfer.load(pipe) : StateTransfer.save(pipe, logic.exportState());
      begun = true;
    } finally {
      if (!begun) {
        pipe.close();
      }
    }
    return Reply.of(Request.NO_DESCRIPTOR);
  }

  private long endTransfer() throws RefusedException, DeviceException {
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
    return 0;
  }

  /** The connection has ended: forgets all that was said on it. */
  void reset() {
    resetDevice();
    vrings.drop();
    memory.clear();
    dropBackChannel();
    features = 0;
    protocolFeatures = 0;
  }

  /** All was put back from a record: opens the rings that were open. */
  void restored() {
    vrings.protocolFeatures((features & PROTOCOL_FEATURES) != 0);
    try {
      vrings.moveTo(memory, features, inflight);
    } catch (RefusedException e) {
      log.warn("After the restart one queue is not served any more: {}", e.getMessage());
    }
  }

  /** Lets go of everything without telling the store. */
  void close() {
    vrings.closeDescriptors();
    memory.close();
    if (inflight != null) {
      inflight.close();
    }
    if (backChannel != null) {
      backChannel.close();
    }
    Held.close(backChannelSocket);
  }
}
