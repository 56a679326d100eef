package org.lodge.wayland.router.internal;

import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.ZwpLockedPointerV1;
import org.lodge.wayland.protocol.opcode.ZwpPointerConstraintsV1;

/**
 * Pointers that are locked to windows with frames. Compositors of wlroots lock them only to the
 * surface that is the window, which is the frame's; others to the one that the pointer is over,
 * which is the client's.
 */
final class LockRequests {
  private static final int SURFACE = 1;
  private static final int REGION = 3;

  /** Fractions of a coordinate are this many bits. */
  private static final int FIXED_BITS = 8;

  private final Routing routing;

  LockRequests(Routing routing) {
    this.routing = routing;
  }

  boolean handle(WaylandObject receiver, int opcode, Message request) throws WaylandException {
    return receiver.type.index() == ZwpLockedPointerV1.INDEX
        ? receiver.role instanceof Surface surface && locked(surface, opcode, request)
        : opcode == ZwpPointerConstraintsV1.LOCK_POINTER && lock(receiver, request);
  }

  private boolean lock(WaylandObject receiver, Message request) throws WaylandException {
    Surface surface = routing.argument(request, SURFACE, Surface.class);
    if (surface == null || frameOf(surface) == null || !routing.frames.isLockable()) {
      return false;
    }
    dropRegion(request, REGION);
    routing.forwardForWindow(receiver, request).role = surface;
    return true;
  }

  private boolean locked(Surface surface, int opcode, Message request) throws WaylandException {
    Frame frame = frameOf(surface);
    if (opcode == ZwpLockedPointerV1.SET_REGION) {
      dropRegion(request, 0);
      return true;
    }
    if (opcode == ZwpLockedPointerV1.SET_CURSOR_POSITION_HINT && frame != null) {
      request.setWord(0, hint(request.word(0), surface.width(), frame.contentX()));
      request.setWord(1, hint(request.word(1), surface.height(), frame.contentY()));
      frame.changed();
    }
    return false;
  }

  /** The frame takes no input, so no region of it would hold the pointer. */
  private void dropRegion(Message request, int argument) throws WaylandException {
    routing.argument(request, argument);
    request.setWord(argument, 0);
  }

  /** Where the pointer shall be let go: within the guest's surface, wherever the guest wants it. */
  private static int hint(int untrusted, int size, int moved) {
    int most = Math.max(0, (size << FIXED_BITS) - 1);
    return Math.clamp((long) untrusted, 0, most) + (moved << FIXED_BITS);
  }

  private static Frame frameOf(Surface surface) {
    return surface.xdg == null ? null : surface.xdg.frame;
  }
}
