package org.lodge.wayland.router.internal;

import org.lodge.wayland.protocol.Interface;

/** An object of one connection: its numbers on both sides, its type, and what the router knows. */
final class WaylandObject {
  final Interface type;
  final int version;

  /** Its number towards the client; 0 where the router made it for itself. */
  final int clientId;

  /** Its number towards the compositor; 0 where only the client knows it. */
  final int upstreamId;

  /** Destroyed, but its number is not free yet: events may still come for it. */
  boolean zombie;

  /** What is known beyond the type, such as a {@link Surface}; may be null. */
  Object role;

  /** What is counted for it of the connection's {@link Heap}. */
  int heapBytes;

  /** For an object of the router: the client's object that stands for it in events. */
  WaylandObject alias;

  WaylandObject(Interface type, int version, int clientId, int upstreamId) {
    this.type = type;
    this.version = version;
    this.clientId = clientId;
    this.upstreamId = upstreamId;
    heapBytes = clientId == 0 ? Heap.OBJECT_BYTES : Heap.bytesOf(type);
  }

  boolean isOwn() {
    return clientId == 0;
  }

  @Override
  public String toString() {
    return type.name() + "#" + Integer.toUnsignedString(clientId == 0 ? upstreamId : clientId);
  }
}
