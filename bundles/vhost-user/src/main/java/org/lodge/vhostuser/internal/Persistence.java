package org.lodge.vhostuser.internal;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.ring.Rings;

/**
 * The negotiated state as JSON, and back. Descriptors are named as in the descriptor store. The
 * layout only ever grows: a later version reads what an earlier one wrote.
 */
final class Persistence {
  private static final int VERSION = 1;

  private Persistence() {}

  /**
   * @param connection name of the connection's descriptor; empty if there is none
   * @param reply still to be sent; null if none is due
   * @param handedOver the device's state where it ended in order; null otherwise
   */
  static JsonObject write(
      FrontEnd frontEnd, String connection, PendingReply reply, DeviceState handedOver) {
    JsonObjectBuilder state =
        Json.createObjectBuilder()
            .add("version", VERSION)
            .add("connection", connection)
            .add("features", frontEnd.negotiated.features)
            .add("protocolFeatures", frontEnd.negotiated.protocolFeatures)
            .add("status", frontEnd.negotiated.status)
            .add("backChannel", Held.name(frontEnd.device.backChannelSocket))
            .add("memory", memory(frontEnd.negotiated.memory))
            .add("rings", rings(frontEnd.vrings));
    if (frontEnd.negotiated.inflight() != null) {
      state.add("inflight", inflight(frontEnd.negotiated.inflight()));
    }
    if (reply != null) {
      state.add("replyTo", reply.id()).add("reply", base64(reply.payload()));
    }
    if (handedOver != null) {
      state.add("device", base64(StateTransfer.encode(handedOver)));
    }
    return state.build();
  }

  /**
   * A reply that the front-end waits for.
   *
   * @param id of the request
   */
  record PendingReply(int id, byte[] payload) {}

  private static JsonArrayBuilder memory(MemoryTable table) {
    JsonArrayBuilder regions = Json.createArrayBuilder();
    for (MappedRegion region : table.regions()) {
      regions.add(
          Json.createObjectBuilder()
              .add("guest", region.guestAddress)
              .add("size", region.sizeBytes)
              .add("user", region.userAddress)
              .add("offset", region.offsetBytes)
              .add("file", region.storeName()));
    }
    return regions;
  }

  private static JsonArrayBuilder rings(VringSet vrings) {
    JsonArrayBuilder rings = Json.createArrayBuilder();
    for (Vring vring : vrings.all()) {
      JsonObjectBuilder ring =
          Json.createObjectBuilder()
              .add("size", vring.size)
              .add("descriptors", vring.descriptorUserAddress)
              .add("driver", vring.driverUserAddress)
              .add("device", vring.deviceUserAddress)
              .add("addressed", vring.addressed)
              .add("base", vring.base)
              .add("enabled", vring.enabled)
              .add("kick", Held.name(vring.kick))
              .add("call", Held.name(vring.callDescriptor()))
              .add("error", Held.name(vring.error));
      if (vring.ownInflight != null) {
        ring.add("inflight", inflight(vring.ownInflight));
      }
      rings.add(ring);
    }
    return rings;
  }

  private static JsonObjectBuilder inflight(InflightArea area) {
    return Json.createObjectBuilder()
        .add("file", area.file().name())
        .add("offset", area.offsetBytes())
        .add("queues", area.queues())
        .add("queueSize", area.queueSize());
  }

  private static String base64(byte[] bytes) {
    return Base64.getEncoder().encodeToString(bytes);
  }

  static void requireReadable(JsonObject state) throws RefusedException {
    int version = state.getInt("version");
    if (version > VERSION) {
      throw new RefusedException(
          "the record has version %d, and this Lodge reads up to %d".formatted(version, VERSION));
    }
  }

  /** The state that a device handed over in order; null if there is none. */
  static DeviceState device(JsonObject state) throws RefusedException {
    return state.containsKey("device")
        ? StateTransfer.decode(Base64.getDecoder().decode(state.getString("device")))
        : null;
  }

  static PendingReply reply(JsonObject state) {
    return new PendingReply(
        state.getInt("replyTo"), Base64.getDecoder().decode(state.getString("reply")));
  }

  /** The device has taken its state over. */
  static JsonObject withoutDevice(JsonObject state) {
    return Json.createObjectBuilder(state).remove("device").build();
  }

  /** Puts the front-end back where it was; the rings are still to be opened. */
  static void restore(JsonObject state, FrontEnd frontEnd, Rings rings, DescriptorStore store)
      throws RefusedException, LinuxException {
    frontEnd.negotiated.features = state.getJsonNumber("features").longValue();
    frontEnd.negotiated.protocolFeatures = state.getJsonNumber("protocolFeatures").longValue();
    frontEnd.negotiated.status = state.getInt("status");
    String backChannel = state.getString("backChannel");
    if (!backChannel.isEmpty()) {
      frontEnd.device.backChannelSocket = new Held<>(store.take(backChannel), backChannel, store);
      frontEnd.device.openBackChannel();
    }
    frontEnd.negotiated.memory.restore(memory(state, frontEnd.negotiated.memory.limit(), store));
    boolean packed = frontEnd.negotiated.packed();
    if (state.containsKey("inflight")) {
      frontEnd.negotiated.restoreInflight(
          inflight(state.getJsonObject("inflight"), packed, rings, store));
    }
    List<JsonObject> recorded = state.getJsonArray("rings").getValuesAs(JsonObject.class);
    for (int index = 0; index < recorded.size(); index++) {
      restore(recorded.get(index), frontEnd.vrings.get(index), packed, rings, store);
    }
  }

  private static List<MappedRegion> memory(
      JsonObject state, MappingLimit limit, DescriptorStore store)
      throws RefusedException, LinuxException {
    List<MappedRegion> regions = new ArrayList<>();
    boolean complete = false;
    try {
      for (JsonObject each : state.getJsonArray("memory").getValuesAs(JsonObject.class)) {
        regions.add(region(each, limit, store));
      }
      complete = true;
    } finally {
      if (!complete) {
        regions.forEach(MappedRegion::drop);
      }
    }
    return regions;
  }

  private static MappedRegion region(JsonObject region, MappingLimit limit, DescriptorStore store)
      throws RefusedException, LinuxException {
    String name = region.getString("file");
    return new MappedRegion(
        region.getJsonNumber("guest").longValue(),
        region.getJsonNumber("size").longValue(),
        region.getJsonNumber("user").longValue(),
        region.getJsonNumber("offset").longValue(),
        new Held<>(store.take(name), name, store),
        limit);
  }

  private static void restore(
      JsonObject ring, Vring vring, boolean packed, Rings rings, DescriptorStore store)
      throws RefusedException, LinuxException {
    vring.size = ring.getInt("size");
    vring.descriptorUserAddress = ring.getJsonNumber("descriptors").longValue();
    vring.driverUserAddress = ring.getJsonNumber("driver").longValue();
    vring.deviceUserAddress = ring.getJsonNumber("device").longValue();
    vring.addressed = ring.getBoolean("addressed");
    vring.base = ring.getInt("base");
    vring.enabled = ring.getBoolean("enabled");
    vring.kick = Held.event(ring.getString("kick"), store);
    vring.restoreCall(Held.event(ring.getString("call"), store));
    vring.error = Held.event(ring.getString("error"), store);
    if (ring.containsKey("inflight")) {
      vring.ownInflight = inflight(ring.getJsonObject("inflight"), packed, rings, store);
    }
  }

  private static InflightArea inflight(
      JsonObject area, boolean packed, Rings rings, DescriptorStore store)
      throws RefusedException, LinuxException {
    String name = area.getString("file");
    int queues = area.getInt("queues");
    int queueSize = area.getInt("queueSize");
    long queueBytes = rings.inflightBytes(queueSize, packed);
    return InflightArea.of(
        new Held<>(store.take(name), name, store),
        queues * queueBytes,
        area.getJsonNumber("offset").longValue(),
        queues,
        queueSize,
        queueBytes);
  }
}
