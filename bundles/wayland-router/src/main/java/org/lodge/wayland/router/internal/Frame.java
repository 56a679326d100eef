package org.lodge.wayland.router.internal;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.lodge.wayland.protocol.WaylandException;
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

  /** How far a guest may show something outside of a window's geometry, which is its shadow. */
  static final int MOST_SHADOW = 64;

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

  /** The newest sizes were told with a state in which windows have no shadow. */
  private boolean toldFilling;

  /** Which configure event those came with; null until it has come. */
  private Integer toldSerial;

  /** The window may be in such a state. */
  private boolean filling;

  /** A popup that is shown no more. */
  private boolean dismissed;

  private final Ring ring;

  /** The geometry as it was sent: left, top, right, bottom; null where none was. */
  private int[] geometry;

  /** How far the ring covers what is around that. */
  private int[] covered;

  /** The size that the compositor wants, with the border; 0 where it wants none. */
  private int toldWidth;

  private int toldHeight;

  /** Where some of it is seen. */
  private final Set<Screens.Screen> on = new HashSet<>();

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
    ring = new Ring(routing);
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

  /**
   * The compositor tells a size.
   *
   * @param filling whether the window shall be maximised or fullscreen
   */
  void told(int width, int height, boolean filling) {
    toldWidth = width;
    toldHeight = height;
    toldFilling = filling;
    toldSerial = null;
    this.filling |= filling;
  }

  /** It has told all. */
  void told(int serial) {
    toldSerial = serial;
  }

  void acknowledged(int serial) {
    if (toldSerial != null && toldSerial == serial) {
      filling = toldFilling;
    }
    configured = true;
    pending = true;
  }

  /** The compositor shows some of it on a screen, or none any more. */
  void shownOn(Screens.Screen screen, boolean some) throws WaylandException {
    if (some ? on.add(screen) : on.remove(screen)) {
      grow();
    }
  }

  /** The client has no window any more, and may make one again. */
  void unmapped() {
    hide();
    configured = false;
    dismissed = false;
  }

  /**
   * What a commit has set is about to be shown.
   *
   * @param surface that was committed: the guest's window or one within
   */
  void beforeCommit(Surface surface) throws WaylandException {
    if (surface == window.surface) {
      dirty |= pending;
      pending = false;
    }
    if (window.surface.buffer != null && configured) {
      grow();
    }
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
  void grow() throws WaylandException {
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
  void afterCommit(Surface surface) throws WaylandException {
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
      place(target, target);
    }
    if (dirty) {
      commit();
    }
  }

  /** The client's xdg_surface is gone. */
  void destroy() {
    ring.destroy();
    routing.toCompositor.words(subsurface.upstreamId, WlSubsurface.DESTROY);
    routing.toCompositor.words(viewport.upstreamId, WpViewport.DESTROY);
    routing.toCompositor.words(wrapper.upstreamId, WlSurface.DESTROY);
    window.frame = null;
  }

  /**
   * @param target what will be left of it once the commit is shown: the window's size, which must
   *     be what it was told to be if it is maximised or fullscreen
   */
  private void place(int[] wanted, int[] target) throws WaylandException {
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
    sendGeometry(target);
  }

  /** The window proper, with its border: what compositors place, tile and maximise. */
  private void sendGeometry(int[] target) throws WaylandException {
    int border = frames.border();
    int[] proper = window.hasGeometry ? proper(target) : target;
    int[] limited = window.popup == null ? limited(proper) : proper;
    int x = moved(limited[0], -around[0]);
    int y = moved(limited[1], -around[1]);
    int wide = larger(limited[2] - limited[0], border);
    int high = larger(limited[3] - limited[1], border);
    boolean ringed = window.popup == null && !Arrays.equals(limited, target);
    int[] wanted = {x, y, x + wide, y + high};
    int[] cover = limited == proper ? wanted : all();
    if (Arrays.equals(wanted, geometry)
        && Arrays.equals(cover, covered)
        && ringed == ring.isShown()) {
      return;
    }
    geometry = wanted;
    covered = cover;
    routing.toCompositor.words(
        window.object.upstreamId, XdgSurface.SET_WINDOW_GEOMETRY, x, y, wide, high);
    if (ringed) {
      ring.show(wrapper, wanted, cover);
    } else if (ring.isShown()) {
      ring.hide();
    }
    dirty = true;
  }

  /** Of the wrapper. */
  private int[] all() {
    int both = 2 * frames.border();
    return new int[] {0, 0, around[2] - around[0] + both, around[3] - around[1] + both};
  }

  /**
   * As much as a screen has room for, or the compositor wants: of a larger window all edges could
   * be out of sight.
   *
   * @return the same where that is all
   */
  private int[] limited(int[] proper) {
    Screens screens = frames.screens();
    int both = 2 * frames.border();
    long right = (long) proper[0] + Math.max(1, Math.max(toldWidth, screens.across(on)) - both);
    long bottom = (long) proper[1] + Math.max(1, Math.max(toldHeight, screens.down(on)) - both);
    if (proper[2] <= right && proper[3] <= bottom) {
      return proper;
    }
    return new int[] {
      proper[0], proper[1], (int) Math.min(proper[2], right), (int) Math.min(proper[3], bottom)
    };
  }

  /**
   * As the guest says, with all that it shows but for a shadow. A popup's is where it is placed by,
   * and nothing is cut off from it.
   */
  private int[] proper(int[] target) {
    int left = window.geometryX;
    int top = window.geometryY;
    int right = (int) Math.min((long) left + window.geometryWidth, Integer.MAX_VALUE);
    int bottom = (int) Math.min((long) top + window.geometryHeight, Integer.MAX_VALUE);
    if (window.popup != null) {
      return new int[] {left, top, right, bottom};
    }
    int shadow = filling ? 0 : MOST_SHADOW;
    left = Math.clamp(left, target[0], Math.min(target[0] + shadow, target[2] - 1));
    top = Math.clamp(top, target[1], Math.min(target[1] + shadow, target[3] - 1));
    return new int[] {
      left,
      top,
      Math.clamp(right, Math.max(target[2] - shadow, left + 1), target[2]),
      Math.clamp(bottom, Math.max(target[3] - shadow, top + 1), target[3])
    };
  }

  private void hide() {
    if (mapped) {
      routing.toCompositor.words(wrapper.upstreamId, WlSurface.ATTACH, 0, 0, 0);
      mapped = false;
      configured = false;
      geometry = null;
      dirty = true;
      commit();
    }
  }

  private void commit() {
    routing.toCompositor.words(wrapper.upstreamId, WlSurface.COMMIT);
    dirty = false;
  }

  /** Never thrown to a client: the router's own objects are within its limits. */
  static WaylandException missing(String global) {
    return WaylandException.ofDisplay(
        WaylandException.IMPLEMENTATION, "the display has no " + global + ", which frames need");
  }
}
