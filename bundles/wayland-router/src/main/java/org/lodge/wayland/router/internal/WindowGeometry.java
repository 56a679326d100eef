package org.lodge.wayland.router.internal;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.lodge.wayland.protocol.opcode.XdgSurface;

/**
 * Which part of a frame is the window proper, with its border: what compositors place, tile and
 * maximise. It is as the guest says, with all that the guest shows but for a shadow, and no larger
 * than a person can see or the compositor wants.
 */
final class WindowGeometry {
  /** How far a guest may show something outside of it, which is its shadow. */
  static final int MOST_SHADOW = 64;

  /** How many unacknowledged configure events are known apart. */
  private static final int MOST_TOLD = 64;

  private static final Told NOTHING = new Told(0, 0, 0, false);

  /**
   * What one configure event tells.
   *
   * @param filling whether the window shall be maximised or fullscreen, and so have no shadow
   */
  private record Told(int serial, int width, int height, boolean filling) {}

  private final Frames frames;
  private final Routing routing;
  private final ShellSurface window;
  private final WaylandObject wrapper;
  private final Ring ring;

  /** As it was sent: left, top, right, bottom; null where none was. */
  private int[] geometry;

  /** How far the ring covers what is around that. */
  private int[] covered;

  /** The size that the compositor wants, with the border; 0 where it wants none. */
  private int toldWidth;

  private int toldHeight;

  /** What is told for the configure event that comes next. */
  private Told coming = NOTHING;

  /** What was told and not acknowledged, in order. */
  private final Deque<Told> unacknowledged = new ArrayDeque<>();

  /** What the client has acknowledged, and its next commit applies. */
  private Told acknowledged = NOTHING;

  /**
   * What it has applied. Of a filling window compositors insist on that size until another is
   * acknowledged, and have the window begin on the screen.
   */
  private Told applied = NOTHING;

  private final SeenOn seenOn = new SeenOn();

  WindowGeometry(Frames frames, Routing routing, ShellSurface window, WaylandObject wrapper) {
    this.frames = frames;
    this.routing = routing;
    this.window = window;
    this.wrapper = wrapper;
    ring = new Ring(routing);
  }

  /**
   * The compositor tells a size. That which the window has is no wish, as it may have been the
   * guest's, but the end of one that was larger.
   *
   * @param filling whether the window shall be maximised or fullscreen
   */
  void told(int width, int height, boolean filling) {
    boolean same =
        geometry != null
            && width == geometry[2] - geometry[0]
            && height == geometry[3] - geometry[1];
    toldWidth = same ? Math.min(toldWidth, width) : width;
    toldHeight = same ? Math.min(toldHeight, height) : height;
    coming = new Told(0, width, height, filling);
  }

  /** It has told all. */
  void told(int serial) {
    if (unacknowledged.size() == MOST_TOLD) {
      unacknowledged.remove();
    }
    unacknowledged.add(new Told(serial, coming.width, coming.height, coming.filling));
  }

  /** Which may be any that was told since the last; those before it count no more. */
  void acknowledged(int serial) {
    if (unacknowledged.stream().anyMatch(told -> told.serial == serial)) {
      do {
        acknowledged = unacknowledged.remove();
      } while (acknowledged.serial != serial);
    }
  }

  /** The client commits what it has acknowledged. */
  void applied() {
    applied = acknowledged;
  }

  /** The window may be in such a state. */
  private boolean isFilling() {
    return applied.filling
        || acknowledged.filling
        || coming.filling
        || unacknowledged.stream().anyMatch(Told::filling);
  }

  SeenOn seenOn() {
    return seenOn;
  }

  /** How wide the screens are that it is on; the greatest number where that is not known. */
  int across() {
    return frames.screens().across(seenOn.screens());
  }

  int down() {
    return frames.screens().down(seenOn.screens());
  }

  /** The window is hidden. */
  void forget() {
    geometry = null;
  }

  void destroy() {
    ring.destroy();
  }

  /**
   * Says what it is where that has changed.
   *
   * @param around what the frame surrounds, in coordinates of the guest's surface
   * @param target what will be left of it once the commit is shown
   * @return whether the wrapper must be committed for that
   */
  boolean send(int[] around, int[] target) {
    int border = frames.border();
    int[] proper = window.hasGeometry ? proper(target) : target;
    int[] limited = window.popup == null ? limited(proper) : proper;
    int x = Frame.moved(limited[0], -around[0]);
    int y = Frame.moved(limited[1], -around[1]);
    int wide = Frame.larger(limited[2] - limited[0], border);
    int high = Frame.larger(limited[3] - limited[1], border);
    boolean ringed = window.popup == null && !Arrays.equals(limited, target);
    int[] wanted = {x, y, x + wide, y + high};
    int[] cover = limited == proper ? wanted : all(around);
    if (Arrays.equals(wanted, geometry)
        && Arrays.equals(cover, covered)
        && ringed == ring.isShown()) {
      return false;
    }
    geometry = wanted;
    covered = cover;
    routing.toCompositor.words(
        window.object.upstreamId, XdgSurface.SET_WINDOW_GEOMETRY, x, y, wide, high);
    if (ringed) {
      ring.show(wrapper, wanted, cover);
    } else if (ring.isShown()) {
      ring.hide();
      seenOn.forget(ring::has);
    }
    return true;
  }

  /** Of the wrapper. */
  private int[] all(int[] around) {
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
    int both = 2 * frames.border();
    int width = Math.max(toldWidth, across());
    int height = Math.max(toldHeight, down());
    if (applied.filling) {
      width = Math.max(width, applied.width);
      height = Math.max(height, applied.height);
    }
    long right = (long) proper[0] + Math.max(1, width - both);
    long bottom = (long) proper[1] + Math.max(1, height - both);
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
    int shadow = isFilling() ? 0 : MOST_SHADOW;
    left = Math.clamp(left, target[0], Math.min(target[0] + shadow, target[2] - 1));
    top = Math.clamp(top, target[1], Math.min(target[1] + shadow, target[3] - 1));
    return new int[] {
      left,
      top,
      Math.clamp(right, Math.max(target[2] - shadow, left + 1), target[2]),
      Math.clamp(bottom, Math.max(target[3] - shadow, top + 1), target[3])
    };
  }
}
