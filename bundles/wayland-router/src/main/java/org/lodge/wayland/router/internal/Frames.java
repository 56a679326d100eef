package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lodge.agent.handles.FileHandle;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Interfaces;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlBuffer;
import org.lodge.wayland.protocol.opcode.WlCompositor;
import org.lodge.wayland.protocol.opcode.WlDisplay;
import org.lodge.wayland.protocol.opcode.WlRegion;
import org.lodge.wayland.protocol.opcode.WlRegistry;
import org.lodge.wayland.protocol.opcode.WlShm;
import org.lodge.wayland.protocol.opcode.WlShmPool;
import org.lodge.wayland.protocol.opcode.WlSubcompositor;
import org.lodge.wayland.protocol.opcode.WlSubsurface;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.WpViewport;
import org.lodge.wayland.protocol.opcode.WpViewporter;

/**
 * The objects that the router itself has at a compositor, on a connection whose windows it frames.
 * They are bound before the client hears of any global, and the client can't name them.
 */
final class Frames {
  private static final int BYTES_PER_PIXEL = 4;
  private static final int XRGB8888 = 1;

  /**
   * Sides of the colour's picture. Of a smaller one renderers that count in fixed point, such as
   * pixman, leave out some rows and columns where they stretch it to a window.
   */
  private static final int COLOR_SIDE = 128;

  private static final int COLOR_ROW_BYTES = COLOR_SIDE * BYTES_PER_PIXEL;
  private static final int COLOR_BYTES = COLOR_SIDE * COLOR_ROW_BYTES;

  /** Of compositors of wlroots, old and new, and of no others that are known. */
  private static final String WLROOTS_ONLY = "zwlr_export_dmabuf_manager_v1";

  private final Routing routing;
  private WaylandObject registry;
  private WaylandObject compositor;
  private WaylandObject subcompositor;
  private WaylandObject viewporter;
  private WaylandObject shm;
  private WaylandObject color;
  private boolean lockable;
  private final Screens screens;

  Frames(Routing routing) {
    this.routing = routing;
    screens = new Screens(routing, this);
  }

  int border() {
    return routing.guest.settings().borderPixels();
  }

  /** To be sent before anything of the client. */
  void begin() {
    registry = own(WlRegistry.INDEX, 1);
    routing.toCompositor.words(1, WlDisplay.GET_REGISTRY, registry.upstreamId);
  }

  boolean isRegistry(WaylandObject object) {
    return object == registry;
  }

  /** The compositor has a global. */
  void announced(int name, String untrustedType, int untrustedVersion) {
    switch (untrustedType) {
      case "wl_compositor" ->
          compositor = bind(compositor, name, WlCompositor.INDEX, Math.min(4, untrustedVersion));
      case "wl_subcompositor" ->
          subcompositor = bind(subcompositor, name, WlSubcompositor.INDEX, 1);
      case "wp_viewporter" -> viewporter = bind(viewporter, name, WpViewporter.INDEX, 1);
      case "wl_shm" -> shm = bind(shm, name, WlShm.INDEX, 1);
      case "wl_output" -> screens.add(name, untrustedVersion);
      case "zxdg_output_manager_v1" -> screens.manager(name);
      case WLROOTS_ONLY -> lockable = true;
      default -> {}
    }
  }

  Screens screens() {
    return screens;
  }

  /** Whether the compositor locks a pointer to the frame instead of what is in it. */
  boolean isLockable() {
    return lockable;
  }

  /** A picture of the guest's colour, which viewports stretch. */
  WaylandObject colorBuffer() {
    return color;
  }

  /** A wrapper around a surface that is about to become a window. */
  Frame wrap(Surface surface) throws WaylandException {
    require(compositor, "wl_compositor");
    require(subcompositor, "wl_subcompositor");
    require(viewporter, "wp_viewporter");
    require(shm, "wl_shm");
    if (color == null) {
      color = makeColor();
    }
    Outbox out = routing.toCompositor;
    WaylandObject wrapper = own(WlSurface.INDEX, 4);
    wrapper.alias = surface.object;
    out.words(compositor.upstreamId, WlCompositor.CREATE_SURFACE, wrapper.upstreamId);
    WaylandObject subsurface = own(WlSubsurface.INDEX, 1);
    int content = surface.object.upstreamId;
    out.words(
        subcompositor.upstreamId,
        WlSubcompositor.GET_SUBSURFACE,
        subsurface.upstreamId,
        content,
        wrapper.upstreamId);
    out.words(subsurface.upstreamId, WlSubsurface.SET_DESYNC);
    WaylandObject viewport = stretch(wrapper);
    takeNoInput(wrapper);
    return new Frame(this, routing, wrapper, subsurface, viewport);
  }

  /**
   * A surface above all that a wrapper has in it, to be stretched; shown with the wrapper's commit.
   */
  Ring.Strip strip(WaylandObject wrapper) {
    Outbox out = routing.toCompositor;
    WaylandObject surface = own(WlSurface.INDEX, 4);
    surface.role = wrapper.role;
    out.words(compositor.upstreamId, WlCompositor.CREATE_SURFACE, surface.upstreamId);
    takeNoInput(surface);
    WaylandObject subsurface = own(WlSubsurface.INDEX, 1);
    out.words(
        subcompositor.upstreamId,
        WlSubcompositor.GET_SUBSURFACE,
        subsurface.upstreamId,
        surface.upstreamId,
        wrapper.upstreamId);
    return new Ring.Strip(surface, subsurface, stretch(surface));
  }

  private WaylandObject stretch(WaylandObject surface) {
    WaylandObject viewport = own(WpViewport.INDEX, 1);
    routing.toCompositor.words(
        viewporter.upstreamId, WpViewporter.GET_VIEWPORT, viewport.upstreamId, surface.upstreamId);
    return viewport;
  }

  private void takeNoInput(WaylandObject surface) {
    Outbox out = routing.toCompositor;
    WaylandObject empty = own(WlRegion.INDEX, 4);
    out.words(compositor.upstreamId, WlCompositor.CREATE_REGION, empty.upstreamId);
    out.words(surface.upstreamId, WlSurface.SET_INPUT_REGION, empty.upstreamId);
    out.words(empty.upstreamId, WlRegion.DESTROY);
  }

  private WaylandObject makeColor() throws WaylandException {
    Outbox out = routing.toCompositor;
    WaylandObject pool = own(WlShmPool.INDEX, 1);
    FileHandle file = makeFile();
    out.step(
        to -> to.writeRows(file, 0, COLOR_ROW_BYTES, COLOR_ROW_BYTES, COLOR_SIDE, colorPixels()));
    out.pass(file);
    out.words(shm.upstreamId, WlShm.CREATE_POOL, pool.upstreamId, COLOR_BYTES);
    out.step(to -> file.close());
    WaylandObject buffer = own(WlBuffer.INDEX, 1);
    out.words(
        pool.upstreamId,
        WlShmPool.CREATE_BUFFER,
        buffer.upstreamId,
        0,
        COLOR_SIDE,
        COLOR_SIDE,
        COLOR_ROW_BYTES,
        XRGB8888);
    out.words(pool.upstreamId, WlShmPool.DESTROY);
    return buffer;
  }

  private FileHandle makeFile() throws WaylandException {
    try {
      return routing.compositor.makeFile(COLOR_BYTES, true);
    } catch (IOException e) {
      throw WaylandException.ofDisplay(
          WaylandException.IMPLEMENTATION, "the connection with the display is lost");
    }
  }

  private ByteBuffer colorPixels() {
    ByteBuffer pixels = ByteBuffer.allocate(COLOR_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    while (pixels.hasRemaining()) {
      pixels.putInt(0xff000000 | routing.guest.settings().color());
    }
    return pixels.flip();
  }

  WaylandObject bind(WaylandObject bound, int name, int type, int version) {
    if (bound != null) {
      return bound;
    }
    WaylandObject made = own(type, version);
    String typeName = made.type.name();
    routing
        .toCompositor
        .begin(registry.upstreamId, WlRegistry.BIND, typeName.length() + 24)
        .word(name)
        .string(typeName)
        .word(version)
        .word(made.upstreamId)
        .end();
    return made;
  }

  WaylandObject own(int type, int version) {
    Interface known = Interfaces.at(type);
    return routing.objects.createOwn(known, version);
  }

  private static void require(WaylandObject bound, String global) throws WaylandException {
    if (bound == null) {
      throw WaylandException.ofDisplay(
          WaylandException.IMPLEMENTATION, "the display has no " + global + ", which frames need");
    }
  }
}
