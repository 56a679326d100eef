package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.XdgActivationV1;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevelTagManagerV1;
import org.lodge.wayland.protocol.opcode.XdgWmBase;
import org.lodge.wayland.protocol.opcode.ZwpIdleInhibitManagerV1;
import org.lodge.wayland.protocol.opcode.ZwpTabletManagerV2;
import org.lodge.wayland.protocol.opcode.ZwpTabletSeatV2;
import org.lodge.wayland.protocol.opcode.ZwpTabletToolV2;
import org.lodge.wayland.protocol.opcode.ZwpTextInputManagerV3;
import org.lodge.wayland.protocol.opcode.ZwpTextInputV3;

/** Protocols that speak of windows: where a window has a frame, they mean the frame's surface. */
class WindowProtocolsTest {
  private static final int BORDER = 4;

  private final Rig rig = Rig.framed();
  private final ShownSurfaces shown = new ShownSurfaces(BORDER);
  private int registry;
  private int surface;
  private int toplevel;

  /** A window of 100 by 50 that is shown. */
  private void open() throws Exception {
    rig.watch(shown::see);
    registry = rig.registry();
    surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
    int shell = rig.bind(registry, "xdg_wm_base", 2);
    int xdg = rig.id("xdg_surface");
    rig.client.send(shell, XdgWmBase.GET_XDG_SURFACE, xdg, surface);
    toplevel = rig.id("xdg_toplevel");
    rig.client.send(xdg, XdgSurface.GET_TOPLEVEL, toplevel);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.send(shown.object("xdg_surface"), XdgSurface.EVENT_CONFIGURE, 7);
    rig.client.await(".configure(7)");
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 7);
    MemoryConnection.MemoryFile file = rig.client.connection.new MemoryFile(1 << 20);
    int pool = rig.pool(rig.bind(registry, "wl_shm", 1), file, 1 << 20);
    rig.client.send(surface, WlSurface.ATTACH, rig.buffer(pool, 0, 100, 50, 400, 1), 0, 0);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
  }

  @Test
  void whatMeansTheWindowNamesItsFrame() throws Exception {
    open();
    int manager = rig.bind(registry, "zwp_idle_inhibit_manager_v1", 1);
    int inhibitor = rig.id("zwp_idle_inhibitor_v1");
    rig.client.send(manager, ZwpIdleInhibitManagerV1.CREATE_INHIBITOR, inhibitor, surface);
    int activation = rig.bind(registry, "xdg_activation_v1", 1);
    Display display = rig.conversation.display();
    String token = rig.guest.tokens().name(display, "secret");
    rig.client.send(activation, XdgActivationV1.ACTIVATE, token, surface);
    rig.sync();
    String wrapper = "wl_surface@" + shown.wrapper() + ")";
    rig.compositor.await(".create_inhibitor(");
    assertEquals(1, rig.compositor.count("zwp_idle_inhibitor_v1@"));
    String made = rig.compositor.await(".create_inhibitor(");
    assertEquals(wrapper, made.replaceAll(".*, ", ""));
    rig.compositor.await(".activate(\"secret\", " + wrapper);
  }

  @Test
  void theRectangleOfTextIsToldWhereTheFrameHasIt() throws Exception {
    open();
    int seat = rig.bind(registry, "wl_seat", 5);
    int manager = rig.bind(registry, "zwp_text_input_manager_v3", 1);
    int input = rig.id("zwp_text_input_v3");
    rig.client.send(manager, ZwpTextInputManagerV3.GET_TEXT_INPUT, input, seat);
    rig.sync();
    rig.compositor.send(
        shown.object("zwp_text_input_v3"), ZwpTextInputV3.EVENT_ENTER, shown.wrapper());
    rig.client.await("zwp_text_input_v3@" + input + ".enter(wl_surface@" + surface + ")");
    rig.client.send(input, ZwpTextInputV3.SET_CURSOR_RECTANGLE, 10, 20, 1, 12);
    rig.sync();
    rig.compositor.await(".set_cursor_rectangle(14, 24, 1, 12)");
    rig.compositor.send(
        shown.object("zwp_text_input_v3"), ZwpTextInputV3.EVENT_LEAVE, shown.wrapper());
    rig.client.await("zwp_text_input_v3@" + input + ".leave(wl_surface@" + surface + ")");
    rig.client.send(input, ZwpTextInputV3.SET_CURSOR_RECTANGLE, 11, 20, 1, 12);
    rig.sync();
    rig.compositor.await(".set_cursor_rectangle(11, 20, 1, 12)");
  }

  @Test
  void tagsSayWhoseTheWindowIs() throws Exception {
    open();
    int manager = rig.bind(registry, "xdg_toplevel_tag_manager_v1", 1);
    rig.client.send(manager, XdgToplevelTagManagerV1.SET_TOPLEVEL_TAG, toplevel, "main\u0001");
    rig.client.send(
        manager, XdgToplevelTagManagerV1.SET_TOPLEVEL_DESCRIPTION, toplevel, "the \u202emain one");
    rig.sync();
    rig.compositor.await(", \"lodge.work.main_\")");
    rig.compositor.await(", \"[work] the _main one\")");
  }

  @Test
  void aTabletsCursorIsNoWindow() throws Exception {
    registry = rig.registry();
    int seat = rig.bind(registry, "wl_seat", 5);
    int large = rig.surface(rig.bind(registry, "wl_compositor", 4));
    int manager = rig.bind(registry, "zwp_tablet_manager_v2", 2);
    int tablets = rig.id("zwp_tablet_seat_v2");
    rig.client.send(manager, ZwpTabletManagerV2.GET_TABLET_SEAT, tablets, seat);
    rig.sync();
    String made = rig.compositor.await(".get_tablet_seat(new id zwp_tablet_seat_v2@");
    int upstream = Integer.parseInt(made.replaceAll(".*seat_v2@([0-9]+),.*", "$1"));
    int tool = ObjectMap.SERVER_FIRST;
    rig.compositor.know(tool, "zwp_tablet_tool_v2");
    rig.compositor.send(upstream, ZwpTabletSeatV2.EVENT_TOOL_ADDED, tool);
    rig.client.await(".tool_added(");
    rig.client.send(tool, ZwpTabletToolV2.SET_CURSOR, 1, large, 0, 0);
    MemoryConnection.MemoryFile file = rig.client.connection.new MemoryFile(1 << 20);
    int pool = rig.pool(rig.bind(registry, "wl_shm", 1), file, 1 << 20);
    rig.client.send(large, WlSurface.ATTACH, rig.buffer(pool, 0, 400, 400, 1600, 1), 0, 0);
    rig.client.send(large, WlSurface.COMMIT);
    rig.refused("larger than 256");
  }
}
