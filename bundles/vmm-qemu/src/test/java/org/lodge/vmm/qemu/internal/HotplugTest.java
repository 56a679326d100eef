package org.lodge.vmm.qemu.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import jakarta.json.JsonValue;
import java.io.StringReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.lodge.vmm.VhostUserDevice;
import org.lodge.vmm.VmmException;

class HotplugTest {
  private static final Path RUN = Path.of("/run/none");

  private final List<String> asked = new ArrayList<>();
  private final Heard heard = new Heard();
  private final GuestEvents events = new GuestEvents(heard, () -> null);
  private final Hotplug hotplug =
      new Hotplug(
          (request, limit) -> answer(request),
          events,
          RunDirectory.existing(RUN, GuestUsers.of(1000, "0 0 4294967295"), 0));
  private String refusal = "";
  private String onPort = "";
  private boolean extraIsPlugged;
  private Runnable asDeleted = () -> {};

  private JsonValue answer(QmpRequest request) throws QmpException {
    asked.add(request.command());
    if (request.command().equals("device_del")) {
      asDeleted.run();
    }
    if (request.command().equals("device_add") && !refusal.isEmpty()) {
      throw new QmpException(QmpException.Kind.REFUSED, "device_add", refusal, null);
    }
    if (!(request instanceof QmpRequest.QomList list)) {
      return JsonValue.EMPTY_JSON_OBJECT;
    }
    String plugged = extraIsPlugged ? "[{'name': 'extra'}]" : "[{'name': 'port0'}]";
    String names = list.path().equals("/machine/peripheral") ? plugged : "[" + onPort + "]";
    return Text.JSON.createReader(new StringReader(names.replace('\'', '"'))).readArray();
  }

  private String refused(String type) {
    VhostUserDevice device =
        new VhostUserDevice("extra", type, RUN.resolve("extra.sock"), Map.of());
    return assertThrows(VmmException.class, () -> hotplug.plug(device)).getMessage();
  }

  @Test
  void aDeviceForWhichQemuHasNoFrontEndIsRefusedInAPersonsWords() {
    refusal = "QEMU refused device_add: 'vhost-user-odd-pci' is not a valid device model name";
    assertEquals(
        "this QEMU can't give a guest such a device: it has no front-end vhost-user-odd-pci",
        refused("odd"));
    assertEquals("chardev-remove", asked.getLast());
  }

  @Test
  void whatTheGuestLetsGoOfWhenNobodyWaitsAnyMoreIsTold() {
    extraIsPlugged = true;
    assertThrows(VmmException.class, () -> hotplug.unplug("extra", Duration.ZERO));
    assertEquals(List.of(), List.copyOf(heard.events));
    events.accept(new QmpEvent.DeviceDeleted("extra"));
    assertEquals(List.of("GONE extra"), List.copyOf(heard.events));
  }

  @Test
  void whatIsWaitedForIsNotToldTwice() throws Exception {
    extraIsPlugged = true;
    asDeleted =
        () -> {
          events.accept(new QmpEvent.DeviceDeleted("extra"));
          extraIsPlugged = false;
        };
    hotplug.unplug("extra", Duration.ofSeconds(30));
    assertEquals(List.of(), List.copyOf(heard.events));
  }

  /** The event and the limit at the same moment. */
  @Test
  void whatComesWithTheLimitIsToldAfterAll() {
    events.unplugOf("extra");
    events.accept(new QmpEvent.DeviceDeleted("extra"));
    events.giveUpUnplugOf("extra");
    assertEquals(List.of("GONE extra"), List.copyOf(heard.events));
  }

  @Test
  void whoHasNoPortLeftIsToldWhatTakesThem() {
    onPort = "{'name': 'child[0]'}";
    assertEquals(
        "all 1 of the guest's ports are taken, by declared devices, added ones and shares; remove"
            + " one of these, or say more \"hotplugPorts\" in the guest's definition and restart it",
        refused("blk"));
  }
}
