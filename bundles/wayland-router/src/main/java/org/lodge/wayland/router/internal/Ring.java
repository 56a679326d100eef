package org.lodge.wayland.router.internal;

import java.util.ArrayList;
import java.util.List;
import org.lodge.wayland.protocol.opcode.WlSubsurface;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.WpViewport;

/**
 * Four strips of the guest's colour above the guest's pixels, around the window proper. They are
 * there while the guest shows something outside of it, such as a shadow: a compositor may cut a
 * window off at its geometry, where the frame around the shadow is not seen. Where the guest shows
 * more than a screen has room for they cover all of the rest.
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
   * Lies along the inside of a rectangle of the wrapper and covers what is around, from its next
   * commit on.
   *
   * @param proper left, top, right and bottom of the rectangle, more than two borders apart
   * @param all how far it covers what is around
   */
  void show(WaylandObject wrapper, int[] proper, int[] all) {
    while (strips.size() < 4) {
      strips.add(routing.frames.strip(wrapper));
    }
    int border = routing.frames.border();
    int left = proper[0] + border;
    int top = proper[1] + border;
    int right = proper[2] - border;
    int bottom = proper[3] - border;
    place(strips.get(0), all[0], all[1], all[2], top);
    place(strips.get(1), all[0], bottom, all[2], all[3]);
    place(strips.get(2), all[0], top, left, bottom);
    place(strips.get(3), right, top, all[2], bottom);
    shown = true;
  }

  boolean has(WaylandObject surface) {
    return strips.stream().anyMatch(strip -> strip.surface == surface);
  }

  private void place(Strip strip, int left, int top, int right, int bottom) {
    Outbox out = routing.toCompositor;
    int surface = strip.surface.upstreamId;
    int width = right - left;
    int height = bottom - top;
    out.words(strip.subsurface.upstreamId, WlSubsurface.SET_POSITION, left, top);
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
