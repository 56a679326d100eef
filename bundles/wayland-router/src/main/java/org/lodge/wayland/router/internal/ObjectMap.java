package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.INVALID_OBJECT;
import static org.lodge.wayland.protocol.WaylandException.NO_MEMORY;

import java.util.Arrays;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Interfaces;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlDisplay;

/**
 * The objects of one connection, by their numbers on both sides, under the rules of libwayland's
 * {@code wl_map}: a new number is a free one or the next, and free only after {@code delete_id}.
 *
 * <p>Numbers are the same on both sides as long as the router makes no objects of its own; where it
 * does ({@code mapped}) numbers towards the compositor are its own.
 */
final class ObjectMap {
  /** Where numbers begin that the compositor gives. */
  static final int SERVER_FIRST = 0xff000000;

  /** As libwayland: WL_MAP_MAX_OBJECTS. */
  private static final int MAX_NUMBERS = 0x00f00000;

  private static final int REFERENCE_BYTES = 4;

  private final boolean mapped;
  private final int maxObjects;
  private final Heap heap;
  private final Table client;
  private final Table upstream;
  private final Table serverToClient;
  private final Table serverUpstream;
  private int live;

  ObjectMap(boolean mapped, int maxObjects, Heap heap) {
    this.mapped = mapped;
    this.heap = heap;
    this.maxObjects = maxObjects;
    client = new Table(1, false);
    upstream = new Table(1, mapped);
    serverToClient = new Table(SERVER_FIRST, true);
    serverUpstream = new Table(SERVER_FIRST, false);
    WaylandObject display = new WaylandObject(Interfaces.at(WlDisplay.INDEX), 1, 1, 1);
    client.put(1, display);
    upstream.put(1, display);
  }

  /** How many objects are there, zombies and the router's own among them. */
  int size() {
    return live;
  }

  /** How many numbers and references there is room for, over all tables. */
  int room() {
    return client.room() + upstream.room() + serverToClient.room() + serverUpstream.room();
  }

  /**
   * @return null if there is none
   */
  WaylandObject ofClient(int untrustedId) {
    return (isServer(untrustedId) ? serverToClient : client).get(untrustedId);
  }

  /**
   * @return null if there is none
   */
  WaylandObject ofUpstream(int untrustedId) {
    return (isServer(untrustedId) ? serverUpstream : upstream).get(untrustedId);
  }

  /** Takes up an object that the client makes. */
  WaylandObject create(int untrustedId, Interface type, int version) throws WaylandException {
    if (isServer(untrustedId) || !client.isFreeOrNext(untrustedId)) {
      throw WaylandException.ofDisplay(
          INVALID_OBJECT, "invalid new id " + Integer.toUnsignedString(untrustedId));
    }
    admit(Heap.bytesOf(type));
    int upstreamId = mapped ? upstream.take() : untrustedId;
    WaylandObject object = new WaylandObject(type, version, untrustedId, upstreamId);
    client.put(untrustedId, object);
    upstream.put(upstreamId, object);
    return object;
  }

  /**
   * Makes an object of the router towards the compositor. It counts, but is not refused: the client
   * can't help what screens there are, and each of its windows has only some.
   */
  WaylandObject createOwn(Interface type, int version) {
    if (!mapped) {
      throw new IllegalStateException("numbers are the client's");
    }
    heap.add(Heap.OBJECT_BYTES);
    live++;
    WaylandObject object = new WaylandObject(type, version, 0, upstream.take());
    upstream.put(object.upstreamId, object);
    return object;
  }

  /** Takes up an object that the compositor makes. */
  WaylandObject createFromServer(int untrustedId, Interface type, int version)
      throws WaylandException {
    return takeUp(untrustedId, type, version, false);
  }

  /** Takes up an object that the compositor makes and the client will not hear of. */
  WaylandObject hideFromClient(int untrustedId, Interface type, int version)
      throws WaylandException {
    return takeUp(untrustedId, type, version, true);
  }

  private WaylandObject takeUp(int untrustedId, Interface type, int version, boolean hidden)
      throws WaylandException {
    WaylandObject old = ofUpstream(untrustedId);
    boolean usable = old == null ? serverUpstream.isFreeOrNext(untrustedId) : old.zombie;
    if (!isServer(untrustedId) || !usable) {
      throw WaylandException.ofDisplay(
          INVALID_OBJECT,
          "the compositor makes an object " + Integer.toUnsignedString(untrustedId));
    }
    if (old != null) {
      serverUpstream.put(untrustedId, null);
      dismiss(old);
    }
    admit(hidden ? Heap.OBJECT_BYTES : Heap.bytesOf(type));
    int clientId = hidden ? 0 : serverToClient.take();
    WaylandObject object = new WaylandObject(type, version, clientId, untrustedId);
    serverUpstream.put(untrustedId, object);
    if (!hidden) {
      serverToClient.put(clientId, object);
    }
    return object;
  }

  /** Makes an object of the router towards the client, as if the compositor had. */
  WaylandObject createForClient(Interface type, int version) throws WaylandException {
    admit(Heap.bytesOf(type));
    WaylandObject object = new WaylandObject(type, version, serverToClient.take(), 0);
    serverToClient.put(object.clientId, object);
    return object;
  }

  /**
   * The object has been destroyed by a message. Its number is free at once where the compositor
   * gave it, else with {@link #deleted}.
   */
  void destroyed(WaylandObject object) {
    object.zombie = true;
    if (isServer(object.clientId)) {
      serverToClient.put(object.clientId, null);
      if (object.upstreamId == 0) {
        dismiss(object);
      }
    }
  }

  /**
   * The compositor has said {@code delete_id}.
   *
   * @return what is gone
   */
  WaylandObject deleted(int untrustedUpstreamId) throws WaylandException {
    WaylandObject object = upstream.get(untrustedUpstreamId);
    if (isServer(untrustedUpstreamId) || object == null || untrustedUpstreamId == 1) {
      throw WaylandException.ofDisplay(
          INVALID_OBJECT,
          "the compositor deletes " + Integer.toUnsignedString(untrustedUpstreamId));
    }
    object.zombie = true;
    upstream.put(untrustedUpstreamId, null);
    if (!object.isOwn()) {
      client.put(object.clientId, null);
    }
    dismiss(object);
    return object;
  }

  /**
   * Counts more for an object that lives, until it is gone.
   *
   * @throws WaylandException where that is too much; then it is not counted
   */
  void charge(WaylandObject object, int bytes) throws WaylandException {
    heap.take(bytes);
    object.heapBytes += bytes;
  }

  private void admit(int bytes) throws WaylandException {
    if (live >= maxObjects) {
      throw WaylandException.ofDisplay(NO_MEMORY, "more than " + maxObjects + " objects");
    }
    heap.take(bytes);
    live++;
  }

  private void dismiss(WaylandObject object) {
    heap.give(object.heapBytes);
    live--;
  }

  private static boolean isServer(int id) {
    return Integer.compareUnsigned(id, SERVER_FIRST) >= 0;
  }

  /** Objects by number. Never becomes smaller. */
  private final class Table {
    private final int first;
    private final boolean ours;
    private WaylandObject[] objects = new WaylandObject[64];

    /** Numbers to give again; those that others give are not kept, for nobody would take them. */
    private int[] free = new int[16];

    private int freeCount;
    private int next;

    /**
     * @param ours whether the router gives its numbers
     */
    Table(int first, boolean ours) {
      this.first = first;
      this.ours = ours;
    }

    int room() {
      return objects.length + free.length;
    }

    WaylandObject get(int id) {
      int index = id - first;
      return index >= 0 && index < next ? objects[index] : null;
    }

    boolean isFreeOrNext(int id) {
      int index = id - first;
      return index >= 0
          && index < MAX_NUMBERS
          && (index == next || index < next && objects[index] == null);
    }

    void put(int id, WaylandObject object) {
      int index = id - first;
      if (index >= objects.length) {
        int length = Math.max(index + 1, objects.length * 2);
        heap.add((length - objects.length) * REFERENCE_BYTES);
        objects = Arrays.copyOf(objects, length);
      }
      if (ours && object == null && objects[index] != null) {
        if (freeCount == free.length) {
          heap.add(freeCount * Integer.BYTES);
          free = Arrays.copyOf(free, freeCount * 2);
        }
        free[freeCount++] = id;
      }
      objects[index] = object;
      next = Math.max(next, index + 1);
    }

    /** A number that is free, the one that was freed last first, as libwayland does. */
    int take() {
      return freeCount > 0 ? free[--freeCount] : first + next;
    }
  }
}
