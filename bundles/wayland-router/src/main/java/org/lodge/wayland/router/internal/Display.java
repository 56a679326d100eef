package org.lodge.wayland.router.internal;

import java.util.concurrent.atomic.AtomicLong;

/** What the connections to one compositor share. Thread-safe. */
final class Display {
  final String name;
  private final AtomicLong windows;

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
}
