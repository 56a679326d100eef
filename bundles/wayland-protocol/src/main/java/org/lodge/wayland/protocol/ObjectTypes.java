package org.lodge.wayland.protocol;

/** What a codec must know about the objects of a connection. */
@FunctionalInterface
public interface ObjectTypes {
  /**
   * Finds what a message is.
   *
   * @return never null
   * @throws WaylandException where no such object lives, or it has no such message in its version
   */
  MessageType typeOf(int untrustedObject, int untrustedOpcode) throws WaylandException;
}
