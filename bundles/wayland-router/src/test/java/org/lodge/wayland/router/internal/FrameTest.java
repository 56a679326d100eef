package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.wayland.protocol.opcode.WlKeyboard;
import org.lodge.wayland.protocol.opcode.WlSeat;
import org.lodge.wayland.protocol.opcode.WlSubcompositor;
import org.lodge.wayland.protocol.opcode.WlSubsurface;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.XdgPopup;
import org.lodge.wayland.protocol.opcode.XdgPositioner;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgWmBase;

class FrameTest extends FramedWindow {
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void anOffsetOfABufferLeavesItInItsFrame(boolean ofChild) throws Exception {
    open();
    show(root, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    int moved = root;
    if (ofChild) {
      moved = rig.surface(compositor);
      nest(moved, root);
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

  /** As the compositor may refuse it, or not. */
  @Test
  void aSurfaceOfNoSizeIsNoDefect() throws Exception {
    open();
    show(root, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    rig.client.send(root, WlSurface.SET_BUFFER_SCALE, 200);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    rig.client.send(root, WlSurface.SET_BUFFER_SCALE, 1);
    show(root, 200, 50);
    rig.client.send(root, WlSurface.COMMIT);
    rig.compositor.await("set_destination(208, 58)");
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
