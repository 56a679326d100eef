package org.lodge.wayland.router.internal;

/**
 * A window or popup of a client. Guarded by the lock of its connection; what is volatile is shown
 * to people, who do not wait for it.
 */
final class ShellSurface {
  /** Of the window, for people. */
  final long id;

  final WaylandObject object;
  final Surface surface;

  /** Around it, where the router draws frames; else null. */
  Frame frame;

  /** The {@code xdg_toplevel}; null while there is none and for popups. */
  volatile WaylandObject toplevel;

  /** The {@code xdg_popup}; null while there is none and for others. */
  WaylandObject popup;

  boolean hasGeometry;
  int geometryX;
  int geometryY;
  int geometryWidth;
  int geometryHeight;

  /** As the client says; untrusted. */
  volatile String untrustedTitle = "";

  volatile String untrustedAppId = "";

  ShellSurface(long id, WaylandObject object, Surface surface) {
    this.id = id;
    this.object = object;
    this.surface = surface;
  }
}
