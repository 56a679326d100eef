package org.lodge.wayland.router.internal;

import java.util.ArrayList;
import java.util.List;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlSubsurface;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.WpViewport;

/**
 * Four strips of the guest's colour above the guest's pixels, around the window proper. They are
 * there while the guest shows something outside of it, such as a shadow: a compositor may cut a
 * window off at its geometry, where the frame around the shadow is not seen.
 */
final class Ring {
  private final Routing routing;
  private final List<Strip> strips = new ArrayList<>();
  private boolean shown;

  /** A side: objects of the router at the compositor. */
  record Strip(WaylandObject surface, WaylandObject subsurface, WaylandObject viewport) {}

  Ring(Routing routing) {
    this.routing = routing;
  }

  boolean isShown() {
    return shown;
  }

  /**
   * Lies along the inside of a rectangle of the wrapper, from its next commit on.
   *
   * @param width and height more than twice the border
   */
  void show(WaylandObject wrapper, int x, int y, int width, int height) throws WaylandException {
    while (strips.size() < 4) {
      strips.add(routing.frames.strip(wrapper));
    }
    int border = routing.frames.border();
    int inner = height - 2 * border;
    place(strips.get(0), x, y, width, border);
    place(strips.get(1), x, y + height - border, width, border);
    place(strips.get(2), x, y + border, border, inner);
    place(strips.get(3), x + width - border, y + border, border, inner);
    shown = true;
  }

  private void place(Strip strip, int x, int y, int width, int height) {
    Outbox out = routing.toCompositor;
    int surface = strip.surface.upstreamId;
    out.words(strip.subsurface.upstreamId, WlSubsurface.SET_POSITION, x, y);
    out.words(strip.viewport.upstreamId, WpViewport.SET_DESTINATION, width, height);
    out.words(surface, WlSurface.ATTACH, routing.frames.colorBuffer().upstreamId, 0, 0);
    out.words(surface, WlSurface.DAMAGE, 0, 0, width, height);
    out.words(surface, WlSurface.COMMIT);
  }

  void hide() {
    for (Strip strip : strips) {
      routing.toCompositor.words(strip.surface.upstreamId, WlSurface.ATTACH, 0, 0, 0);
      routing.toCompositor.words(strip.surface.upstreamId, WlSurface.COMMIT);
    }
    shown = false;
  }

  void destroy() {
    for (Strip strip : strips) {
      routing.toCompositor.words(strip.subsurface.upstreamId, WlSubsurface.DESTROY);
      routing.toCompositor.words(strip.viewport.upstreamId, WpViewport.DESTROY);
      routing.toCompositor.words(strip.surface.upstreamId, WlSurface.DESTROY);
    }
    strips.clear();
  }
}
