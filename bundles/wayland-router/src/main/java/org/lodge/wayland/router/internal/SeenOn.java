package org.lodge.wayland.router.internal;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/**
 * On which screens a window is. Some compositors say that a surface has left a screen where
 * something opaque covers it, and be that of the same window. So those of the frame and the guest's
 * own count, where none of them is seen its subsurfaces do, and where these are not either the
 * window is where it was last.
 */
final class SeenOn {
  private final Map<Screens.Screen, Set<WaylandObject>> outer = new HashMap<>();
  private final Map<Screens.Screen, Set<WaylandObject>> inner = new HashMap<>();
  private Set<Screens.Screen> on = Set.of();

  Set<Screens.Screen> screens() {
    return on;
  }

  /**
   * Some of a surface is seen on a screen, or nothing any more.
   *
   * @param within whether it is a subsurface of the guest
   * @return whether the window is on other screens than before
   */
  boolean told(WaylandObject surface, boolean within, Screens.Screen screen, boolean some) {
    Map<Screens.Screen, Set<WaylandObject>> seen = within ? inner : outer;
    if (some) {
      seen.computeIfAbsent(screen, added -> new HashSet<>()).add(surface);
    } else if (seen.containsKey(screen)) {
      seen.get(screen).remove(surface);
    }
    return changed();
  }

  /** Surfaces are hidden or gone: not all compositors say that those have left. */
  boolean forget(Predicate<WaylandObject> gone) {
    outer.values().forEach(seen -> seen.removeIf(gone));
    inner.values().forEach(seen -> seen.removeIf(gone));
    return changed();
  }

  /** Nothing is said to have left a screen that is gone. */
  boolean keep(Predicate<Screens.Screen> there) {
    outer.keySet().removeIf(there.negate());
    inner.keySet().removeIf(there.negate());
    return changed();
  }

  private boolean changed() {
    outer.values().removeIf(Set::isEmpty);
    inner.values().removeIf(Set::isEmpty);
    Set<Screens.Screen> now = outer.isEmpty() ? inner.keySet() : outer.keySet();
    if (now.isEmpty() || now.equals(on)) {
      return false;
    }
    on = Set.copyOf(now);
    return true;
  }
}
