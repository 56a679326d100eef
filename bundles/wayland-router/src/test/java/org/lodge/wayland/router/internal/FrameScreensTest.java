package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.wayland.protocol.opcode.WlCompositor;
import org.lodge.wayland.protocol.opcode.WlRegistry;
import org.lodge.wayland.protocol.opcode.WlSubsurface;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevel;
import org.lodge.wayland.protocol.opcode.ZxdgOutputV1;

/** Windows are no larger than screens. */
class FrameScreensTest extends FramedWindow {
  private static final String REGION = ".create_region(";

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

  /** What covers all of a window may be seen where no edge is, and nothing else of it. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aWindowIsOnTheScreenOfItsSubsurfacesWhereNothingElseIsSeen(boolean destroyed)
      throws Exception {
    openOnTwoScreens();
    int small = own("wl_output");
    int large = newest("wl_output");
    int child = rig.surface(compositor);
    int subsurface = nest(child, root);
    int inner = rig.surface(compositor);
    nest(inner, child);
    rig.sync();
    int covering = shown.object("wl_surface");
    rig.compositor.send(shown.wrapper(), WlSurface.EVENT_ENTER, large);
    rig.compositor.send(covering, WlSurface.EVENT_ENTER, small);
    rig.sync();
    assertEquals(0, rig.compositor.count("set_window_geometry(0, 0, 400, 300)"));
    rig.compositor.send(shown.wrapper(), WlSurface.EVENT_LEAVE, large);
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    rig.client.send(
        destroyed ? child : subsurface, destroyed ? WlSurface.DESTROY : WlSubsurface.DESTROY);
    rig.sync();
    rig.compositor.send(shown.wrapper(), WlSurface.EVENT_ENTER, large);
    rig.compositor.send(shown.wrapper(), WlSurface.EVENT_LEAVE, large);
    rig.compositor.awaitCount("set_window_geometry(0, 0, 500, 400)", 2);
    rig.sync();
    assertEquals(1, rig.compositor.count("set_window_geometry(0, 0, 400, 300)"));
    assertEquals(List.of(), shown.violations());
  }

  /** Nobody says that its windows have left it. */
  @Test
  void aScreenThatIsGoneShowsNothing() throws Exception {
    openOnTwoScreens();
    int small = own("wl_output");
    rig.compositor.send(own("wl_registry"), WlRegistry.EVENT_GLOBAL, 91, "wl_output", 4);
    rig.compositor.awaitCount(".get_xdg_output(", 3);
    int third = newest("wl_output");
    rig.compositor.send(newest("zxdg_output_v1"), ZxdgOutputV1.EVENT_LOGICAL_SIZE, 450, 350);
    int child = rig.surface(compositor);
    nest(child, root);
    rig.sync();
    rig.compositor.send(shown.object("wl_surface"), WlSurface.EVENT_ENTER, small);
    rig.compositor.send(shown.wrapper(), WlSurface.EVENT_ENTER, third);
    rig.compositor.await("set_window_geometry(0, 0, 450, 350)");
    rig.compositor.send(own("wl_registry"), WlRegistry.EVENT_GLOBAL_REMOVE, 91);
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    assertEquals(List.of(), shown.violations());
  }

  /** Else a guest could ask for the larger screen, and stay as it is until it is back. */
  @Test
  void aWishOfTheCompositorEndsWithOneForTheSizeThatTheWindowHas() throws Exception {
    openOnTwoScreens();
    rig.compositor.send(shown.wrapper(), WlSurface.EVENT_ENTER, own("wl_output"));
    rig.compositor.await("set_window_geometry(0, 0, 400, 300)");
    configureSize(9, 4000, 3000, 2);
    configureSize(10, 400, 300);
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 10);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    assertEquals(1, rig.compositor.count("set_window_geometry(0, 0, 500, 400)"));
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
    limit(XdgToplevel.SET_MIN_SIZE, 100, 5000);
    rig.compositor.await("set_min_size(108, 300)");
    limit(XdgToplevel.SET_MIN_SIZE, 393, 0);
    rig.compositor.await("set_min_size(400, 0)");
  }

  @Test
  void theLeastSizeOfAWindowFollowsTheScreens() throws Exception {
    open();
    tellScreens();
    configureSize(8, 0, 0);
    showLarge();
    limit(XdgToplevel.SET_MIN_SIZE, 1000, 200);
    rig.compositor.await("set_min_size(400, 208)");
    int logical = own("zxdg_output_v1");
    rig.compositor.send(logical, ZxdgOutputV1.EVENT_LOGICAL_SIZE, 350, 150);
    rig.compositor.send(logical, ZxdgOutputV1.EVENT_DONE);
    rig.compositor.await("set_min_size(350, 150)");
    rig.compositor.send(logical, ZxdgOutputV1.EVENT_LOGICAL_SIZE, 700, 500);
    rig.compositor.send(logical, ZxdgOutputV1.EVENT_DONE);
    rig.compositor.await("set_min_size(700, 208)");
    rig.compositor.send(own("wl_registry"), WlRegistry.EVENT_GLOBAL_REMOVE, rig.name("wl_output"));
    rig.compositor.await("set_min_size(1008, 208)");
    rig.sync();
    assertEquals(4, rig.compositor.count("set_min_size("));
    assertEquals("wl_surface@" + shown.wrapper() + ".commit()", afterLast("set_min_size("));
  }

  private String afterLast(String text) {
    List<String> log = List.copyOf(rig.compositor.log);
    int at = log.indexOf(log.stream().filter(line -> line.contains(text)).toList().getLast());
    return log.subList(at, log.size()).stream()
        .filter(line -> line.endsWith(".commit()"))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void theLeastSizeOfAWindowIsNotLargerThanTheScreenThatItIsOn() throws Exception {
    openOnTwoScreens();
    limit(XdgToplevel.SET_MIN_SIZE, 1000, 200);
    rig.compositor.await("set_min_size(1008, 208)");
    rig.compositor.send(shown.wrapper(), WlSurface.EVENT_ENTER, own("wl_output"));
    rig.compositor.await("set_min_size(400, 208)");
  }

  private void limit(int request, int width, int height) throws Exception {
    rig.client.send(toplevel, request, width, height);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
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
    nest(child, surface);
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
}
