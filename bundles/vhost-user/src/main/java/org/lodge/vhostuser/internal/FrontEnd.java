package org.lodge.vhostuser.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.vhostuser.ProtocolFeature;
import org.lodge.virtio.DeviceException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a front-end asks, message by message, in whatever order: QEMU, cloud-hypervisor and crosvm
 * each have their own. Belongs to the control thread.
 */
final class FrontEnd {
  private static final Logger log = LoggerFactory.getLogger(FrontEnd.class);

  /** What goes back to the front-end. */
  record Reply(byte[] payload, List<Fd> descriptors) {
    static Reply of(byte[] payload) {
      return new Reply(payload, List.of());
    }

    static Reply of(long value) {
      return of(bytes(8).putLong(value).array());
    }

    static ByteBuffer bytes(int length) {
      return ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
    }
  }

  final Negotiated negotiated;
  final VringSet vrings;
  final DeviceMessages device;
  private final RingMessages ring;
  private final Logic logic;
  private final DescriptorStore store;
  private final Set<ProtocolFeature> withheld;

  FrontEnd(
      Negotiated negotiated,
      Logic logic,
      VringSet vrings,
      DeviceMessages device,
      DescriptorStore store,
      Set<ProtocolFeature> withheld) {
    this.negotiated = negotiated;
    this.logic = logic;
    this.vrings = vrings;
    this.device = device;
    this.store = store;
    this.withheld = withheld;
    ring = new RingMessages(vrings, store);
  }

  /**
   * Does what a message asks.
   *
   * @param connection where it came from
   * @return null where nothing but an acknowledgement is due
   */
  Reply handle(Request request, Message message, UnixStreamSocket connection)
      throws RefusedException {
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
        case ADD_MEM_REG -> done(() -> moveTo(negotiated.memory.add(region(message, 8))));
        case REM_MEM_REG -> done(() -> removeRegion(message));
        case SET_VRING_NUM -> done(() -> ring.setSize(message));
        case SET_VRING_ADDR -> done(() -> ring.setAddresses(message));
        case SET_VRING_BASE -> done(() -> ring.setBase(message));
        case GET_VRING_BASE -> ring.getBase(message);
        case SET_VRING_KICK -> done(() -> ring.setKick(message));
        case SET_VRING_CALL -> done(() -> ring.setCall(message));
        case SET_VRING_ERR -> done(() -> ring.setError(message));
        case SET_VRING_ENABLE -> done(() -> ring.setEnabled(message));
        case SET_BACKEND_REQ_FD -> done(() -> device.setBackChannel(message));
        case GET_CONFIG -> device.getConfig(message);
        case SET_CONFIG -> done(() -> device.setConfig(message));
        case GET_INFLIGHT_FD -> device.getInflight(message);
        case SET_INFLIGHT_FD -> done(() -> device.setInflight(message));
        case RESET_DEVICE -> done(this::resetDevice);
        case SET_STATUS -> done(() -> negotiated.status = (int) message.i64(0) & 0xff);
        case GET_STATUS -> Reply.of(negotiated.status);
        case SET_DEVICE_STATE_FD -> device.beginTransfer(message, connection);
        case CHECK_DEVICE_STATE -> device.endTransfer();
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

  /** The answer to a question that was refused but has to be answered to stay in step. */
  static Reply refusal(Request request, Message message) {
    return switch (request) {
      case GET_CONFIG -> Reply.of(new byte[0]);
      case GET_VRING_BASE ->
          Reply.of(Reply.bytes(8).putInt(message.sizeBytes() >= 4 ? message.i32(0) : 0).array());
      case GET_INFLIGHT_FD -> Reply.of(new byte[24]);
      case SET_DEVICE_STATE_FD -> Reply.of(Request.NO_DESCRIPTOR | 1);
      case CHECK_DEVICE_STATE -> Reply.of(1);
      default -> Reply.of(0);
    };
  }

  private long offeredFeatures() {
    long ofDevice = logic.device() == null ? negotiated.features : logic.device().features;
    return ofDevice | Negotiated.RING_FEATURES | Negotiated.PROTOCOL_FEATURES;
  }

  private void setFeatures(long untrustedFeatures) throws RefusedException {
    long unoffered = untrustedFeatures & ~offeredFeatures() & ~Negotiated.NEVER_REFUSED;
    if (unoffered != 0) {
      throw new RefusedException("features %#x were not offered".formatted(unoffered));
    }
    negotiated.features = untrustedFeatures;
    vrings.updateServing();
  }

  private long offeredProtocolFeatures() {
    Set<ProtocolFeature> offered = EnumSet.allOf(ProtocolFeature.class);
    offered.removeAll(withheld);
    if (logic.configSpace().sizeBytes() == 0) {
      offered.remove(ProtocolFeature.CONFIG);
    }
    if (!offered.contains(ProtocolFeature.CONFIG)) {
      offered.remove(ProtocolFeature.BACKEND_REQ);
    }
    return offered.stream().mapToLong(ProtocolFeature::mask).reduce(0, (a, b) -> a | b);
  }

  private void setProtocolFeatures(long untrustedFeatures) throws RefusedException {
    long offered = offeredProtocolFeatures();
    negotiated.protocolFeatures = untrustedFeatures & offered;
    if (negotiated.protocolFeatures != untrustedFeatures) {
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
    moveTo(negotiated.memory.replace(regions));
  }

  private MappedRegion region(Message message, int at) throws RefusedException, LinuxException {
    Held<Fd> file = Held.of("memory", message.takeDescriptor(), store);
    return new MappedRegion(
        message.i64(at),
        message.i64(at + 8),
        message.i64(at + 16),
        message.i64(at + 24),
        file,
        negotiated.memory.limit());
  }

  private void removeRegion(Message message) throws RefusedException {
    moveTo(negotiated.memory.remove(message.i64(8), message.i64(16), message.i64(24)));
  }

  /** The memory table has changed. */
  private void moveTo(MemoryTable.Former former) throws RefusedException {
    try {
      vrings.moveToMemory();
    } finally {
      former.drop();
    }
  }

  private void resetDevice() {
    vrings.closeAll();
    logic.stop();
    vrings.resetAll();
    negotiated.replaceInflight(null);
    negotiated.status = 0;
  }

  /** The connection has ended: forgets all that was said on it. */
  void reset() {
    resetDevice();
    vrings.drop();
    negotiated.memory.clear();
    device.dropBackChannel();
    device.cancelTransfer();
    negotiated.features = 0;
    negotiated.protocolFeatures = 0;
  }

  /** All was put back from a record: opens the rings that were open. */
  void restored() {
    vrings.updateServing();
    try {
      vrings.moveToMemory();
    } catch (RefusedException e) {
      log.warn("After the restart one queue is not served any more: {}", e.getMessage());
    }
    // The former process may have died between showing what it used and telling so.
    vrings.open().forEach(Vring::callLater);
  }

  /** What came of the last message is on record, where one is kept. */
  void recorded() {
    vrings.recorded();
    store.recorded();
  }

  /** Lets go of everything without telling the store. */
  void close() {
    vrings.closeDescriptors();
    negotiated.memory.close();
    if (negotiated.inflight() != null) {
      negotiated.inflight().close();
    }
    device.close();
  }
}
