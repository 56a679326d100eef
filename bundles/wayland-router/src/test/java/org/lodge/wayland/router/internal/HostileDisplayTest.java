package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.lodge.wayland.protocol.opcode.WlCompositor;
import org.lodge.wayland.protocol.opcode.WlDataDevice;
import org.lodge.wayland.protocol.opcode.WlDataDeviceManager;
import org.lodge.wayland.protocol.opcode.WlRegistry;
import org.lodge.wayland.protocol.opcode.XdgActivationTokenV1;
import org.lodge.wayland.protocol.opcode.XdgActivationV1;

/** What a hostile compositor may try, and that it ends only connections to itself. */
class HostileDisplayTest {
  private static final int FIRST = 1_000_000;

  private final Rig rig = rig();

  private static Rig rig() {
    GuestSettings settings = new GuestSettings(GuestSettings.Frame.COMPOSITOR, 0xff0000, 4);
    Limits few = new Limits(4, 1000, 4, 1000, 100_000, 64, 1 << 20, 1 << 20);
    return new Rig(new Guest("work", settings, few), new Display("display", new AtomicLong()));
  }

  @Test
  void globalsAreLimited() throws Exception {
    int registry = rig.registry();
    for (int i = 0; i < 2000; i++) {
      rig.compositor.send(registry, WlRegistry.EVENT_GLOBAL, FIRST + i, "wl_output", 4);
    }
    rig.refused("objects of more than " + (1 << 18) + " bytes in Lodge");
    assertEquals(0, rig.guest.account().heapBytes());
  }

  @Test
  void globalsThatComeAndGoLeaveNothingAndTheLastOfThemMayBeBoundStill() throws Exception {
    int registry = rig.registry();
    int count = 2000;
    rig.sync();
    long before = rig.guest.account().heapBytes();
    for (int i = 0; i < count; i++) {
      rig.compositor.send(registry, WlRegistry.EVENT_GLOBAL, FIRST + i, "wl_output", 4);
      rig.compositor.send(registry, WlRegistry.EVENT_GLOBAL_REMOVE, FIRST + i);
    }
    rig.client.await(".global_remove(" + (FIRST + count - 1) + ")");
    bind(registry, FIRST + count - 1);
    rig.sync();
    assertEquals(before + 128 + 128, rig.guest.account().heapBytes());
    bind(registry, FIRST);
    rig.refused("invalid global");
  }

  private void bind(int registry, int name) {
    rig.client.send(registry, WlRegistry.BIND, name, "wl_output", 4, rig.id("wl_output"));
  }

  /** What is kept of what the display makes is counted with what the program has made. */
  @Test
  void aLimitThatAnEventReachesIsNamed() throws Exception {
    Rig full = Rig.plain(Limits.of(Map.of("objects", "80")));
    int registry = full.registry();
    int compositor = full.bind(registry, "wl_compositor", 4);
    int seat = full.bind(registry, "wl_seat", 5);
    int manager = full.bind(registry, "wl_data_device_manager", 3);
    int device = full.id("wl_data_device");
    full.client.send(manager, WlDataDeviceManager.GET_DATA_DEVICE, device, seat);
    for (int i = 0; i < 70; i++) {
      full.client.send(compositor, WlCompositor.CREATE_REGION, full.id("wl_region"));
    }
    full.sync();
    for (int i = 0; i < 10; i++) {
      full.compositor.send(device, WlDataDevice.EVENT_DATA_OFFER, ObjectMap.SERVER_FIRST + i);
    }
    full.refused("more than 80 objects");
  }

  @Test
  void tokensAreOfSomeLength() throws Exception {
    int activation = rig.bind(rig.registry(), "xdg_activation_v1", 1);
    int token = rig.id("xdg_activation_token_v1");
    rig.client.send(activation, XdgActivationV1.GET_ACTIVATION_TOKEN, token);
    rig.sync();
    rig.compositor.send(token, XdgActivationTokenV1.EVENT_DONE, "x".repeat(2000));
    rig.refused("the display is at fault");
  }
}
