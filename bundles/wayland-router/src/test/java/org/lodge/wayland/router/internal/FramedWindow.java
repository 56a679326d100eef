package org.lodge.wayland.router.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.stream.IntStream;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.opcode.WlOutput;
import org.lodge.wayland.protocol.opcode.WlRegistry;
import org.lodge.wayland.protocol.opcode.WlSubcompositor;
import org.lodge.wayland.protocol.opcode.WlSubsurface;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.XdgPopup;
import org.lodge.wayland.protocol.opcode.XdgPositioner;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevel;
import org.lodge.wayland.protocol.opcode.XdgWmBase;
import org.lodge.wayland.protocol.opcode.ZxdgOutputV1;

/** A program with a window in a frame, and what the compositor shows of it. */
abstract class FramedWindow {
  static final int BORDER = 4;

  Rig rig = Rig.framed();
  final ShownSurfaces shown = new ShownSurfaces(BORDER);
  int compositor;
  int subcompositor;
  int shm;
  int pool;
  int root;
  int shell;
  int xdg;
  int toplevel;

  /** The compositor gets a request. */
  void see(Message request) {
    shown.see(request);
  }

  /** A window that is configured, and shows nothing yet. */
  void open() throws Exception {
    rig.watch(this::see);
    int registry = rig.registry();
    compositor = rig.bind(registry, "wl_compositor", 5);
    subcompositor = rig.bind(registry, "wl_subcompositor", 1);
    shm = rig.bind(registry, "wl_shm", 1);
    shell = rig.bind(registry, "xdg_wm_base", 2);
    pool = rig.pool(shm, rig.client.connection.new MemoryFile(1 << 22), 1 << 22);
    root = rig.surface(compositor);
    xdg = rig.id("xdg_surface");
    rig.client.send(shell, XdgWmBase.GET_XDG_SURFACE, xdg, root);
    toplevel = rig.id("xdg_toplevel");
    rig.client.send(xdg, XdgSurface.GET_TOPLEVEL, toplevel);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.send(
        shown.object("xdg_toplevel"), XdgToplevel.EVENT_CONFIGURE, 300, 200, new byte[0]);
    rig.compositor.send(shown.object("xdg_surface"), XdgSurface.EVENT_CONFIGURE, 7);
    rig.client.await("xdg_surface@" + xdg + ".configure(7)");
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 7);
  }

  void configure(int serial, int... states) throws Exception {
    configureSize(serial, 300, 200, states);
  }

  void configureSize(int serial, int width, int height, int... states) throws Exception {
    ByteBuffer array = ByteBuffer.allocate(states.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    array.asIntBuffer().put(states);
    rig.compositor.send(
        shown.object("xdg_toplevel"), XdgToplevel.EVENT_CONFIGURE, width, height, array.array());
    rig.compositor.send(shown.object("xdg_surface"), XdgSurface.EVENT_CONFIGURE, serial);
    rig.client.await("xdg_surface@" + xdg + ".configure(" + serial + ")");
  }

  void show(int surface, int width, int height) {
    show(surface, width, height, 0, 0);
  }

  void show(int surface, int width, int height, int x, int y) {
    int buffer = rig.buffer(pool, 0, width, height, width * 4, 1);
    rig.client.send(surface, WlSurface.ATTACH, buffer, x, y);
    rig.client.send(surface, WlSurface.DAMAGE, 0, 0, width, height);
  }

  /** Makes a surface one of another's that goes by itself. */
  int nest(int child, int parent) {
    int subsurface = rig.id("wl_subsurface");
    rig.client.send(subcompositor, WlSubcompositor.GET_SUBSURFACE, subsurface, child, parent);
    rig.client.send(subsurface, WlSubsurface.SET_DESYNC);
    return subsurface;
  }

  int popup(int surface) throws Exception {
    int positioner = rig.id("xdg_positioner");
    rig.client.send(shell, XdgWmBase.CREATE_POSITIONER, positioner);
    rig.client.send(positioner, XdgPositioner.SET_SIZE, 30, 20);
    int popupSurface = rig.id("xdg_surface");
    rig.client.send(shell, XdgWmBase.GET_XDG_SURFACE, popupSurface, surface);
    int popup = rig.id("xdg_popup");
    rig.client.send(popupSurface, XdgSurface.GET_POPUP, popup, xdg, positioner);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.send(shown.object("xdg_popup"), XdgPopup.EVENT_CONFIGURE, 5, 7, 38, 28);
    rig.compositor.send(shown.object("xdg_surface"), XdgSurface.EVENT_CONFIGURE, 3);
    rig.client.await("xdg_surface@" + popupSurface + ".configure(3)");
    rig.client.send(popupSurface, XdgSurface.ACK_CONFIGURE, 3);
    return popup;
  }

  /** One of 400x300. */
  void tellScreens() throws Exception {
    int output = own("wl_output");
    rig.compositor.send(output, WlOutput.EVENT_GEOMETRY, 0, 0, 0, 0, 0, "a", "b", 1);
    rig.compositor.send(output, WlOutput.EVENT_MODE, 1, 600, 800, 0);
    rig.compositor.send(output, WlOutput.EVENT_MODE, 0, 1, 1, 0);
    rig.compositor.send(output, WlOutput.EVENT_SCALE, 2);
    rig.sync();
  }

  int own(String type) {
    return known(type).min().orElseThrow();
  }

  void plugInASecondScreen() throws InterruptedException {
    rig.compositor.send(own("wl_registry"), WlRegistry.EVENT_GLOBAL, 90, "wl_output", 4);
    rig.compositor.awaitCount(".get_xdg_output(", 2);
  }

  int newest(String type) {
    return known(type).max().orElseThrow();
  }

  IntStream known(String type) {
    return rig.compositor.known().entrySet().stream()
        .filter(entry -> entry.getValue().name().equals(type))
        .mapToInt(Map.Entry::getKey);
  }

  void openLarge(Limits limits) throws Exception {
    rig = Rig.framed(limits);
    openLarge();
  }

  void openLarge() throws Exception {
    open();
    configureSize(8, 0, 0);
    showLarge();
  }

  /** The window is larger than the smaller of them, and on none yet. */
  void openOnTwoScreens() throws Exception {
    open();
    configureSize(8, 0, 0);
    plugInASecondScreen();
    rig.compositor.send(own("zxdg_output_v1"), ZxdgOutputV1.EVENT_LOGICAL_SIZE, 400, 300);
    rig.compositor.send(newest("zxdg_output_v1"), ZxdgOutputV1.EVENT_LOGICAL_SIZE, 4000, 3000);
    showLarge();
  }

  void showLarge() throws Exception {
    show(root, 492, 392);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
  }
}
