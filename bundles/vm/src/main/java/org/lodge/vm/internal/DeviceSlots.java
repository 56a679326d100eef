package org.lodge.vm.internal;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lodge.vm.GuestException;

/**
 * Which devices one guest has, in the order in which they came. Thread-safe; nothing is spoken to
 * under its lock.
 */
final class DeviceSlots {
  private final String guest;
  private final Map<String, DeviceSlot> slots = new LinkedHashMap<>();

  DeviceSlots(String guest) {
    this.guest = guest;
  }

  synchronized List<DeviceSlot> all() {
    return List.copyOf(slots.values());
  }

  /** Null for none. */
  synchronized DeviceSlot find(String id) {
    return slots.get(id);
  }

  synchronized DeviceSlot get(String id) throws GuestException {
    DeviceSlot slot = slots.get(id);
    if (slot == null) {
      throw problem(
          "has no device "
              + id
              + "; it has "
              + (slots.isEmpty() ? "none" : String.join(", ", slots.keySet())));
    }
    return slot;
  }

  synchronized String freeId(String type) {
    int number = 0;
    while (slots.containsKey(type + number)) {
      number++;
    }
    return type + number;
  }

  synchronized void putIfAbsent(DeviceSlot slot) {
    slots.putIfAbsent(slot.id(), slot);
  }

  /**
   * Takes a place.
   *
   * @param before what stands there; null for nothing
   */
  synchronized void put(DeviceSlot before, DeviceSlot slot) throws GuestException {
    requirePlace(slot.id(), before);
    slots.put(slot.id(), slot);
  }

  /**
   * @param before what stands there; null for nothing
   */
  synchronized void requirePlace(String id, DeviceSlot before) throws GuestException {
    if (slots.get(id) != before) {
      throw before == null
          ? problem("there is a device " + id + " already; take another id")
          : takenAway(id);
    }
  }

  /**
   * @param by null for nothing
   * @return false where it has been taken away, as by the end of the guest
   */
  synchronized boolean replace(DeviceSlot slot, DeviceSlot by) {
    return by == null ? slots.remove(slot.id(), slot) : slots.replace(slot.id(), slot, by);
  }

  GuestException takenAway(String id) {
    return problem("device " + id + " was taken away before it was open");
  }

  private GuestException problem(String message) {
    return new GuestException(guest, "device", message);
  }
}
