package org.lodge.wayland.router.internal;

import java.util.ArrayList;
import java.util.List;

/**
 * A surface of a client: its double-buffered state as far as it decides which pixels must be copied
 * and where the surface lies. Guarded by the lock of its connection; what is volatile is shown to
 * people, who do not wait for it.
 */
final class Surface {
  private static final int MOST_RECENT = 8;

  /** What a surface is for. */
  enum Role {
    NONE,
    WINDOW,
    SUBSURFACE,
    CURSOR,
    DRAG_ICON
  }

  final WaylandObject object;
  Role role = Role.NONE;

  /** The window's part that this is the root of; null elsewhere. */
  ShellSurface xdg;

  /** Where this is a subsurface. */
  Surface parent;

  /**
   * Its {@code wl_subsurface} was not destroyed; without its parent that does nothing any more, and
   * there can't be another one.
   */
  boolean hasSubsurface;

  boolean synchronous = true;

  /**
   * Where it lies in its parent from the parent's next commit on, and all that it may be shown at
   * until then: compositors differ in when they apply what waits for a parent.
   */
  private int x;

  private int y;
  private int leastX;
  private int leastY;
  private int mostX;
  private int mostY;

  /** Its largest size that may be shown until what it has committed is shown for certain. */
  private int shownWidth;

  private int shownHeight;
  private boolean waiting;

  /** Its parent has not committed since it was moved. */
  private boolean movedSince;

  /** How far the next commit moves a cursor or icon, and how far all before have. */
  int offsetX;

  int offsetY;
  int movedX;
  int movedY;

  /** Where this is the picture of one; else null. */
  CursorRequests.Cursor cursor;

  final List<Surface> children = new ArrayList<>();

  volatile Buffer buffer;
  volatile Geometry geometry = Geometry.PLAIN;
  boolean attached;
  Buffer pendingBuffer;
  int pendingBufferId;
  Geometry pendingGeometry = Geometry.PLAIN;
  final Rectangles damage = new Rectangles();
  final Rectangles bufferDamage = new Rectangles();
  boolean hasViewport;

  /** Buffers whose copies are up to date but for their {@code stale}. */
  private final List<ShmBuffer> recent = new ArrayList<>();

  private final Rectangles changed = new Rectangles();

  /** What the last commit has replaced; null where it has not. */
  ShmBuffer replaced;

  /** Commits with a buffer. */
  volatile long frames;

  Surface(WaylandObject object) {
    this.object = object;
  }

  int width() {
    Buffer shown = buffer;
    return shown == null ? 0 : geometry.surfaceWidth(shown.width(), shown.height());
  }

  int height() {
    Buffer shown = buffer;
    return shown == null ? 0 : geometry.surfaceHeight(shown.width(), shown.height());
  }

  /**
   * Makes the pending state the current one.
   *
   * @param copy is set to the rectangles of the buffer that must be copied before
   * @return the buffer that they are of; null where there is none to copy
   */
  ShmBuffer commit(Rectangles copy) {
    copy.clear();
    boolean sameGeometry = geometry.equals(pendingGeometry);
    geometry = pendingGeometry;
    movedX += offsetX;
    movedY += offsetY;
    offsetX = offsetY = 0;
    boolean attach = attached;
    replaced = null;
    if (attach) {
      replaced = buffer instanceof ShmBuffer former && former != pendingBuffer ? former : null;
      buffer = pendingBuffer;
      attached = false;
      pendingBuffer = null;
    }
    ShmBuffer shown = buffer instanceof ShmBuffer memory && !memory.destroyed ? memory : null;
    if (!sameGeometry) {
      forgetRecent();
    }
    if (shown != null) {
      changed.clear();
      changed.addAll(bufferDamage);
      geometry.toBuffer(damage, shown.width, shown.height, changed);
      for (ShmBuffer other : recent) {
        other.stale.addAll(changed);
      }
      if (attach || shown.busy && (shown.surface != this || !changed.isEmpty())) {
        collect(shown, copy);
      } else {
        shown = null;
      }
      frames += attach ? 1 : 0;
    }
    damage.clear();
    bufferDamage.clear();
    for (Surface child : children) {
      child.movedSince = false;
    }
    if (isSynchronous()) {
      waiting = true;
      shownWidth = Math.max(shownWidth, width());
      shownHeight = Math.max(shownHeight, height());
    } else {
      settle(false);
    }
    return shown;
  }

  private boolean isSynchronous() {
    for (Surface at = this; at.parent != null; at = at.parent) {
      if (at.synchronous) {
        return true;
      }
    }
    return false;
  }

  /**
   * What was committed here is shown, and with it what synchronous children have committed.
   *
   * @param inSync whether this is synchronous itself
   */
  private void settle(boolean inSync) {
    waiting = false;
    shownWidth = width();
    shownHeight = height();
    for (Surface child : children) {
      if (!child.movedSince) {
        child.leastX = child.mostX = child.x;
        child.leastY = child.mostY = child.y;
      }
      if (child.waiting && (inSync || child.synchronous)) {
        child.settle(true);
      }
    }
  }

  /** Becomes a subsurface, at the corner of its parent. */
  void addTo(Surface parent) {
    role = Role.SUBSURFACE;
    this.parent = parent;
    hasSubsurface = true;
    synchronous = true;
    x = leastX = mostX = 0;
    y = leastY = mostY = 0;
    parent.children.add(this);
  }

  void move(int x, int y) {
    movedSince = true;
    this.x = x;
    this.y = y;
    leastX = Math.min(leastX, x);
    leastY = Math.min(leastY, y);
    mostX = Math.max(mostX, x);
    mostY = Math.max(mostY, y);
  }

  /**
   * Where this and its subsurfaces may be seen, now or after commits that wait.
   *
   * @return left, top, right, bottom; null where nothing is seen
   */
  int[] extents() {
    int most = Integer.MAX_VALUE;
    int[] extents = {most, most, -most, -most};
    addExtents(0, 0, 0, 0, extents);
    return extents[0] < extents[2] ? extents : null;
  }

  /** Visits each surface once, between the least and the most of where its corner may be. */
  private void addExtents(int fromX, int fromY, int toX, int toY, int[] into) {
    int across = Math.max(width(), shownWidth);
    int down = Math.max(height(), shownHeight);
    if (across > 0 && down > 0) {
      into[0] = Math.min(into[0], fromX);
      into[1] = Math.min(into[1], fromY);
      into[2] = Math.max(into[2], toX + across);
      into[3] = Math.max(into[3], toY + down);
    }
    for (Surface child : children) {
      child.addExtents(
          fromX + child.leastX, fromY + child.leastY, toX + child.mostX, toY + child.mostY, into);
    }
  }

  /** The surface whose window this is part of. */
  Surface root() {
    Surface at = this;
    while (at.parent != null) {
      at = at.parent;
    }
    return at;
  }

  /** The frame of that window; null where it has none. */
  Frame frame() {
    ShellSurface window = root().xdg;
    return window == null ? null : window.frame;
  }

  boolean isWithin(Surface other) {
    Surface at = this;
    while (at != null && at != other) {
      at = at.parent;
    }
    return at != null;
  }

  /** How many levels of subsurfaces it has. */
  int levels() {
    int most = 0;
    for (Surface child : children) {
      most = Math.max(most, 1 + child.levels());
    }
    return most;
  }

  int depth() {
    int depth = 0;
    for (Surface at = this; at.parent != null; at = at.parent) {
      depth++;
    }
    return depth;
  }

  private void collect(ShmBuffer shown, Rectangles copy) {
    if (shown.surface == this && recent.contains(shown)) {
      copy.addAll(shown.stale);
      if (copy.area(shown.width, shown.height) > (long) shown.width * shown.height) {
        copy.collapse();
      }
    } else {
      copy.add(0, 0, shown.width, shown.height);
      remember(shown);
    }
    shown.stale.clear();
    shown.busy = true;
  }

  private void remember(ShmBuffer shown) {
    recent.remove(shown);
    if (recent.size() == MOST_RECENT) {
      recent.removeFirst().surface = null;
    }
    if (shown.surface != null && shown.surface != this) {
      shown.surface.recent.remove(shown);
    }
    recent.add(shown);
    shown.surface = this;
  }

  private void forgetRecent() {
    for (ShmBuffer known : recent) {
      known.surface = null;
    }
    recent.clear();
  }

  void forget(ShmBuffer gone) {
    recent.remove(gone);
  }
}
