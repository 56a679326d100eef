package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.lodge.wayland.protocol.opcode.WlCompositor;
import org.lodge.wayland.protocol.opcode.WlSeat;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.XdgActivationV1;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevelTagManagerV1;
import org.lodge.wayland.protocol.opcode.XdgWmBase;
import org.lodge.wayland.protocol.opcode.ZwpIdleInhibitManagerV1;
import org.lodge.wayland.protocol.opcode.ZwpLockedPointerV1;
import org.lodge.wayland.protocol.opcode.ZwpPointerConstraintsV1;
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
  private int compositor;
  private int surface;
  private int toplevel;

  /** A window of 100 by 50 that is shown. */
  private void open() throws Exception {
    rig.watch(shown::see);
    registry = rig.registry();
    compositor = rig.bind(registry, "wl_compositor", 4);
    surface = rig.surface(compositor);
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
  void aPointerIsLockedToTheFrameAndLetGoWithinTheGuestsSurface() throws Exception {
    open();
    int seat = rig.bind(registry, "wl_seat", 5);
    int pointer = rig.id("wl_pointer");
    rig.client.send(seat, WlSeat.GET_POINTER, pointer);
    int region = rig.id("wl_region");
    rig.client.send(compositor, WlCompositor.CREATE_REGION, region);
    int constraints = rig.bind(registry, "zwp_pointer_constraints_v1", 1);
    int locked = rig.id("zwp_locked_pointer_v1");
    int lock = ZwpPointerConstraintsV1.LOCK_POINTER;
    rig.client.send(constraints, lock, locked, surface, pointer, region, 2);
    rig.client.send(locked, ZwpLockedPointerV1.SET_REGION, region);
    rig.sync();
    String made = rig.compositor.await(".lock_pointer(");
    assertEquals("wl_surface@" + shown.wrapper(), made.split(", ")[1]);
    assertEquals("nil", made.split(", ")[3]);
    assertEquals(0, rig.compositor.count(".set_region("));
    rig.compositor.send(shown.object("zwp_locked_pointer_v1"), ZwpLockedPointerV1.EVENT_LOCKED);
    rig.client.await("zwp_locked_pointer_v1@" + locked + ".locked(");

    long commits = rig.compositor.count("wl_surface@" + shown.wrapper() + ".commit(");
    int hint = ZwpLockedPointerV1.SET_CURSOR_POSITION_HINT;
    rig.client.send(locked, hint, 10 << 8, 20 << 8);
    rig.client.send(locked, hint, Integer.MAX_VALUE, Integer.MIN_VALUE);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await(".set_cursor_position_hint(14.000, 24.000)");
    rig.compositor.await(".set_cursor_position_hint(103.996, 4.000)");
    assertEquals(commits + 1, rig.compositor.count("@" + shown.wrapper() + ".commit("));
    rig.client.send(locked, ZwpLockedPointerV1.DESTROY);
    rig.sync();
    assertEquals(
        1,
        rig.compositor.count(
            "zwp_locked_pointer_v1@" + shown.object("zwp_locked_pointer_v1") + ".destroy("));
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
