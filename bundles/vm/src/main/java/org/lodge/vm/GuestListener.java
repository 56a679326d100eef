package org.lodge.vm;

/**
 * Hears every change of every guest. Register it as an OSGi service (whiteboard). Calls come in
 * order per guest, from a thread of the listener's own; a slow listener delays nobody else.
 */
public interface GuestListener {

  /**
   * @param before the state it came from; equal to that of {@code status} where only details
   *     changed
   */
  void guestChanged(GuestStatus status, GuestState before);
}
