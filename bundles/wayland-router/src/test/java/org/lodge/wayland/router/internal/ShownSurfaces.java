package org.lodge.wayland.router.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lodge.wayland.protocol.Message;

/**
 * What a compositor would show, by the rules of surfaces and subsurfaces, from the requests that it
 * gets, with offsets of buffers moving subsurfaces as weston has it; and whether the guest's part
 * of a window ever comes to the window's edge.
 */
final class ShownSurfaces {
  private final int border;
  private final Map<Integer, int[]> buffers = new HashMap<>();
  private final Map<Integer, Shown> surfaces = new HashMap<>();
  private final Map<Integer, Shown> subsurfaces = new HashMap<>();
  private final Map<Integer, Shown> viewports = new HashMap<>();
  private final Map<Integer, Shown> windows = new HashMap<>();
  private final Map<String, Integer> newest = new HashMap<>();
  private final List<String> violations = new ArrayList<>();
  private int wrapper;
  private int mostShadow = WindowGeometry.MOST_SHADOW;
  private int checks;

  /** A surface; sizes of buffers are 0 where there is none. */
  private static final class Shown {
    Shown parent;
    final List<Shown> children = new ArrayList<>();
    boolean synchronous = true;
    int x;
    int y;
    int nextX;
    int nextY;
    boolean moved;
    int offsetX;
    int offsetY;
    int cachedX;
    int cachedY;
    int[] size = {0, 0};
    int[] next;
    int[] cached;
    int[] destination;
    int[] nextDestination;
    int[] geometry;
    int[] nextGeometry;

    void addTo(Shown parent) {
      this.parent = parent;
      parent.children.add(this);
      synchronous = true;
      x = y = nextX = nextY = 0;
      moved = false;
    }

    void detach() {
      if (parent != null) {
        parent.children.remove(this);
        parent = null;
      }
    }

    boolean isSynchronous() {
      for (Shown at = this; at.parent != null; at = at.parent) {
        if (at.synchronous) {
          return true;
        }
      }
      return false;
    }

    void commit() {
      if (isSynchronous()) {
        cached = next != null ? next : cached;
        next = null;
        cachedX += offsetX;
        cachedY += offsetY;
        offsetX = offsetY = 0;
        return;
      }
      takeCached();
      size = next != null ? next : size;
      next = null;
      x += offsetX;
      y += offsetY;
      offsetX = offsetY = 0;
      destination = nextDestination;
      geometry = nextGeometry;
      showChildren();
    }

    private void showChildren() {
      for (Shown child : children) {
        if (child.moved) {
          child.x = child.nextX;
          child.y = child.nextY;
          child.moved = false;
        }
        if (child.isSynchronous()) {
          child.takeCached();
          child.showChildren();
        }
      }
    }

    void takeCached() {
      size = cached != null ? cached : size;
      destination = nextDestination;
      cached = null;
      x += cachedX;
      y += cachedY;
      cachedX = cachedY = 0;
    }
  }

  ShownSurfaces(int border) {
    this.border = border;
  }

  /** From now on nothing of the guest may lie outside of the geometry. */
  synchronized void allowNoShadow() {
    mostShadow = 0;
  }

  /** The compositor's number of the newest object of a type. */
  synchronized int object(String type) {
    return newest.get(type);
  }

  synchronized int wrapper() {
    return wrapper;
  }

  synchronized List<String> violations() {
    return List.copyOf(violations);
  }

  synchronized int checks() {
    return checks;
  }

  synchronized void see(Message request) {
    int argument = request.type().newIdArgument();
    if (argument >= 0 && request.type().type(argument) != null) {
      newest.put(request.type().type(argument).name(), request.word(argument));
    }
    Shown surface = surfaces.get(request.object());
    Shown child = subsurfaces.get(request.object());
    switch (request.type().toString()) {
      case "wl_shm_pool.create_buffer" ->
          buffers.put(request.word(0), new int[] {request.word(2), request.word(3)});
      case "wl_compositor.create_surface" -> surfaces.put(request.word(0), new Shown());
      case "wl_subcompositor.get_subsurface" -> {
        Shown made = surfaces.get(request.word(1));
        made.addTo(surfaces.get(request.word(2)));
        subsurfaces.put(request.word(0), made);
      }
      case "wl_subsurface.set_position" -> {
        child.nextX = request.word(0);
        child.nextY = request.word(1);
        child.moved = true;
      }
      case "wl_subsurface.destroy" -> child.detach();
      case "wl_surface.destroy" -> {
        surface.detach();
        surface.children.forEach(each -> each.parent = null);
        surface.children.clear();
      }
      case "wl_subsurface.set_sync" -> child.synchronous = true;
      case "wl_subsurface.set_desync" -> {
        child.synchronous = false;
        if (!child.isSynchronous()) {
          child.takeCached();
        }
      }
      case "wp_viewporter.get_viewport" ->
          viewports.put(request.word(0), surfaces.get(request.word(1)));
      case "wp_viewport.set_destination" ->
          viewports.get(request.object()).nextDestination =
              new int[] {request.word(0), request.word(1)};
      case "xdg_wm_base.get_xdg_surface" -> {
        wrapper = request.word(1);
        windows.put(request.word(0), surfaces.get(wrapper));
      }
      case "xdg_surface.set_window_geometry" ->
          windows.get(request.object()).nextGeometry =
              new int[] {request.word(0), request.word(1), request.word(2), request.word(3)};
      case "wl_surface.attach" -> {
        surface.next = request.isNull(0) ? new int[2] : buffers.get(request.word(0));
        surface.offsetX = request.word(1);
        surface.offsetY = request.word(2);
      }
      case "wl_surface.offset" -> {
        surface.offsetX = request.word(0);
        surface.offsetY = request.word(1);
      }
      case "wl_surface.commit" -> surface.commit();
      default -> {
        return;
      }
    }
    check(request);
  }

  private void check(Message after) {
    Shown window = surfaces.get(wrapper);
    if (window == null || window.size[0] == 0) {
      return;
    }
    checks++;
    Shown content = window.children.getFirst();
    within(window, content, content.x, content.y, after);
    // Before that there may be a moment when the frame is ahead of what it surrounds.
    Shown committed = surfaces.get(after.object());
    if (after.type().toString().equals("wl_surface.commit")
        && committed != window
        && !window.children.subList(1, window.children.size()).contains(committed)) {
      edges(window, content, content.x, content.y, after);
    }
  }

  /** What a compositor that cuts off what is outside of the geometry would show at its edges. */
  private void edges(Shown window, Shown shown, int x, int y, Message after) {
    int[] all = window.geometry;
    int right = all[0] + all[2];
    int bottom = all[1] + all[3];
    int[][] sides = {
      {all[0], all[1], right, all[1] + border},
      {all[0], bottom - border, right, bottom},
      {all[0], all[1] + border, all[0] + border, bottom - border},
      {right - border, all[1] + border, right, bottom - border}
    };
    int[] place = {x, y, x + shown.size[0], y + shown.size[1]};
    if (shown.size[0] > 0) {
      int beyond = Math.max(all[0] - x, all[1] - y);
      beyond = Math.max(beyond, Math.max(place[2] - right, place[3] - bottom)) + border;
      if (beyond > mostShadow && !isHidden(window, all, place)) {
        violations.add(beyond + " beyond the geometry after " + Trace.text(after));
      }
      for (int[] side : sides) {
        if (overlap(side, place) && !isCovered(window, side)) {
          violations.add(Arrays.toString(side) + " is not the frame's after " + Trace.text(after));
        }
      }
    }
    for (Shown child : shown.children) {
      edges(window, child, x + child.x, y + child.y, after);
    }
  }

  /** Whether the strips cover all of it but for what is inside of the frame. */
  private boolean isHidden(Shown window, int[] geometry, int[] place) {
    int left = geometry[0] + border;
    int top = geometry[1] + border;
    int right = geometry[0] + geometry[2] - border;
    int bottom = geometry[1] + geometry[3] - border;
    int[][] around = {
      {place[0], place[1], place[2], Math.min(place[3], top)},
      {place[0], Math.max(place[1], bottom), place[2], place[3]},
      {place[0], Math.max(place[1], top), Math.min(place[2], left), Math.min(place[3], bottom)},
      {Math.max(place[0], right), Math.max(place[1], top), place[2], Math.min(place[3], bottom)}
    };
    return Arrays.stream(around)
        .allMatch(part -> part[0] >= part[2] || part[1] >= part[3] || isCovered(window, part));
  }

  private static boolean overlap(int[] one, int[] other) {
    return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
  }

  private static boolean isCovered(Shown window, int[] side) {
    return window.children.stream()
        .skip(1)
        .anyMatch(strip ->
            strip.size[0] > 0
                && strip.x <= side[0]
                && strip.y <= side[1]
                && strip.x + strip.destination[0] >= side[2]
                && strip.y + strip.destination[1] >= side[3]);
  }

  private void within(Shown window, Shown shown, int x, int y, Message after) {
    int right = x + shown.size[0];
    int bottom = y + shown.size[1];
    boolean fits =
        x >= border
            && y >= border
            && right <= window.destination[0] - border
            && bottom <= window.destination[1] - border;
    if (!fits && shown.size[0] > 0) {
      violations.add(
          x
              + ","
              + y
              + " to "
              + right
              + ","
              + bottom
              + " in "
              + window.destination[0]
              + "x"
              + window.destination[1]
              + " after "
              + Trace.text(after));
    }
    for (Shown child : shown.children) {
      within(window, child, x + child.x, y + child.y, after);
    }
  }
}
