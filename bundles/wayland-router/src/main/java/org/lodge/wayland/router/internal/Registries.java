package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.INVALID_OBJECT;
import static org.lodge.wayland.protocol.WaylandException.NO_MEMORY;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Interfaces;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlDisplay;
import org.lodge.wayland.protocol.opcode.WlRegistry;

/** A client's registries: it is told of the globals that it may have, and binds no others. */
final class Registries {
  private static final int MOST_REGISTRIES = 32;

  /** What is kept of a global. */
  private static final int GLOBAL_BYTES = 128;

  private final Routing routing;
  private int made;

  /** What a client was told of globals, in one registry. */
  private static final class Registry {
    /** A bind may be on its way for what was removed; compositors allow for it a while, too. */
    private static final int MOST_REMOVED = 64;

    private final Map<Integer, Advertised> globals = new HashMap<>();
    private final SequencedMap<Integer, Advertised> removed = new LinkedHashMap<>();
    private int most;

    /**
     * @return whether there have never been so many
     */
    boolean add(int name, Advertised global) {
      removed.remove(name);
      globals.put(name, global);
      boolean more = globals.size() > most;
      most = Math.max(most, globals.size());
      return more;
    }

    /**
     * @return whether the client knows it
     */
    boolean remove(int name) {
      Advertised global = globals.remove(name);
      if (global == null) {
        return false;
      }
      removed.put(name, global);
      if (removed.size() > MOST_REMOVED) {
        removed.pollFirstEntry();
      }
      return true;
    }

    /**
     * @return null where there is none
     */
    Advertised find(int untrustedName) {
      Advertised global = globals.get(untrustedName);
      return global == null ? removed.get(untrustedName) : global;
    }
  }

  /** A global as the client may bind it. */
  private record Advertised(String name, int version) {}

  Registries(Routing routing) {
    this.routing = routing;
  }

  boolean make(WaylandObject receiver, int opcode, Message request) throws WaylandException {
    if (opcode != WlDisplay.GET_REGISTRY) {
      return false;
    }
    if (++made > MOST_REGISTRIES) {
      throw WaylandException.ofDisplay(NO_MEMORY, "more than " + MOST_REGISTRIES + " registries");
    }
    routing.forward(receiver, request).role = new Registry();
    return true;
  }

  boolean bind(WaylandObject receiver, Message request) throws WaylandException {
    Registry registry = (Registry) receiver.role;
    Advertised global = registry.find(request.word(0));
    String untrustedName = request.string(1);
    int untrustedVersion = request.word(2);
    if (global == null || !global.name().equals(untrustedName)) {
      throw WaylandException.ofDisplay(
          INVALID_OBJECT, "invalid global " + Names.clean(untrustedName, true));
    }
    if (untrustedVersion < 1 || untrustedVersion > global.version()) {
      throw WaylandException.ofDisplay(
          INVALID_OBJECT,
          "invalid version for global " + global.name() + ": have " + global.version());
    }
    Interface type = Interfaces.named(global.name());
    WaylandObject bound = routing.objects.create(request.word(3), type, untrustedVersion);
    request.setWord(3, bound.upstreamId);
    request.setObject(receiver.upstreamId);
    routing.toCompositor.copy(request);
    return true;
  }

  boolean told(WaylandObject receiver, int opcode, Message event) throws WaylandException {
    Registry registry = (Registry) receiver.role;
    if (opcode == WlRegistry.EVENT_GLOBAL_REMOVE) {
      return !registry.remove(event.word(0));
    }
    String untrustedType = event.string(1);
    int version = Globals.allowedVersion(untrustedType, event.word(2), routing.frames != null);
    if (version > 0) {
      String type = Interfaces.named(untrustedType).name();
      if (registry.add(event.word(0), new Advertised(type, version))) {
        routing.objects.charge(receiver, GLOBAL_BYTES);
      }
      event.setWord(2, version);
    }
    return version == 0;
  }
}
