package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.NO_MEMORY;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.XdgToplevelIconManagerV1;
import org.lodge.wayland.protocol.opcode.XdgToplevelIconV1;

/**
 * Icons of windows. Their pixels are copied when a buffer is added, and where Lodge draws frames
 * they get an edge of the guest's colour. Names of icons are dropped: the display's own icon would
 * stand there without one.
 */
final class IconRequests {
  private static final int MOST_SIDE_PIXELS = 512;
  private static final int MOST_BUFFERS = 16;

  /** Of an icon's side: an edge that can be told at 16 pixels and leaves the picture. */
  private static final int SIDE_TO_EDGE = 16;

  private final Routing routing;
  private final Pixels pixels;
  private final Rectangles all = new Rectangles();

  /** An icon that is being made, and can't be changed once it was set. */
  private static final class Icon {
    int buffers;
    boolean set;
  }

  IconRequests(Routing routing, Pixels pixels) {
    this.routing = routing;
    this.pixels = pixels;
  }

  boolean handle(WaylandObject receiver, int opcode, Message request) throws WaylandException {
    if (receiver.type.index() == XdgToplevelIconManagerV1.INDEX) {
      return manager(receiver, opcode, request);
    }
    Icon icon = (Icon) receiver.role;
    if (opcode != XdgToplevelIconV1.DESTROY && icon.set) {
      throw new WaylandException(
          receiver.clientId, XdgToplevelIconV1.ERROR_IMMUTABLE, "an icon that was set already");
    }
    if (opcode == XdgToplevelIconV1.ADD_BUFFER) {
      addBuffer(receiver, icon, request);
    }
    return opcode == XdgToplevelIconV1.SET_NAME;
  }

  private boolean manager(WaylandObject receiver, int opcode, Message request)
      throws WaylandException {
    switch (opcode) {
      case XdgToplevelIconManagerV1.CREATE_ICON -> {
        routing.forward(receiver, request).role = new Icon();
        return true;
      }
      case XdgToplevelIconManagerV1.SET_ICON -> {
        Icon icon = routing.argument(request, 1, Icon.class);
        if (icon != null) {
          icon.set = true;
        }
        return false;
      }
      default -> {
        return false;
      }
    }
  }

  private void addBuffer(WaylandObject receiver, Icon icon, Message request)
      throws WaylandException {
    WaylandObject named = routing.argument(request, 0);
    boolean fits =
        named.role instanceof ShmBuffer buffer
            && buffer.width == buffer.height
            && ShmFormat.isPlain(buffer.format);
    if (!fits) {
      throw new WaylandException(
          receiver.clientId,
          XdgToplevelIconV1.ERROR_INVALID_BUFFER,
          "an icon's buffer that is not square, or not of ARGB8888 or XRGB8888 in shared memory");
    }
    ShmBuffer buffer = (ShmBuffer) named.role;
    if (buffer.width > MOST_SIDE_PIXELS || ++icon.buffers > MOST_BUFFERS) {
      throw WaylandException.ofDisplay(
          NO_MEMORY,
          "an icon of more than " + MOST_BUFFERS + " buffers or " + MOST_SIDE_PIXELS + " pixels");
    }
    if (!buffer.edged) {
      copy(buffer);
    }
  }

  private void copy(ShmBuffer buffer) {
    // Were it shown on a surface as well, all of it would have to be copied again.
    if (buffer.surface != null) {
      buffer.surface.forget(buffer);
      buffer.surface = null;
    }
    all.clear();
    all.add(0, 0, buffer.width, buffer.height);
    pixels.copy(buffer, all);
    if (routing.frames != null) {
      buffer.edged = true;
      routing.toCompositor.step(compositor -> drawEdge(buffer, compositor));
    }
  }

  private void drawEdge(ShmBuffer buffer, HandleConnection compositor) throws IOException {
    int side = buffer.width;
    int edge = Math.max(1, side / SIDE_TO_EDGE);
    fill(buffer, compositor, 0, 0, side, edge);
    fill(buffer, compositor, 0, side - edge, side, edge);
    fill(buffer, compositor, 0, 0, edge, side);
    fill(buffer, compositor, side - edge, 0, edge, side);
  }

  private void fill(
      ShmBuffer buffer, HandleConnection compositor, int x, int y, int width, int height)
      throws IOException {
    int rowBytes = width * Integer.BYTES;
    ByteBuffer rows = ByteBuffer.allocate(rowBytes * height).order(ByteOrder.LITTLE_ENDIAN);
    while (rows.hasRemaining()) {
      rows.putInt(0xff000000 | routing.guest.settings().color());
    }
    compositor.writeRows(
        buffer.pool.compositorFile,
        buffer.compositorOffset + (long) y * buffer.strideBytes + (long) x * Integer.BYTES,
        buffer.strideBytes,
        rowBytes,
        height,
        rows.flip());
  }
}
