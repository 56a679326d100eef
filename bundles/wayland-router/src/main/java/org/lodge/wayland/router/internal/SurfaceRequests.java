package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.INVALID_OBJECT;
import static org.lodge.wayland.protocol.WaylandException.NO_MEMORY;

import java.io.IOException;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlCompositor;
import org.lodge.wayland.protocol.opcode.WlRegion;
import org.lodge.wayland.protocol.opcode.WlSubcompositor;
import org.lodge.wayland.protocol.opcode.WlSubsurface;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.WpViewport;
import org.lodge.wayland.protocol.opcode.WpViewporter;

/**
 * Surfaces: follows what they show, and at a commit has the changed pixels copied before the commit
 * is sent on. Damage is gathered here, so that a commit carries a bounded number of rectangles.
 */
final class SurfaceRequests {
  /** Larger ones could pass for a window that has no frame. */
  static final int MOST_CURSOR_PIXELS = 256;

  private static final int MOST_DRAG_ICON_PIXELS = 512;

  /** From this version on a surface's offset has a request of its own. */
  private static final int OFFSET_SINCE = 5;

  private static final int MOST_DEPTH = 16;
  private static final int MOST_DISTANCE = 16_384;
  private static final int MOST_CHILDREN = 256;

  private final Routing routing;
  private final ShmRequests shm;
  private final Pixels pixels;
  private final CursorRequests cursors;
  private final ShellRequests shell;
  private final Rectangles copy = new Rectangles();

  /** How many rectangles a region has been made of. */
  private static final class Region {
    int rectangles;
  }

  SurfaceRequests(
      Routing routing,
      ShmRequests shm,
      Pixels pixels,
      CursorRequests cursors,
      ShellRequests shell) {
    this.routing = routing;
    this.shm = shm;
    this.pixels = pixels;
    this.cursors = cursors;
    this.shell = shell;
  }

  boolean handle(WaylandObject receiver, int opcode, Message request)
      throws WaylandException, IOException {
    return switch (receiver.type.index()) {
      case WlCompositor.INDEX -> {
        WaylandObject made = routing.forward(receiver, request);
        made.role = opcode == WlCompositor.CREATE_SURFACE ? new Surface(made) : new Region();
        yield true;
      }
      case WlRegion.INDEX -> region(receiver, opcode);
      case WlSurface.INDEX -> surface((Surface) receiver.role, opcode, request);
      case WlSubcompositor.INDEX ->
          opcode == WlSubcompositor.GET_SUBSURFACE && subsurface(receiver, request);
      case WlSubsurface.INDEX -> subsurfaceState(receiver, opcode, request);
      case WpViewporter.INDEX -> opcode == WpViewporter.GET_VIEWPORT && viewport(receiver, request);
      default -> viewportState((Surface) receiver.role, opcode, request);
    };
  }

  private boolean region(WaylandObject receiver, int opcode) throws WaylandException {
    Region region = (Region) receiver.role;
    if (opcode != WlRegion.DESTROY && ++region.rectangles > routing.limits.rectangles()) {
      throw WaylandException.ofDisplay(NO_MEMORY, "a region of too many rectangles");
    }
    return false;
  }

  private boolean surface(Surface surface, int opcode, Message request)
      throws WaylandException, IOException {
    switch (opcode) {
      case WlSurface.ATTACH -> {
        WaylandObject buffer = routing.argument(request, 0);
        surface.pendingBuffer = buffer == null ? null : (Buffer) buffer.role;
        surface.attached = true;
        offset(surface, request, 1, surface.object.version < OFFSET_SINCE);
        return false;
      }
      case WlSurface.OFFSET -> {
        return !offset(surface, request, 0, true);
      }
      case WlSurface.DAMAGE -> {
        surface.damage.add(request.word(0), request.word(1), request.word(2), request.word(3));
        return true;
      }
      case WlSurface.DAMAGE_BUFFER -> {
        surface.bufferDamage.add(
            request.word(0), request.word(1), request.word(2), request.word(3));
        return true;
      }
      case WlSurface.SET_BUFFER_SCALE -> {
        int scale = request.word(0);
        if (scale < 1) {
          throw new WaylandException(
              surface.object.clientId, WlSurface.ERROR_INVALID_SCALE, "invalid scale");
        }
        surface.pendingGeometry = surface.pendingGeometry.withScale(scale);
        return false;
      }
      case WlSurface.SET_BUFFER_TRANSFORM -> {
        int transform = request.word(0);
        if (transform < 0 || transform > 7) {
          throw new WaylandException(
              surface.object.clientId, WlSurface.ERROR_INVALID_TRANSFORM, "invalid transform");
        }
        surface.pendingGeometry = surface.pendingGeometry.withTransform(transform);
        return false;
      }
      case WlSurface.COMMIT -> {
        commit(surface, request);
        return true;
      }
      case WlSurface.DESTROY -> {
        destroy(surface);
        return false;
      }
      default -> {
        return false;
      }
    }
  }

  /**
   * Keeps the offset of a buffer to what it may do: an icon stays near the pointer, and a cursor's
   * is told by its point. All others' are left out, for by them some compositors move subsurfaces,
   * so also a window within its frame.
   *
   * @param argument of the offset to the right; that downwards follows
   * @param counts whether it is one, and not the 0 that later versions have there
   * @return whether it is sent on
   */
  private boolean offset(Surface surface, Message request, int argument, boolean counts) {
    boolean icon = surface.role == Surface.Role.DRAG_ICON;
    boolean sent =
        counts && (icon || surface.role == Surface.Role.WINDOW && routing.frames == null);
    int x = request.word(argument);
    int y = request.word(argument + 1);
    if (icon) {
      x = near(surface.movedX, x);
      y = near(surface.movedY, y);
    }
    if (counts && (icon || surface.role == Surface.Role.CURSOR)) {
      surface.offsetX = x;
      surface.offsetY = y;
    }
    request.setWord(argument, sent ? x : 0);
    request.setWord(argument + 1, sent ? y : 0);
    return sent;
  }

  private static int near(int moved, int untrustedBy) {
    int most = MOST_DRAG_ICON_PIXELS;
    return Math.clamp((long) moved + untrustedBy, -most, most) - moved;
  }

  private void commit(Surface surface, Message request) throws WaylandException {
    sendDamage(surface.object.upstreamId, WlSurface.DAMAGE, surface.damage);
    sendDamage(surface.object.upstreamId, WlSurface.DAMAGE_BUFFER, surface.bufferDamage);
    boolean shown = surface.buffer != null;
    ShmBuffer changed = surface.commit(copy);
    checkSize(surface);
    // What an icon shows must not change, says the protocol; a surface shows it with its edge.
    if (changed != null && !changed.edged) {
      pixels.copy(changed, copy);
    }
    Frame frame = surface.frame();
    if (frame != null) {
      frame.beforeCommit(surface);
    }
    routing.forward(surface.object, request);
    if (frame != null) {
      frame.afterCommit(surface);
    }
    if (shown && surface.buffer == null && surface.xdg != null) {
      shell.hidden(surface.xdg);
    }
    cursors.committed(surface.root());
    if (surface.replaced != null) {
      shm.replaced(surface.replaced);
    }
  }

  private void sendDamage(int surface, int opcode, Rectangles damage) {
    for (int i = 0; i < damage.count(); i++) {
      int width = damage.right(i) - damage.left(i);
      int height = damage.bottom(i) - damage.top(i);
      routing.toCompositor.words(surface, opcode, damage.left(i), damage.top(i), width, height);
    }
  }

  /** What has no frame is measured with all of its subsurfaces, wherever they are. */
  private static void checkSize(Surface surface) throws WaylandException {
    checkSize(surface.width(), surface.height(), MOST_DISTANCE);
    Surface root = surface.root();
    if (root.role == Surface.Role.CURSOR) {
      checkSize(root.extents(), MOST_CURSOR_PIXELS);
    } else if (root.role == Surface.Role.DRAG_ICON) {
      checkSize(root.extents(), MOST_DRAG_ICON_PIXELS);
    }
  }

  private static void checkSize(int[] extents, int most) throws WaylandException {
    if (extents != null) {
      checkSize(extents[2] - extents[0], extents[3] - extents[1], most);
    }
  }

  private static void checkSize(int width, int height, int most) throws WaylandException {
    if (width > most || height > most) {
      throw WaylandException.ofDisplay(
          NO_MEMORY, "a surface larger than " + most + " pixels for its role");
    }
  }

  private void destroy(Surface surface) throws WaylandException {
    if (surface.xdg != null && surface.xdg.frame != null) {
      throw new WaylandException(
          surface.object.clientId,
          WlSurface.ERROR_DEFUNCT_ROLE_OBJECT,
          "a surface destroyed before its xdg_surface");
    }
    detach(surface);
    for (Surface child : surface.children) {
      child.parent = null;
    }
    surface.children.clear();
    if (surface.cursor != null) {
      surface.cursor.show(null);
    }
    if (surface.buffer instanceof ShmBuffer shown) {
      shm.replaced(shown);
    }
  }

  private boolean subsurface(WaylandObject receiver, Message request) throws WaylandException {
    Surface surface = routing.argument(request, 1, Surface.class);
    Surface parent = routing.argument(request, 2, Surface.class);
    boolean taken = surface.role != Surface.Role.NONE && surface.role != Surface.Role.SUBSURFACE;
    if (taken || surface.hasSubsurface || parent.root() == surface) {
      throw new WaylandException(
          receiver.clientId,
          WlSubcompositor.ERROR_BAD_SURFACE,
          "a subsurface that has a role or is its own parent");
    }
    boolean deep = parent.depth() + surface.levels() >= MOST_DEPTH;
    if (deep || parent.children.size() >= MOST_CHILDREN) {
      throw WaylandException.ofDisplay(NO_MEMORY, "too many subsurfaces");
    }
    surface.addTo(parent);
    checkSize(parent);
    Frame frame = parent.frame();
    if (frame != null) {
      frame.grow();
    }
    routing.forward(receiver, request).role = surface;
    return true;
  }

  private boolean subsurfaceState(WaylandObject receiver, int opcode, Message request)
      throws WaylandException {
    Surface surface = (Surface) receiver.role;
    switch (opcode) {
      case WlSubsurface.DESTROY -> {
        detach(surface);
        surface.hasSubsurface = false;
      }
      case WlSubsurface.SET_POSITION -> {
        int x = request.word(0);
        int y = request.word(1);
        if (Math.abs((long) x) > MOST_DISTANCE || Math.abs((long) y) > MOST_DISTANCE) {
          throw WaylandException.ofDisplay(NO_MEMORY, "a subsurface too far from its parent");
        }
        surface.move(x, y);
      }
      case WlSubsurface.SET_SYNC -> surface.synchronous = true;
      case WlSubsurface.SET_DESYNC -> surface.synchronous = false;
      default -> {}
    }
    return false;
  }

  private static void detach(Surface surface) {
    if (surface.parent != null) {
      Frame frame = surface.frame();
      if (frame != null) {
        frame.left(surface);
      }
      surface.parent.children.remove(surface);
      surface.parent = null;
    }
  }

  private boolean viewport(WaylandObject receiver, Message request) throws WaylandException {
    Surface surface = routing.argument(request, 1, Surface.class);
    if (surface.hasViewport) {
      throw new WaylandException(
          receiver.clientId, WpViewporter.ERROR_VIEWPORT_EXISTS, "a surface with two viewports");
    }
    routing.forward(receiver, request).role = surface;
    surface.hasViewport = true;
    return true;
  }

  private boolean viewportState(Surface surface, int opcode, Message request) {
    Geometry pending = surface.pendingGeometry;
    int none = Geometry.NO_SOURCE;
    surface.pendingGeometry =
        switch (opcode) {
          case WpViewport.SET_SOURCE ->
              pending.withSource(
                  request.word(0), request.word(1), request.word(2), request.word(3));
          case WpViewport.SET_DESTINATION ->
              pending.withDestination(request.word(0), request.word(1));
          default -> pending.withSource(0, 0, none, none).withDestination(-1, -1);
        };
    surface.hasViewport = opcode != WpViewport.DESTROY;
    return false;
  }

  /** Gives a surface a role, or refuses where it has another. */
  static void take(Surface surface, Surface.Role role) throws WaylandException {
    if (surface.role != Surface.Role.NONE && surface.role != role) {
      throw WaylandException.ofDisplay(INVALID_OBJECT, "a surface that has another role");
    }
    surface.role = role;
    checkSize(surface);
  }
}
