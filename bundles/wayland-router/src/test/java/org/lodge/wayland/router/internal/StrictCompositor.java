package org.lodge.wayland.router.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lodge.wayland.protocol.Message;

/**
 * A compositor that looks at each commit of a window for what some end connections for: a maximised
 * window of another size than it has acknowledged, a least size above the most, one that shows
 * something before it has acknowledged. And one without a name, as it forgets those of windows that
 * are hidden.
 */
final class StrictCompositor {
  /** What it told of a window with its frame. */
  record Told(int width, int height, boolean filling) {}

  private final Map<Integer, Told> told = new HashMap<>();
  private final List<String> violations = new ArrayList<>();
  private int window;
  private Told acknowledged;
  private int[] geometry = new int[4];
  private int[] least = new int[2];
  private int[] most = new int[2];
  private boolean named;
  private boolean attached;
  private boolean shown;
  private int commits;

  synchronized void tells(int serial, Told state) {
    told.put(serial, state);
  }

  synchronized List<String> violations() {
    return List.copyOf(violations);
  }

  /** Of the window while it was shown. */
  synchronized int commits() {
    return commits;
  }

  synchronized void see(Message request) {
    switch (request.type().toString()) {
      case "xdg_wm_base.get_xdg_surface" -> window = request.word(1);
      case "xdg_toplevel.set_title" -> named = true;
      case "xdg_surface.set_window_geometry" ->
          geometry = new int[] {request.word(2), request.word(3)};
      case "xdg_toplevel.set_min_size" -> least = new int[] {request.word(0), request.word(1)};
      case "xdg_toplevel.set_max_size" -> most = new int[] {request.word(0), request.word(1)};
      case "xdg_surface.ack_configure" -> {
        acknowledged = told.get(request.word(0));
        told.keySet().removeIf(serial -> serial <= request.word(0));
        check(acknowledged != null, "an unknown serial", request);
      }
      case "wl_surface.attach" -> {
        if (request.object() == window) {
          attached = !request.isNull(0);
        }
      }
      case "wl_surface.commit" -> {
        if (request.object() == window) {
          commit(request);
        }
      }
      default -> {}
    }
  }

  private void commit(Message request) {
    if (shown && !attached) {
      told.clear();
      acknowledged = null;
      named = false;
    }
    shown = attached;
    if (!shown) {
      return;
    }
    commits++;
    check(named, "no name", request);
    check(acknowledged != null, "nothing acknowledged", request);
    for (int side = 0; side < 2; side++) {
      check(most[side] == 0 || least[side] <= most[side], "a least above the most", request);
    }
    if (acknowledged != null && acknowledged.filling) {
      boolean fits = geometry[0] == acknowledged.width && geometry[1] == acknowledged.height;
      check(fits, geometry[0] + "x" + geometry[1] + " for " + acknowledged, request);
    }
  }

  private void check(boolean good, String what, Message request) {
    if (!good) {
      violations.add(what + " at " + Trace.text(request));
    }
  }
}
