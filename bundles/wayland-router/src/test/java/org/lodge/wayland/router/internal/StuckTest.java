package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.wayland.protocol.opcode.WlDataDeviceManager;
import org.lodge.wayland.protocol.opcode.WlKeyboard;
import org.lodge.wayland.protocol.opcode.WlSeat;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevel;
import org.lodge.wayland.protocol.opcode.XdgWmBase;
import org.lodge.wayland.router.Window;

/** A guest whose agent takes nothing stops its own connection and nobody else. */
@Timeout(60)
class StuckTest {
  private static final Duration SOON = Duration.ofMillis(1);

  private final Rig rig = Rig.plain();
  private int shell;

  @BeforeEach
  void show() throws Exception {
    int registry = rig.registry();
    int surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
    shell = rig.bind(registry, "xdg_wm_base", 1);
    int window = rig.id("xdg_surface");
    rig.client.send(shell, XdgWmBase.GET_XDG_SURFACE, window, surface);
    int toplevel = rig.id("xdg_toplevel");
    rig.client.send(window, XdgSurface.GET_TOPLEVEL, toplevel);
    rig.client.send(toplevel, XdgToplevel.SET_TITLE, "stuck");
    int seat = rig.bind(registry, "wl_seat", 5);
    int manager = rig.bind(registry, "wl_data_device_manager", 3);
    int device = rig.id("wl_data_device");
    rig.client.send(manager, WlDataDeviceManager.GET_DATA_DEVICE, device, seat);
    int keyboard = rig.id("wl_keyboard");
    rig.client.send(seat, WlSeat.GET_KEYBOARD, keyboard);
    rig.sync();
    rig.compositor.send(keyboard, WlKeyboard.EVENT_ENTER, 1, surface, new byte[0]);
    rig.client.await("wl_keyboard@" + keyboard + ".enter");
  }

  private void stall() throws InterruptedException {
    rig.client.connection.stall(true);
    rig.compositor.send(shell, XdgWmBase.EVENT_PING, 1);
    rig.client.connection.awaitStalled();
  }

  @Test
  void peopleSeeItsWindowsAndEndThem() throws Exception {
    stall();
    List<String> titles = rig.conversation.windows().stream().map(Window::title).toList();
    assertEquals(List.of("stuck"), titles);
    rig.conversation.closeWindow(rig.conversation.windows().getFirst().id());
    CompletableFuture<Void> ending = rig.conversation.abort("a person says so", SOON);
    ending.join();
    rig.ended();
  }

  @Test
  void whoTakesItsEndHearsWhy() throws Exception {
    rig.conversation.abort("a person says so", Duration.ofMinutes(1)).join();
    rig.client.await("a person says so");
    rig.ended();
  }

  @Test
  void ofManySelectionsItHearsOfTheLast() throws Exception {
    stall();
    for (int i = 0; i < 1000; i++) {
      String type = "text/" + i;
      rig.guest.selections().set(SelectionKind.CLIPBOARD, new Text(List.of(type)));
    }
    rig.client.connection.stall(false);
    rig.client.await("offer(\"text/999\")");
    rig.sync();
    long told = rig.client.count(".data_offer(");
    assertTrue(told <= 3, told + " times");
  }

  @Test
  void itIsAskedNoMoreThanSoMuch() throws Exception {
    stall();
    int taken = 0;
    while (taken < 10_000 && rig.conversation.post(routing -> {})) {
      taken++;
    }
    assertTrue(taken < 10_000, "whatever it is asked waits");
  }

  private record Text(List<String> types) implements Selections.Content {
    @Override
    public void sendTo(String type, PasteSink into) {
      into.close();
    }
  }
}
