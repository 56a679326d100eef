package org.lodge.wayland.router.internal;

import java.util.concurrent.atomic.AtomicLong;

/** What the connections to one compositor share. Thread-safe. */
final class Display {
  final String name;
  private final AtomicLong windows;
  private volatile Guest dragging;

  /**
   * @param windows counts windows, over all displays
   */
  Display(String name, AtomicLong windows) {
    this.name = name;
    this.windows = windows;
  }

  long nextWindow() {
    return windows.incrementAndGet();
  }

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
