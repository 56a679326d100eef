package org.lodge.wayland.protocol;

import java.util.List;

/** An interface of Wayland, as its XML describes it. Immutable; one instance for each. */
public final class Interface {
  private final int index;
  private final String name;
  private final int version;
  private final List<MessageType> requests;
  private final List<MessageType> events;

  /** For {@link Interfaces} only, which fills the lists. */
  Interface(
      int index, String name, int version, List<MessageType> requests, List<MessageType> events) {
    this.index = index;
    this.name = name;
    this.version = version;
    this.requests = requests;
    this.events = events;
  }

  /** Its place among all interfaces: what the constants {@code INDEX} say. */
  public int index() {
    return index;
  }

  public String name() {
    return name;
  }

  /** The highest version that is described here, and so the highest that may be bound. */
  public int version() {
    return version;
  }

  public int requestCount() {
    return requests.size();
  }

  public int eventCount() {
    return events.size();
  }

  /**
   * @return null if there is none of this opcode
   */
  public MessageType request(int untrustedOpcode) {
    return untrustedOpcode >= 0 && untrustedOpcode < requests.size()
        ? requests.get(untrustedOpcode)
        : null;
  }

  /**
   * @return null if there is none of this opcode
   */
  public MessageType event(int untrustedOpcode) {
    return untrustedOpcode >= 0 && untrustedOpcode < events.size()
        ? events.get(untrustedOpcode)
        : null;
  }

  @Override
  public String toString() {
    return name;
  }
}
