package org.lodge.wayland.router.internal;

import java.util.Arrays;
import org.lodge.wayland.protocol.opcode.WlSubsurface;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.WpViewport;
import org.lodge.wayland.protocol.opcode.XdgPopup;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgWmBase;

/**
 * A window of the router in the guest's colour, in which the guest's window lies as a subsurface.
 *
 * <p>It is larger on each side than all that the guest may show: it grows before a commit that
 * needs that, and shrinks after. So the guest's pixels never reach its edge, whatever subsurfaces,
 * geometries or viewports the guest makes. Compositors may cut a window off at its geometry, so
 * that is never smaller either, but for a shadow, and there is a {@link Ring} then. The client
 * knows nothing of it: its coordinates begin at its own surface, and sizes are told without the
 * border.
 */
final class Frame {
  /** Coordinates beyond are left alone: the sum might not fit. */
  private static final int FAR = 1 << 24;

  private final Routing routing;
  private final Frames frames;
  private final WaylandObject wrapper;
  private final WaylandObject subsurface;
  private final WaylandObject viewport;

  /** What the frame surrounds, in coordinates of the guest's surface: left, top, right, bottom. */
  private int[] around = new int[4];

  private ShellSurface window;
  private boolean mapped;
  private boolean configured;
  private boolean dirty;

  /** State of the window that its surface's next commit applies, and no other surface's. */
  private boolean pending;

  /**
   * Which configure event the client has acknowledged since its last commit; null where none. The
   * compositor hears of it with that commit: until then there may be others of the wrapper, which
   * would not have the size that it was told.
   */
  private Integer acknowledged;

  /** A popup that is shown no more. */
  private boolean dismissed;

  /** What compositors place it by. */
  private WindowGeometry geometry;

  private final SizeLimits limits = new SizeLimits();

  Frame(
      Frames frames,
      Routing routing,
      WaylandObject wrapper,
      WaylandObject subsurface,
      WaylandObject viewport) {
    this.frames = frames;
    this.routing = routing;
    this.wrapper = wrapper;
    this.subsurface = subsurface;
    this.viewport = viewport;
    wrapper.role = this;
  }

  /** A size with a border on both sides; 0 stays, which says that there is none. */
  static int larger(int size, int border) {
    return size > 0 && size < FAR ? size + 2 * border : size;
  }

  static int smaller(int size, int border) {
    return size > 0 ? Math.max(1, size - 2 * border) : size;
  }

  static int moved(int coordinate, int border) {
    return Math.abs((long) coordinate) < FAR ? coordinate + border : coordinate;
  }

  /**
   * Makes the window, with the wrapper in place of the guest's surface.
   *
   * @param wmBase that makes it
   */
  void surround(ShellSurface window, WaylandObject wmBase) {
    this.window = window;
    geometry = new WindowGeometry(frames, routing, window, wrapper);
    routing.toCompositor.words(
        wmBase.upstreamId, XdgWmBase.GET_XDG_SURFACE, window.object.upstreamId, wrapper.upstreamId);
  }

  /** The compositor's number of the surface that is the window. */
  int surfaceId() {
    return wrapper.upstreamId;
  }

  /** Where the guest's surface lies in that one. */
  int contentX() {
    return frames.border() - around[0];
  }

  int contentY() {
    return frames.border() - around[1];
  }

  /** State of the window has changed that its next commit applies. */
  void changed() {
    pending = true;
  }

  /** What the compositor has told of it. */
  WindowGeometry geometry() {
    return geometry;
  }

  /** How small and large the client wants it. */
  SizeLimits limits() {
    return limits;
  }

  void acknowledged(int serial) {
    geometry.acknowledged(serial);
    acknowledged = serial;
    pending = true;
  }

  /** The compositor shows some of a surface of it on a screen, or none any more. */
  void shownOn(WaylandObject surface, Screens.Screen screen, boolean some) {
    boolean within = surface.role instanceof Surface shown && shown != window.surface;
    if (geometry.seenOn().told(surface, within, screen, some)) {
      fit();
    }
  }

  /** A subsurface is no part of it any more, with all that it has. */
  void left(Surface gone) {
    if (geometry.seenOn().forget(of -> of.role instanceof Surface some && some.isWithin(gone))) {
      fit();
    }
  }

  /** There are other screens. */
  void screensChanged() {
    geometry.seenOn().keep(frames.screens()::has);
    fit();
  }

  private void fit() {
    if (mapped) {
      limit();
    }
    grow();
  }

  private void limit() {
    if (window.toplevel != null) {
      dirty |= limits.send(routing.toCompositor, window.toplevel.upstreamId, geometry);
    }
  }

  /** The client has no window any more, and may make one again. */
  void unmapped() {
    hide();
    limits.forget();
    configured = false;
    acknowledged = null;
    dismissed = false;
  }

  /**
   * What a commit has set is about to be shown.
   *
   * @param surface that was committed: the guest's window or one within
   */
  void beforeCommit(Surface surface) {
    if (surface == window.surface) {
      acknowledge();
      limits.apply();
      limit();
      dirty |= pending;
      pending = false;
    }
    if (window.surface.buffer != null && configured) {
      grow();
    }
  }

  private void acknowledge() {
    if (acknowledged != null && !dismissed) {
      routing.toCompositor.words(window.object.upstreamId, XdgSurface.ACK_CONFIGURE, acknowledged);
      geometry.applied();
      configured = true;
    }
    acknowledged = null;
  }

  /**
   * A program may place a popup anywhere: a larger one could have all of its frame out of sight.
   */
  private boolean fits(int[] target) {
    int both = 2 * frames.border();
    return frames.screens().hold(target[2] - target[0] + both, target[3] - target[1] + both);
  }

  /** As compositors do when a person clicks elsewhere. */
  private void dismiss() {
    hide();
    dismissed = true;
    routing.toClient.words(window.popup.clientId, XdgPopup.EVENT_POPUP_DONE);
  }

  /** Surrounds also what may be seen from now on. */
  void grow() {
    boolean shows = mapped || configured && window.surface.buffer != null;
    int[] target = window.surface.extents();
    if (dismissed || !shows || target == null) {
      return;
    }
    if (window.popup != null && !fits(target)) {
      dismiss();
      return;
    }
    int[] wanted = target.clone();
    if (mapped) {
      wanted[0] = Math.min(wanted[0], around[0]);
      wanted[1] = Math.min(wanted[1], around[1]);
      wanted[2] = Math.max(wanted[2], around[2]);
      wanted[3] = Math.max(wanted[3], around[3]);
    }
    place(wanted, target);
    if (dirty) {
      commit();
    }
  }

  /**
   * @param surface that was committed: the guest's window or one within
   */
  void afterCommit(Surface surface) {
    if (dismissed) {
      return;
    }
    if (window.surface.buffer == null) {
      if (surface == window.surface && mapped) {
        hide();
      } else if (surface == window.surface) {
        commit();
      }
      return;
    }
    if (mapped && surface == window.surface) {
      int[] target = window.surface.extents();
      if (target != null) {
        place(target, target);
      }
    }
    if (dirty) {
      commit();
    }
  }

  /** The client's xdg_surface is gone. */
  void destroy() {
    geometry.destroy();
    routing.toCompositor.words(subsurface.upstreamId, WlSubsurface.DESTROY);
    routing.toCompositor.words(viewport.upstreamId, WpViewport.DESTROY);
    routing.toCompositor.words(wrapper.upstreamId, WlSurface.DESTROY);
    window.frame = null;
  }

  /**
   * @param target what will be left of it once the commit is shown: the window's size, which must
   *     be what it was told to be if it is maximised or fullscreen
   */
  private void place(int[] wanted, int[] target) {
    boolean same = mapped && Arrays.equals(wanted, around);
    if (!same) {
      int border = frames.border();
      around = wanted.clone();
      routing.toCompositor.words(
          subsurface.upstreamId, WlSubsurface.SET_POSITION, border - wanted[0], border - wanted[1]);
      routing.toCompositor.words(
          viewport.upstreamId,
          WpViewport.SET_DESTINATION,
          wanted[2] - wanted[0] + 2 * border,
          wanted[3] - wanted[1] + 2 * border);
      if (!mapped) {
        routing.toCompositor.words(
            wrapper.upstreamId, WlSurface.ATTACH, frames.colorBuffer().upstreamId, 0, 0);
        mapped = true;
      }
      int all = Short.MAX_VALUE;
      routing.toCompositor.words(wrapper.upstreamId, WlSurface.DAMAGE, 0, 0, all, all);
      dirty = true;
    }
    dirty |= geometry.send(around, target);
  }

  private void hide() {
    if (mapped) {
      routing.toCompositor.words(wrapper.upstreamId, WlSurface.ATTACH, 0, 0, 0);
      mapped = false;
      configured = false;
      geometry.forget();
      limits.forget();
      dirty = true;
      commit();
    }
  }

  private void commit() {
    routing.toCompositor.words(wrapper.upstreamId, WlSurface.COMMIT);
    dirty = false;
  }
}
