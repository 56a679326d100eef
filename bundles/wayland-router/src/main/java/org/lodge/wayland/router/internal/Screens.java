package org.lodge.wayland.router.internal;

import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.opcode.WlOutput;
import org.lodge.wayland.protocol.opcode.ZxdgOutputManagerV1;
import org.lodge.wayland.protocol.opcode.ZxdgOutputV1;

/** How large the screens of a compositor are, in the coordinates of surfaces. */
final class Screens {
  private static final int MOST = 16;
  private static final int CURRENT_MODE = 1;
  private static final int RELEASE_SINCE = 3;

  private final Routing routing;
  private final Frames frames;
  private final Map<Integer, Screen> byName = new HashMap<>();
  private WaylandObject manager;

  /** One of them, as far as it was told; the role of the router's objects that tell it. */
  static final class Screen {
    private WaylandObject output;
    private WaylandObject logical;
    private boolean turned;
    private int scale = 1;
    private int modeWidth;
    private int modeHeight;
    private int logicalWidth;
    private int logicalHeight;

    /**
     * @return whether that was all for now
     */
    boolean told(WaylandObject receiver, int opcode, Message event) {
      if (receiver == logical) {
        if (opcode == ZxdgOutputV1.EVENT_LOGICAL_SIZE) {
          logicalWidth = event.word(0);
          logicalHeight = event.word(1);
        }
        return opcode == ZxdgOutputV1.EVENT_DONE;
      }
      switch (opcode) {
        case WlOutput.EVENT_GEOMETRY -> turned = (event.word(7) & 1) != 0;
        case WlOutput.EVENT_MODE -> {
          if ((event.word(0) & CURRENT_MODE) != 0) {
            modeWidth = event.word(1);
            modeHeight = event.word(2);
          }
        }
        case WlOutput.EVENT_SCALE -> scale = Math.max(1, event.word(0));
        default -> {}
      }
      return opcode == WlOutput.EVENT_DONE;
    }

    private boolean isExact() {
      return logicalWidth > 0 && logicalHeight > 0;
    }

    /** At most 0 where it is not known. */
    private int across() {
      return isExact() ? logicalWidth : (turned ? modeHeight : modeWidth) / scale;
    }

    private int down() {
      return isExact() ? logicalHeight : (turned ? modeWidth : modeHeight) / scale;
    }

    /** Whether it is at least so large, or not known. */
    private boolean holds(int width, int height) {
      return across() <= 0 || down() <= 0 || width <= across() && height <= down();
    }
  }

  Screens(Routing routing, Frames frames) {
    this.routing = routing;
    this.frames = frames;
  }

  void add(int name, int untrustedVersion) {
    if (byName.size() < MOST && !byName.containsKey(name)) {
      Screen screen = new Screen();
      byName.put(name, screen);
      int version = Math.min(RELEASE_SINCE, untrustedVersion);
      screen.output = frames.bind(null, name, WlOutput.INDEX, version);
      screen.output.role = screen;
      ask(screen);
    }
  }

  /** There is one that tells sizes as they are after scaling by a fraction. */
  void manager(int name) {
    if (manager == null) {
      manager = frames.bind(null, name, ZxdgOutputManagerV1.INDEX, 1);
      for (Screen screen : byName.values()) {
        ask(screen);
      }
    }
  }

  private void ask(Screen screen) {
    if (manager != null) {
      screen.logical = frames.own(ZxdgOutputV1.INDEX, 1);
      screen.logical.role = screen;
      routing.toCompositor.words(
          manager.upstreamId,
          ZxdgOutputManagerV1.GET_XDG_OUTPUT,
          screen.logical.upstreamId,
          screen.output.upstreamId);
    }
  }

  /** A global is gone, which may be a screen. */
  void removed(int name) {
    Screen gone = byName.remove(name);
    if (gone == null) {
      return;
    }
    if (gone.logical != null) {
      routing.toCompositor.words(gone.logical.upstreamId, ZxdgOutputV1.DESTROY);
    }
    if (gone.output.version >= RELEASE_SINCE) {
      routing.toCompositor.words(gone.output.upstreamId, WlOutput.RELEASE);
    }
  }

  boolean has(Screen screen) {
    return byName.containsValue(screen);
  }

  /** Whether a window of this size has an edge on the screen wherever it lies. */
  boolean hold(int width, int height) {
    return byName.values().stream().allMatch(screen -> screen.holds(width, height));
  }

  /**
   * How wide the widest of these is, or of all where it is none of these; the greatest number where
   * that is not known.
   */
  int across(Collection<Screen> on) {
    return most(on, Screen::across);
  }

  /** The same of heights. */
  int down(Collection<Screen> on) {
    return most(on, Screen::down);
  }

  private int most(Collection<Screen> on, ToIntFunction<Screen> side) {
    boolean none = byName.values().stream().noneMatch(on::contains);
    int most = 0;
    for (Screen screen : byName.values()) {
      int size = side.applyAsInt(screen);
      if (none || on.contains(screen)) {
        most = size > 0 ? Math.max(most, size) : Integer.MAX_VALUE;
      }
    }
    return most > 0 ? most : Integer.MAX_VALUE;
  }
}
