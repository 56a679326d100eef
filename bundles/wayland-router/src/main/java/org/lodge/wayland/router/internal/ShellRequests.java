package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.NO_MEMORY;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.XdgPopup;
import org.lodge.wayland.protocol.opcode.XdgPositioner;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevel;
import org.lodge.wayland.protocol.opcode.XdgWmBase;

/** Windows: each is named after its guest, and wrapped in a frame where the router draws them. */
final class ShellRequests {
  private final Display display;
  private final Routing routing;

  /** Read by any thread. */
  private final List<ShellSurface> windows = new CopyOnWriteArrayList<>();

  ShellRequests(Display display, Routing routing) {
    this.display = display;
    this.routing = routing;
  }

  List<ShellSurface> windows() {
    return windows;
  }

  /** There are others, or of other sizes, by which frames are limited. */
  void screensChanged() {
    for (ShellSurface window : windows) {
      if (window.frame != null) {
        window.frame.screensChanged();
      }
    }
  }

  boolean handle(WaylandObject receiver, int opcode, Message request) throws WaylandException {
    return switch (receiver.type.index()) {
      case XdgWmBase.INDEX -> opcode == XdgWmBase.GET_XDG_SURFACE && xdgSurface(receiver, request);
      case XdgPositioner.INDEX -> {
        positioner(opcode, request);
        yield false;
      }
      case XdgSurface.INDEX -> window((ShellSurface) receiver.role, receiver, opcode, request);
      case XdgToplevel.INDEX -> toplevel((ShellSurface) receiver.role, receiver, opcode, request);
      default -> {
        if (opcode == XdgPopup.DESTROY) {
          ShellSurface window = (ShellSurface) receiver.role;
          unmap(window);
          window.popup = null;
        }
        yield false;
      }
    };
  }

  private boolean xdgSurface(WaylandObject receiver, Message request) throws WaylandException {
    Surface surface = routing.argument(request, 1, Surface.class);
    boolean taken = surface.role != Surface.Role.NONE && surface.role != Surface.Role.WINDOW;
    if (taken || surface.xdg != null || surface.buffer != null) {
      throw new WaylandException(
          receiver.clientId, XdgWmBase.ERROR_ROLE, "a surface that has a role or a buffer");
    }
    if (windows.size() >= routing.limits.windows()) {
      throw WaylandException.ofDisplay(
          NO_MEMORY, "more than " + routing.limits.windows() + " windows");
    }
    surface.role = Surface.Role.WINDOW;
    Frame frame = routing.frames == null ? null : routing.frames.wrap(surface);
    WaylandObject made =
        frame == null ? routing.forward(receiver, request) : routing.create(receiver, request);
    surface.xdg = new ShellSurface(display.nextWindow(), made, surface);
    made.role = surface.xdg;
    if (frame != null) {
      surface.xdg.frame = frame;
      frame.surround(surface.xdg, receiver);
    }
    windows.add(surface.xdg);
    return true;
  }

  /** A popup is larger by its frame, and so is the window that it is placed in. */
  private void positioner(int opcode, Message request) {
    if (routing.frames == null) {
      return;
    }
    int border = routing.frames.border();
    switch (opcode) {
      case XdgPositioner.SET_SIZE, XdgPositioner.SET_PARENT_SIZE -> {
        request.setWord(0, Frame.larger(request.word(0), border));
        request.setWord(1, Frame.larger(request.word(1), border));
      }
      case XdgPositioner.SET_ANCHOR_RECT -> {
        request.setWord(0, Frame.moved(request.word(0), border));
        request.setWord(1, Frame.moved(request.word(1), border));
      }
      default -> {}
    }
  }

  private boolean window(ShellSurface window, WaylandObject receiver, int opcode, Message request)
      throws WaylandException {
    switch (opcode) {
      case XdgSurface.DESTROY -> {
        routing.forward(receiver, request);
        window.surface.xdg = null;
        windows.remove(window);
        if (window.frame != null) {
          window.frame.destroy();
        }
        return true;
      }
      case XdgSurface.GET_TOPLEVEL -> {
        WaylandObject made = routing.forward(receiver, request);
        made.role = window;
        window.toplevel = made;
        name(window);
        return true;
      }
      case XdgSurface.GET_POPUP -> {
        window.popup = routing.forward(receiver, request);
        window.popup.role = window;
        return true;
      }
      case XdgSurface.SET_WINDOW_GEOMETRY -> {
        window.hasGeometry = true;
        window.geometryX = request.word(0);
        window.geometryY = request.word(1);
        window.geometryWidth = request.word(2);
        window.geometryHeight = request.word(3);
        if (window.geometryWidth <= 0 || window.geometryHeight <= 0) {
          throw new WaylandException(
              receiver.clientId, XdgSurface.ERROR_INVALID_SIZE, "invalid window geometry");
        }
        return window.frame != null;
      }
      case XdgSurface.ACK_CONFIGURE -> {
        if (window.frame != null) {
          window.frame.acknowledged(request.word(0));
        }
        return window.frame != null;
      }
      default -> {
        return false;
      }
    }
  }

  private boolean toplevel(
      ShellSurface window, WaylandObject receiver, int opcode, Message request) {
    if (window.frame != null) {
      window.frame.changed();
    }
    switch (opcode) {
      case XdgToplevel.DESTROY -> {
        unmap(window);
        window.toplevel = null;
        return false;
      }
      case XdgToplevel.SET_TITLE -> {
        window.untrustedTitle = Names.clean(request.string(0), false);
        send(receiver, opcode, routing.guest.names().title(window.untrustedTitle));
        return true;
      }
      case XdgToplevel.SET_APP_ID -> {
        window.untrustedAppId = Names.clean(request.string(0), true);
        send(receiver, opcode, routing.guest.names().appId(window.untrustedAppId));
        return true;
      }
      case XdgToplevel.SHOW_WINDOW_MENU -> {
        if (window.frame != null) {
          int border = routing.frames.border();
          request.setWord(2, Frame.moved(request.word(2), border));
          request.setWord(3, Frame.moved(request.word(3), border));
        }
        return false;
      }
      case XdgToplevel.SET_MAX_SIZE, XdgToplevel.SET_MIN_SIZE -> {
        if (window.frame != null) {
          limit(window.frame.limits(), opcode, request);
        }
        return window.frame != null;
      }
      default -> {
        return false;
      }
    }
  }

  private void limit(SizeLimits limits, int opcode, Message request) {
    int border = routing.frames.border();
    int width = Frame.larger(request.word(0), border);
    int height = Frame.larger(request.word(1), border);
    if (opcode == XdgToplevel.SET_MIN_SIZE) {
      limits.least(width, height);
    } else {
      limits.most(width, height);
    }
  }

  /** The client has hidden it, by which compositors forget its names. */
  void hidden(ShellSurface window) {
    if (window.toplevel != null) {
      window.untrustedTitle = "";
      window.untrustedAppId = "";
      name(window);
    }
  }

  /** Before the client has said a name, and also if it never does. */
  private void name(ShellSurface window) {
    send(window.toplevel, XdgToplevel.SET_TITLE, routing.guest.names().title(null));
    send(window.toplevel, XdgToplevel.SET_APP_ID, routing.guest.names().appId(null));
  }

  private void send(WaylandObject toplevel, int opcode, String name) {
    routing
        .toCompositor
        .begin(toplevel.upstreamId, opcode, name.length() * 3 + 8)
        .string(name)
        .end();
  }

  private static void unmap(ShellSurface window) {
    if (window.frame != null) {
      window.frame.unmapped();
    }
  }
}
