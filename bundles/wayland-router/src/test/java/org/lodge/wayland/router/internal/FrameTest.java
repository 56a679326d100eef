package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.wayland.protocol.opcode.WlCompositor;
import org.lodge.wayland.protocol.opcode.WlKeyboard;
import org.lodge.wayland.protocol.opcode.WlOutput;
import org.lodge.wayland.protocol.opcode.WlRegistry;
import org.lodge.wayland.protocol.opcode.WlSeat;
import org.lodge.wayland.protocol.opcode.WlSubcompositor;
import org.lodge.wayland.protocol.opcode.WlSubsurface;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.XdgPopup;
import org.lodge.wayland.protocol.opcode.XdgPositioner;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevel;
import org.lodge.wayland.protocol.opcode.XdgWmBase;
import org.lodge.wayland.protocol.opcode.ZxdgOutputV1;

class FrameTest {
  private static final int BORDER = 4;
  private static final String REGION = ".create_region(";

  private Rig rig = Rig.framed();
  private final ShownSurfaces shown = new ShownSurfaces(BORDER);
  private int compositor;
  private int subcompositor;
  private int shm;
  private int pool;
  private int root;
  private int shell;
  private int xdg;
  private int toplevel;

  /** A window that is configured, and shows nothing yet. */
  private void open() throws Exception {
    rig.watch(shown::see);
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

  private void configure(int serial, int... states) throws Exception {
    configureSize(serial, 300, 200, states);
  }

  private void configureSize(int serial, int width, int height, int... states) throws Exception {
    ByteBuffer array = ByteBuffer.allocate(states.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    array.asIntBuffer().put(states);
    rig.compositor.send(
        shown.object("xdg_toplevel"), XdgToplevel.EVENT_CONFIGURE, width, height, array.array());
    rig.compositor.send(shown.object("xdg_surface"), XdgSurface.EVENT_CONFIGURE, serial);
    rig.client.await("xdg_surface@" + xdg + ".configure(" + serial + ")");
  }

  private void show(int surface, int width, int height) {
    show(surface, width, height, 0, 0);
  }

  private void show(int surface, int width, int height, int x, int y) {
    int buffer = rig.buffer(pool, 0, width, height, width * 4, 1);
    rig.client.send(surface, WlSurface.ATTACH, buffer, x, y);
    rig.client.send(surface, WlSurface.DAMAGE, 0, 0, width, height);
  }

  @Test
  void sizesAreToldWithoutTheFrame() throws Exception {
    open();
    rig.client.await("configure(292, 192, array[0])");
    show(root, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_destination(108, 58)");
    rig.compositor.await("set_window_geometry(0, 0, 108, 58)");
    assertEquals(List.of(), shown.violations());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anOffsetOfABufferLeavesItInItsFrame(boolean ofChild) throws Exception {
    open();
    show(root, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    int moved = root;
    if (ofChild) {
      moved = rig.surface(compositor);
      int subsurface = rig.id("wl_subsurface");
      rig.client.send(subcompositor, WlSubcompositor.GET_SUBSURFACE, subsurface, moved, root);
      rig.client.send(subsurface, WlSubsurface.SET_DESYNC);
    }
    show(moved, 100, 50, 1000, 0);
    rig.client.send(moved, WlSurface.COMMIT);
    show(moved, 100, 50);
    rig.client.send(moved, WlSurface.OFFSET, -7, -1000);
    rig.client.send(moved, WlSurface.COMMIT);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    assertEquals(List.of(), shown.violations());
  }

  /** Compositors end the connection of a maximised window of another size. */
  @Test
  void aWindowThatShrinksHasTheSizeItWasToldAtOnce() throws Exception {
    open();
    show(root, 400, 300);
    rig.client.send(root, WlSurface.COMMIT);
    int child = rig.surface(compositor);
    int subsurface = rig.id("wl_subsurface");
    rig.client.send(subcompositor, WlSubcompositor.GET_SUBSURFACE, subsurface, child, root);
    rig.client.send(subsurface, WlSubsurface.SET_DESYNC);
    rig.sync();
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 8);
    rig.client.send(child, WlSurface.COMMIT);
    show(root, 200, 150);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    String commit = "wl_surface@" + shown.wrapper() + ".commit()";
    boolean acknowledged = false;
    String geometry = "";
    int commits = 0;
    for (String line : List.copyOf(rig.compositor.log)) {
      acknowledged |= line.endsWith(".ack_configure(8)");
      geometry = line.contains("set_window_geometry") ? line.replaceAll(".*y\\(", "") : geometry;
      if (acknowledged && line.equals(commit)) {
        commits++;
        assertEquals("0, 0, 208, 158)", geometry);
      }
    }
    assertTrue(commits > 0);
    assertEquals(List.of(), shown.violations());
  }

  /** The next commit after that applies it, and must have the size that was told with it. */
  @Test
  void whatIsAcknowledgedIsAppliedByTheProgramsOwnCommitAlone() throws Exception {
    open();
    show(root, 492, 392);
    rig.client.send(root, WlSurface.COMMIT);
    int child = rig.surface(compositor);
    int subsurface = rig.id("wl_subsurface");
    rig.client.send(subcompositor, WlSubcompositor.GET_SUBSURFACE, subsurface, child, root);
    rig.client.send(subsurface, WlSubsurface.SET_DESYNC);
    configureSize(8, 350, 250, 1);
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 8);
    rig.sync();
    tellScreens();
    rig.compositor.send(own("wl_output"), WlOutput.EVENT_DONE);
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    show(child, 600, 450);
    rig.client.send(child, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_destination(608, 458)");
    assertEquals(0, rig.compositor.count("ack_configure(8)"));
    rig.client.send(child, WlSurface.ATTACH, 0, 0, 0);
    rig.client.send(child, WlSurface.COMMIT);
    show(root, 342, 242);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    List<String> log = List.copyOf(rig.compositor.log);
    int at = log.indexOf(rig.compositor.await("ack_configure(8)"));
    String commit = "wl_surface@" + shown.wrapper() + ".commit()";
    List<String> after = log.subList(at, log.size());
    assertTrue(
        after.subList(0, after.indexOf(commit)).stream()
            .anyMatch(line -> line.endsWith("set_window_geometry(0, 0, 350, 250)")));
    assertEquals(List.of(), shown.violations());
  }

  /** Compositors end the connection of a maximised window of another size than it acknowledged. */
  @Test
  void aMaximisedWindowKeepsItsSizeUntilItHasAnother() throws Exception {
    open();
    configureSize(8, 500, 400, 1);
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 8);
    show(root, 492, 392);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    configureSize(9, 400, 300, 1);
    tellScreens();
    rig.compositor.send(own("wl_output"), WlOutput.EVENT_DONE);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    assertEquals(0, rig.compositor.count("set_window_geometry(0, 0, 400, 300)"));
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 9);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    assertEquals(List.of(), shown.violations());
  }

  @Test
  void aMaximisedWindowHasTheSizeItAcknowledgedWhenOthersWereToldSince() throws Exception {
    open();
    configureSize(8, 500, 400, 1);
    configureSize(9, 400, 300, 1);
    tellScreens();
    rig.compositor.send(own("wl_output"), WlOutput.EVENT_DONE);
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 8);
    show(root, 492, 392);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_window_geometry(0, 0, 500, 400)");
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 9);
    show(root, 392, 292);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    assertEquals(List.of(), shown.violations());
  }

  @Test
  void aShadowLiesOutsideOfTheGeometryAndTheFrameAroundBoth() throws Exception {
    open();
    show(root, 164, 114);
    rig.client.send(xdg, XdgSurface.SET_WINDOW_GEOMETRY, 32, 32, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_destination(172, 122)");
    rig.compositor.await("set_window_geometry(32, 32, 108, 58)");
    rig.compositor.await("set_destination(108, 4)");
    show(root, 100, 50);
    rig.client.send(xdg, XdgSurface.SET_WINDOW_GEOMETRY, 0, 0, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    assertEquals(4, rig.compositor.count(".attach(nil"), "the strips are gone");
    assertEquals(List.of(), shown.violations());
  }

  @Test
  void aGeometryDoesNotCutOffMoreThanAShadow() throws Exception {
    open();
    show(root, 250, 250);
    rig.client.send(xdg, XdgSurface.SET_WINDOW_GEOMETRY, 100, 100, 50, 50);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_window_geometry(64, 64, 130, 130)");
    assertEquals(List.of(), shown.violations());
  }

  /** Such windows cover all, and a compositor need not show what is outside of the screen. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void aMaximisedOrFullscreenWindowHasNoShadow(int state) throws Exception {
    open();
    configure(8, 4, state);
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 8);
    configure(9);
    show(root, 292, 192);
    rig.client.send(xdg, XdgSurface.SET_WINDOW_GEOMETRY, 30, 30, 80, 80);
    shown.allowNoShadow();
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_window_geometry(0, 0, 300, 200)");
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 9);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_window_geometry(30, 30, 206, 106)");
    assertEquals(1, shown.violations().size(), "not before it is acknowledged");
  }

  @Test
  void theKeyboardComesToTheGuestsSurfaceAndOtherEventsOfTheFrameAreKept() throws Exception {
    open();
    show(root, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    int seat = rig.bind(rig.registry(), "wl_seat", 5);
    int keyboard = rig.id("wl_keyboard");
    rig.client.send(seat, WlSeat.GET_KEYBOARD, keyboard);
    rig.sync();
    int wrapper = shown.wrapper();
    rig.compositor.send(
        shown.object("wl_keyboard"), WlKeyboard.EVENT_ENTER, 9, wrapper, new byte[0]);
    rig.client.await("wl_keyboard@" + keyboard + ".enter(9, wl_surface@" + root + ", array[0])");
    rig.compositor.send(wrapper, WlSurface.EVENT_ENTER, own("wl_output"));
    rig.sync();
    assertEquals(0, rig.client.count("wl_surface@" + root + ".enter"));
  }

  private int popup(int surface) throws Exception {
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
  private void tellScreens() throws Exception {
    int output = own("wl_output");
    rig.compositor.send(output, WlOutput.EVENT_GEOMETRY, 0, 0, 0, 0, 0, "a", "b", 1);
    rig.compositor.send(output, WlOutput.EVENT_MODE, 1, 600, 800, 0);
    rig.compositor.send(output, WlOutput.EVENT_MODE, 0, 1, 1, 0);
    rig.compositor.send(output, WlOutput.EVENT_SCALE, 2);
    rig.sync();
  }

  private int own(String type) {
    return known(type).min().orElseThrow();
  }

  private void plugInASecondScreen() throws InterruptedException {
    rig.compositor.send(own("wl_registry"), WlRegistry.EVENT_GLOBAL, 90, "wl_output", 4);
    rig.compositor.awaitCount(".get_xdg_output(", 2);
  }

  private int newest(String type) {
    return known(type).max().orElseThrow();
  }

  private IntStream known(String type) {
    return rig.compositor.known().entrySet().stream()
        .filter(entry -> entry.getValue().name().equals(type))
        .mapToInt(Map.Entry::getKey);
  }

  @ParameterizedTest
  @CsvSource({"392, 292, 0", "393, 292, 1", "392, 293, 1"})
  void aPopupLargerThanAScreenIsDismissed(int width, int height, int times) throws Exception {
    open();
    show(root, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    tellScreens();
    int surface = rig.surface(compositor);
    int popup = popup(surface);
    show(surface, width, height);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
    String wrapper = "wl_surface@" + shown.wrapper();
    assertEquals(times, rig.client.count("xdg_popup@" + popup + ".popup_done()"));
    assertEquals(1 - times, rig.compositor.count(wrapper + ".attach(wl_buffer"));
  }

  /** Of a larger one a person might see no edge. */
  @Test
  void aWindowLargerThanAScreenHasItsFrameOnIt() throws Exception {
    open();
    tellScreens();
    configureSize(8, 0, 0);
    show(root, 392, 292);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    assertEquals(0, rig.compositor.count("set_destination(400, 4)"));
    show(root, 500, 600);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    String geometry = "set_window_geometry(";
    assertEquals(
        rig.compositor.count(geometry), rig.compositor.count(geometry + "0, 0, 400, 300)"));
    rig.compositor.await("set_destination(508, 608)");
    rig.compositor.await("set_destination(508, 4)");
    rig.compositor.await("set_position(0, 296)");
    rig.compositor.await("set_destination(508, 312)");
    rig.compositor.await("set_position(396, 4)");
    rig.compositor.await("set_destination(112, 292)");
    show(root, 500, 700);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_destination(508, 412)");
    show(root, 300, 200);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_window_geometry(0, 0, 308, 208)");
    assertEquals(4, rig.compositor.count(".attach(nil"), "the strips are gone");
    assertEquals(List.of(), shown.violations());
  }

  @Test
  void aWindowThatTheCompositorWantsLargerIsSo() throws Exception {
    open();
    tellScreens();
    configureSize(8, 1000, 900);
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 8);
    show(root, 992, 892);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_window_geometry(0, 0, 1000, 900)");
    assertEquals(0, rig.compositor.count("set_destination(1000, 4)"));
  }

  @Test
  void aWindowHasTheSizeOfTheScreenThatItIsOn() throws Exception {
    openOnTwoScreens();
    int small = own("wl_output");
    int large = newest("wl_output");
    rig.compositor.await("set_window_geometry(0, 0, 500, 400)");
    int window = shown.wrapper();
    rig.compositor.send(window, WlSurface.EVENT_ENTER, small);
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    rig.compositor.send(window, WlSurface.EVENT_ENTER, large);
    rig.compositor.awaitCount("set_window_geometry(0, 0, 500, 400)", 2);
    rig.compositor.send(window, WlSurface.EVENT_LEAVE, large);
    rig.compositor.awaitCount("set_window_geometry(0, 0, 400, 300)", 2);
    rig.compositor.send(own("wl_registry"), WlRegistry.EVENT_GLOBAL_REMOVE, rig.name("wl_output"));
    rig.compositor.awaitCount("set_window_geometry(0, 0, 500, 400)", 3);
    rig.sync();
    assertEquals(List.of(), shown.violations());
  }

  @Test
  void aWindowThatIsCoveredStaysOfTheSizeOfItsScreen() throws Exception {
    openOnTwoScreens();
    rig.compositor.send(shown.wrapper(), WlSurface.EVENT_ENTER, own("wl_output"));
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    rig.compositor.send(shown.wrapper(), WlSurface.EVENT_LEAVE, own("wl_output"));
    rig.sync();
    assertEquals(1, rig.compositor.count("set_window_geometry(0, 0, 500, 400)"));
  }

  /** Some compositors say that a surface is nowhere while others in the same window cover it. */
  @Test
  void aWindowIsOnAScreenThatAnyOfItsSurfacesIsOn() throws Exception {
    openOnTwoScreens();
    int small = own("wl_output");
    int large = newest("wl_output");
    int content = own("wl_surface");
    rig.compositor.send(shown.wrapper(), WlSurface.EVENT_ENTER, large);
    rig.compositor.send(content, WlSurface.EVENT_ENTER, small);
    rig.compositor.send(shown.wrapper(), WlSurface.EVENT_LEAVE, large);
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    rig.sync();
    int strip = newest("wl_surface");
    rig.compositor.send(strip, WlSurface.EVENT_ENTER, small);
    rig.compositor.send(content, WlSurface.EVENT_LEAVE, small);
    rig.sync();
    assertEquals(1, rig.compositor.count("set_window_geometry(0, 0, 500, 400)"));
    rig.compositor.send(content, WlSurface.EVENT_ENTER, large);
    rig.compositor.awaitCount("set_window_geometry(0, 0, 500, 400)", 2);
    rig.compositor.send(content, WlSurface.EVENT_LEAVE, large);
    rig.compositor.send(shown.wrapper(), WlSurface.EVENT_ENTER, small);
    rig.compositor.awaitCount("set_window_geometry(0, 0, 400, 300)", 2);
    rig.sync();
    assertEquals(0, rig.client.count(".enter("));
    assertEquals(List.of(), shown.violations());
  }

  @Test
  void aSizeThatTheGuestHadFirstIsNoWishOfTheCompositor() throws Exception {
    openLarge();
    configureSize(9, 500, 400);
    int logical = own("zxdg_output_v1");
    rig.compositor.send(logical, ZxdgOutputV1.EVENT_LOGICAL_SIZE, 400, 300);
    rig.compositor.send(logical, ZxdgOutputV1.EVENT_DONE);
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    rig.sync();
    assertEquals(List.of(), shown.violations());
  }

  /** Which is none of its program's business. */
  @ParameterizedTest
  @CsvSource({"objects,80", "heap,1M"})
  void aProgramAtItsLimitOutlivesASmallerScreen(String limit, String most) throws Exception {
    Limits limits = Limits.of(Map.of(limit, most));
    openLarge(limits);
    long before = rig.compositor.count(REGION);
    makeRegions(1000);
    rig.refused("more than");
    long room = rig.compositor.count(REGION) - before;
    openLarge(limits);
    makeRegions(room - 2);
    rig.compositor.awaitCount(REGION, before + room - 2);
    int logical = own("zxdg_output_v1");
    rig.compositor.send(logical, ZxdgOutputV1.EVENT_LOGICAL_SIZE, 400, 300);
    rig.compositor.send(logical, ZxdgOutputV1.EVENT_DONE);
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    plugInASecondScreen();
    assertEquals(0, rig.client.count(".error("));
    makeRegions(3);
    rig.refused("more than");
  }

  private void openLarge(Limits limits) throws Exception {
    rig = Rig.framed(limits);
    openLarge();
  }

  private void openLarge() throws Exception {
    open();
    configureSize(8, 0, 0);
    showLarge();
  }

  /** The window is larger than the smaller of them, and on none yet. */
  private void openOnTwoScreens() throws Exception {
    open();
    configureSize(8, 0, 0);
    plugInASecondScreen();
    rig.compositor.send(own("zxdg_output_v1"), ZxdgOutputV1.EVENT_LOGICAL_SIZE, 400, 300);
    rig.compositor.send(newest("zxdg_output_v1"), ZxdgOutputV1.EVENT_LOGICAL_SIZE, 4000, 3000);
    showLarge();
  }

  private void showLarge() throws Exception {
    show(root, 492, 392);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
  }

  private void makeRegions(long count) {
    for (int i = 0; i < count; i++) {
      rig.client.send(compositor, WlCompositor.CREATE_REGION, rig.id("wl_region"));
    }
  }

  @Test
  void aScreenThatBecomesSmallerLimitsWhatIsShownAlready() throws Exception {
    openLarge();
    int logical = own("zxdg_output_v1");
    rig.compositor.send(logical, ZxdgOutputV1.EVENT_LOGICAL_SIZE, 400, 300);
    rig.sync();
    assertEquals(0, rig.compositor.count("set_window_geometry(0, 0, 400, 300)"));
    rig.compositor.send(logical, ZxdgOutputV1.EVENT_DONE);
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    rig.sync();
    assertEquals(List.of(), shown.violations());
  }

  /** Else a compositor could be made to want it larger. */
  @Test
  void theLeastSizeOfAWindowIsNotLargerThanAScreen() throws Exception {
    open();
    tellScreens();
    rig.client.send(toplevel, XdgToplevel.SET_MIN_SIZE, 100, 5000);
    rig.client.send(toplevel, XdgToplevel.SET_MIN_SIZE, 393, 0);
    rig.sync();
    rig.compositor.await("set_min_size(108, 300)");
    rig.compositor.await("set_min_size(400, 0)");
  }

  @Test
  void aPopupThatGrowsBeyondTheScreenIsTakenAway() throws Exception {
    open();
    show(root, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    rig.compositor.send(own("zxdg_output_v1"), ZxdgOutputV1.EVENT_LOGICAL_SIZE, 400, 300);
    int surface = rig.surface(compositor);
    popup(surface);
    show(surface, 30, 20);
    rig.client.send(surface, WlSurface.COMMIT);
    int child = rig.surface(compositor);
    int subsurface = rig.id("wl_subsurface");
    rig.client.send(subcompositor, WlSubcompositor.GET_SUBSURFACE, subsurface, child, surface);
    rig.client.send(subsurface, WlSubsurface.SET_DESYNC);
    rig.sync();
    assertEquals(0, rig.client.count("popup_done"));
    show(child, 500, 20);
    rig.client.send(child, WlSurface.COMMIT);
    rig.sync();
    rig.client.await("popup_done");
    rig.compositor.await("wl_surface@" + shown.wrapper() + ".attach(nil");
    assertEquals(List.of(), shown.violations());
  }

  @Test
  void aScreenThatIsGoneDoesNotCount() throws Exception {
    open();
    show(root, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    rig.compositor.send(own("zxdg_output_v1"), ZxdgOutputV1.EVENT_LOGICAL_SIZE, 40, 30);
    rig.compositor.send(own("wl_registry"), WlRegistry.EVENT_GLOBAL_REMOVE, rig.name("wl_output"));
    int surface = rig.surface(compositor);
    popup(surface);
    show(surface, 100, 100);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
    assertEquals(0, rig.client.count("popup_done"));
    rig.compositor.await(".release()");
  }

  @Test
  void aPopupIsPlacedByItsFrameAndToldItsOwnSize() throws Exception {
    open();
    show(root, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    int positioner = rig.id("xdg_positioner");
    rig.client.send(shell, XdgWmBase.CREATE_POSITIONER, positioner);
    rig.client.send(positioner, XdgPositioner.SET_SIZE, 30, 20);
    rig.client.send(positioner, XdgPositioner.SET_ANCHOR_RECT, 5, 6, 1, 1);
    rig.compositor.await("set_size(38, 28)");
    rig.compositor.await("set_anchor_rect(9, 10, 1, 1)");
    int surface = rig.surface(compositor);
    int popupSurface = rig.id("xdg_surface");
    rig.client.send(shell, XdgWmBase.GET_XDG_SURFACE, popupSurface, surface);
    int popup = rig.id("xdg_popup");
    rig.client.send(popupSurface, XdgSurface.GET_POPUP, popup, xdg, positioner);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.send(shown.object("xdg_popup"), XdgPopup.EVENT_CONFIGURE, 5, 7, 38, 28);
    rig.client.await("xdg_popup@" + popup + ".configure(5, 7, 30, 20)");
    rig.compositor.send(shown.object("xdg_surface"), XdgSurface.EVENT_CONFIGURE, 3);
    rig.client.await("xdg_surface@" + popupSurface + ".configure(3)");
    rig.client.send(popupSurface, XdgSurface.ACK_CONFIGURE, 3);
    show(surface, 30, 20);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_destination(38, 28)");
    assertEquals(List.of(), shown.violations());
  }

  @Test
  void aWindowThatIsHiddenComesBackInItsFrame() throws Exception {
    open();
    show(root, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    rig.client.send(root, WlSurface.ATTACH, 0, 0, 0);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("attach(nil, 0, 0)");
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.send(shown.object("xdg_surface"), XdgSurface.EVENT_CONFIGURE, 8);
    rig.client.await(".configure(8)");
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 8);
    show(root, 30, 20);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_destination(38, 28)");
    assertEquals(List.of(), shown.violations());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void whateverAGuestShowsItNeverReachesTheEdgeOfItsFrame(int seed) throws Exception {
    open();
    if (seed % 2 == 0) {
      configureSize(8, 0, 0);
      tellScreens();
    }
    show(root, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    List<Integer> surfaces = new ArrayList<>(List.of(root));
    List<Integer> subsurfaces = new ArrayList<>();
    Random random = new Random(seed);
    for (int step = 0; step < 3000; step++) {
      int surface = surfaces.get(random.nextInt(surfaces.size()));
      switch (random.nextInt(10)) {
        case 0 -> {
          if (surfaces.size() < 8) {
            int child = rig.surface(compositor);
            int subsurface = rig.id("wl_subsurface");
            rig.client.send(
                subcompositor, WlSubcompositor.GET_SUBSURFACE, subsurface, child, surface);
            surfaces.add(child);
            subsurfaces.add(subsurface);
          }
        }
        case 1, 2 ->
            show(
                surface,
                1 + random.nextInt(150),
                1 + random.nextInt(150),
                random.nextInt(600) - 300,
                random.nextInt(600) - 300);
        case 3 -> {
          if (!subsurfaces.isEmpty()) {
            rig.client.send(
                subsurfaces.get(random.nextInt(subsurfaces.size())),
                WlSubsurface.SET_POSITION,
                random.nextInt(600) - 300,
                random.nextInt(600) - 300);
          }
        }
        case 4 -> {
          if (!subsurfaces.isEmpty()) {
            int opcode = random.nextBoolean() ? WlSubsurface.SET_SYNC : WlSubsurface.SET_DESYNC;
            rig.client.send(subsurfaces.get(random.nextInt(subsurfaces.size())), opcode);
          }
        }
        case 5 ->
            rig.client.send(
                xdg,
                XdgSurface.SET_WINDOW_GEOMETRY,
                random.nextInt(2000) - 1000,
                random.nextInt(2000) - 1000,
                1 + random.nextInt(2000),
                1 + random.nextInt(2000));
        case 6 -> {
          if (!subsurfaces.isEmpty() && random.nextInt(5) == 0) {
            int again = random.nextInt(subsurfaces.size());
            rig.client.send(subsurfaces.get(again), WlSubsurface.DESTROY);
            int subsurface = rig.id("wl_subsurface");
            rig.client.send(
                subcompositor,
                WlSubcompositor.GET_SUBSURFACE,
                subsurface,
                surfaces.get(again + 1),
                root);
            subsurfaces.set(again, subsurface);
          }
        }
        default -> rig.client.send(surface, WlSurface.COMMIT);
      }
    }
    rig.sync();
    assertEquals(0, rig.client.count(".error("));
    assertEquals(List.of(), shown.violations());
    assertTrue(shown.checks() > 1000, "checked " + shown.checks());
  }
}
