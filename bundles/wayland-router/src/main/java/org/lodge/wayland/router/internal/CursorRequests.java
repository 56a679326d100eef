package org.lodge.wayland.router.internal;

import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlPointer;
import org.lodge.wayland.protocol.opcode.WpCursorShapeDeviceV1;
import org.lodge.wayland.protocol.opcode.WpCursorShapeManagerV1;
import org.lodge.wayland.protocol.opcode.ZwpTabletToolV2;

/**
 * Cursors: the point that a person clicks with lies within the picture, so that a guest can't show
 * its picture somewhere else, such as over another guest's window.
 *
 * <p>Programs name that point before the picture it belongs to, so it is told anew after a commit
 * by which the picture came to have it.
 */
final class CursorRequests {
  private static final int SURFACE = 1;
  private static final int X = 2;
  private static final int Y = 3;

  private final Routing routing;

  /**
   * What one pointer shows, which point of it the client wants, and which the compositor was told.
   */
  static final class Cursor {
    private final WaylandObject pointer;
    private Surface surface;
    private int serial;
    private int x;
    private int y;
    private int toldX;
    private int toldY;

    Cursor(WaylandObject pointer) {
      this.pointer = pointer;
    }

    /** Shows another surface, or none; a surface is kept as the picture of one pointer alone. */
    void show(Surface shown) {
      if (surface != null) {
        surface.cursor = null;
      }
      surface = shown;
      if (shown != null) {
        if (shown.cursor != null) {
          shown.cursor.surface = null;
        }
        shown.cursor = this;
      }
    }
  }

  CursorRequests(Routing routing) {
    this.routing = routing;
  }

  boolean handle(WaylandObject receiver, int opcode, Message request) throws WaylandException {
    return switch (receiver.type.index()) {
      case WlPointer.INDEX -> opcode == WlPointer.SET_CURSOR && set(receiver, request);
      case ZwpTabletToolV2.INDEX -> opcode == ZwpTabletToolV2.SET_CURSOR && set(receiver, request);
      case WpCursorShapeManagerV1.INDEX ->
          opcode != WpCursorShapeManagerV1.DESTROY && device(receiver, request);
      default -> {
        if (opcode == WpCursorShapeDeviceV1.SET_SHAPE) {
          of((WaylandObject) receiver.role).show(null);
        }
        yield false;
      }
    };
  }

  private boolean device(WaylandObject receiver, Message request) throws WaylandException {
    WaylandObject pointer = routing.argument(request, 1);
    routing.forward(receiver, request).role = pointer;
    return true;
  }

  private boolean set(WaylandObject receiver, Message request) throws WaylandException {
    Surface surface = routing.argument(request, SURFACE, Surface.class);
    Cursor cursor = of(receiver);
    cursor.show(null);
    if (surface != null) {
      SurfaceRequests.take(surface, Surface.Role.CURSOR);
      cursor.show(surface);
      cursor.serial = request.word(0);
      cursor.x = request.word(X) + surface.movedX;
      cursor.y = request.word(Y) + surface.movedY;
      tell(cursor);
      request.setWord(X, cursor.toldX);
      request.setWord(Y, cursor.toldY);
    }
    return false;
  }

  private static Cursor of(WaylandObject pointer) {
    if (pointer.role == null) {
      pointer.role = new Cursor(pointer);
    }
    return (Cursor) pointer.role;
  }

  /**
   * Decides which point it has.
   *
   * @return whether it has another one now
   */
  private static boolean tell(Cursor cursor) {
    int most = SurfaceRequests.MOST_CURSOR_PIXELS;
    Surface surface = cursor.surface;
    int[] extents = surface.extents();
    int[] within = extents == null ? new int[] {0, 0, most, most} : extents;
    int x = Math.clamp(cursor.x - surface.movedX, within[0], within[2] - 1);
    int y = Math.clamp(cursor.y - surface.movedY, within[1], within[3] - 1);
    boolean same = x == cursor.toldX && y == cursor.toldY;
    cursor.toldX = x;
    cursor.toldY = y;
    return !same;
  }

  /** A surface has been committed that is a picture of a cursor. */
  void committed(Surface surface) {
    Cursor cursor = surface.cursor;
    if (cursor != null && !cursor.pointer.zombie && tell(cursor)) {
      // In both types of pointers it is the same request.
      routing.toCompositor.words(
          cursor.pointer.upstreamId,
          WlPointer.SET_CURSOR,
          cursor.serial,
          surface.object.upstreamId,
          cursor.toldX,
          cursor.toldY);
    }
  }
}
