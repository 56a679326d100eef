package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.wayland.protocol.opcode.WlOutput;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevel;

/** What the compositor tells a window, and when that is applied. */
class FrameConfigureTest extends FramedWindow {
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

  /** Compositors end the connection of a maximised window of another size. */
  @Test
  void aWindowThatShrinksHasTheSizeItWasToldAtOnce() throws Exception {
    open();
    show(root, 400, 300);
    rig.client.send(root, WlSurface.COMMIT);
    int child = rig.surface(compositor);
    nest(child, root);
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
    nest(child, root);
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

  /** A compositor ends the connection of a window whose least size is larger than its most. */
  @Test
  void leastAndMostSizeAreToldByTheProgramsOwnCommitAlone() throws Exception {
    open();
    show(root, 100, 50);
    rig.client.send(toplevel, XdgToplevel.SET_MAX_SIZE, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    int child = rig.surface(compositor);
    nest(child, root);
    rig.client.send(toplevel, XdgToplevel.SET_MIN_SIZE, 120, 70);
    show(child, 200, 50);
    rig.client.send(child, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.await("set_destination(208, 58)");
    rig.compositor.await("set_max_size(108, 58)");
    assertEquals(0, rig.compositor.count("set_min_size("));
    rig.client.send(toplevel, XdgToplevel.SET_MAX_SIZE, 130, 0);
    rig.client.send(root, WlSurface.COMMIT);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    List<String> log = List.copyOf(rig.compositor.log);
    int least = log.indexOf(rig.compositor.await("set_min_size(128, 78)"));
    int most = log.indexOf(rig.compositor.await("set_max_size(138, 0)"));
    assertEquals(1, Math.abs(least - most), "they are told together");
    String commit = "wl_surface@" + shown.wrapper() + ".commit()";
    assertTrue(log.subList(most, log.size()).contains(commit), "and applied");
    assertEquals(1, rig.compositor.count("set_min_size("));
    assertEquals(List.of(), shown.violations());
  }

  /** As compositors forget them. */
  @Test
  void sizesOfAWindowThatWasHiddenAreToldAgain() throws Exception {
    open();
    show(root, 100, 50);
    rig.client.send(toplevel, XdgToplevel.SET_MIN_SIZE, 50, 50);
    rig.client.send(root, WlSurface.COMMIT);
    rig.client.send(root, WlSurface.ATTACH, 0, 0, 0);
    rig.client.send(root, WlSurface.COMMIT);
    rig.client.send(toplevel, XdgToplevel.SET_MIN_SIZE, 50, 50);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    assertEquals(2, rig.compositor.count("set_min_size(58, 58)"));
  }

  @Test
  void aWindowThatWasHiddenIsNamedAgain() throws Exception {
    open();
    show(root, 100, 50);
    rig.client.send(root, WlSurface.COMMIT);
    rig.client.send(root, WlSurface.ATTACH, 0, 0, 0);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    List<String> log = List.copyOf(rig.compositor.log);
    int hidden = log.indexOf("wl_surface@" + shown.wrapper() + ".attach(nil, 0, 0)");
    List<String> after = log.subList(hidden, log.size());
    assertTrue(after.get(2).endsWith(".set_title(\"[work]\")"), "" + after);
  }
}
