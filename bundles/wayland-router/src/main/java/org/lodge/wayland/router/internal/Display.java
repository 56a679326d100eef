package org.lodge.wayland.router.internal;

/** What the connections to one compositor share. Thread-safe. */
final class Display {
  private volatile Guest dragging;

  /** A client of the guest has begun to drag something that others may take. */
  void dragBegun(Guest guest) {
    dragging = guest;
  }

  /** Whether clients of the guest may see what is dragged. */
  boolean mayDrop(Guest guest) {
    return dragging == guest;
  }

  void dragEnded(Guest guest) {
    if (dragging == guest) {
      dragging = null;
    }
  }
}
