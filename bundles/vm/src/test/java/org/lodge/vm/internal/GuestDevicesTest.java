package org.lodge.vm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendException;
import org.lodge.vhostuser.BackendSpec;
import org.lodge.vhostuser.BackendStatus;
import org.lodge.vhostuser.ProtocolFeature;
import org.lodge.vhostuser.VhostUserBackends;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestVolumes;
import org.lodge.vm.VolumeUse;
import org.lodge.vmm.VhostUserDevice;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmState;

class GuestDevicesTest {
  private static final DeviceDeclaration DATA =
      new DeviceDeclaration("data", "blk", Map.of("path", "d.img", "queues", 2L, "readOnly", true));
  private static final DeviceDeclaration RANDOM = new DeviceDeclaration("random", "rng", Map.of());

  @TempDir Path run;
  private final List<String> log = new ArrayList<>();
  private final List<BackendSpec> opened = new ArrayList<>();
  private final Services<VhostUserBackends> backends = new Services<>();
  private final Services<GuestVolumes> volumeServices = new Services<>();
  private final Volumes volumes = new Volumes(volumeServices);
  private final List<VhostUserDevice> plugged = new ArrayList<>();
  private final Map<String, OptionalInt> virtioIds =
      Map.of("dice", OptionalInt.of(4), "lane", OptionalInt.of(2), "odd", OptionalInt.of(4000));
  private String monitorRefuses;
  private String hostLacks;
  private Runnable opening = () -> {};
  private VmmState vmmState = VmmState.RUNNING;
  private DiskUse.Question use = serial -> Optional.empty();
  private GuestDevices devices;

  @BeforeEach
  void anEmptyGuest() {
    VhostUserBackends service =
        fake(
            VhostUserBackends.class,
            (name, arguments) ->
                switch (name) {
                  case "open" -> open((BackendSpec) arguments[0]);
                  case "virtioId" -> virtioIds.getOrDefault(arguments[0], OptionalInt.empty());
                  default -> null;
                });
    backends.add(GuestsService.BACKENDS, service);
    devices = new GuestDevices("work", run, backends, volumes, serial -> use.of(serial));
  }

  private interface Behaviour {
    Object call(String name, Object[] arguments) throws Exception;
  }

  private static <T> T fake(Class<T> type, Behaviour behaviour) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, arguments) -> behaviour.call(method.getName(), arguments)));
  }

  private Backend open(BackendSpec spec) throws BackendException {
    opening.run();
    if (spec.device().equals(hostLacks)) {
      throw new BackendException("config", "no such file", null);
    }
    log.add("open " + spec.device());
    opened.add(spec);
    return fake(
        Backend.class,
        (name, arguments) -> {
          log.add(name + " " + spec.device());
          return name.equals("status")
              ? new BackendStatus(
                  BackendStatus.Link.RUNNING,
                  Optional.of("1.0.0"),
                  0,
                  List.of(),
                  List.of(),
                  Optional.empty(),
                  0,
                  Optional.empty())
              : name.equals("control") ? "done" : null;
        });
  }

  private Vmm vmm() {
    return fake(
        Vmm.class,
        (name, arguments) -> {
          if (name.equals("state")) {
            return vmmState;
          }
          String id = arguments[0] instanceof VhostUserDevice d ? d.id() : (String) arguments[0];
          if (id.equals(monitorRefuses)) {
            throw new VmmException("device", "refused");
          }
          log.add(name + " " + id);
          if (arguments[0] instanceof VhostUserDevice device) {
            plugged.add(device);
          }
          return null;
        });
  }

  @Test
  void eachDeviceIsServedBeforeItsMonitorAsksForIt() throws Exception {
    devices.bringUp(vmm(), List.of(DATA, RANDOM));
    assertEquals(List.of("open data", "plug data", "open random", "plug random"), log);
  }

  /** A type is anybody's name; what the monitor has is a front-end for a device of virtio's. */
  @Test
  void aTypeIsPluggedAsTheDeviceOfVirtioThatItSaysItIs() throws Exception {
    DeviceDeclaration dice = new DeviceDeclaration("dice0", "dice", Map.of());
    DeviceDeclaration lane = new DeviceDeclaration("lane", "lane", Map.of());
    DeviceDeclaration odd = new DeviceDeclaration("odd", "odd", Map.of());
    devices.bringUp(vmm(), List.of(dice, lane, odd, RANDOM));
    assertEquals(
        List.of("rng", "blk", "odd", "rng"), plugged.stream().map(VhostUserDevice::type).toList());
    assertEquals("256", plugged.get(1).properties().get("queue-size"));
    assertTrue(opened.getFirst().withheld().contains(ProtocolFeature.CONFIG));
    assertFalse(opened.get(1).withheld().contains(ProtocolFeature.CONFIG));
  }

  @Test
  void everyDeviceIsToldOfAPause() throws Exception {
    devices.bringUp(vmm(), List.of(DATA, RANDOM));
    log.clear();
    devices.expectPause(true);
    assertEquals(List.of("expectPause data", "expectPause random"), log);
  }

  @Test
  void aDeclaredDeviceThatFailsLeavesNoneOfTheOthersOpen() {
    monitorRefuses = "random";
    assertThrows(VmmException.class, () -> devices.bringUp(vmm(), List.of(DATA, RANDOM)));
    assertTrue(log.containsAll(List.of("close data", "close random")), log::toString);
    assertEquals(List.of(), devices.declarations());
  }

  @Test
  void aDeviceThatTheGuestDoesNotLetGoOfStaysServed() throws Exception {
    devices.bringUp(vmm(), List.of(DATA));
    monitorRefuses = "data";
    assertThrows(
        VmmException.class, () -> devices.remove(vmm(), "data", Duration.ofSeconds(1), false));
    assertTrue(!log.contains("close data"), log::toString);
    monitorRefuses = null;
    devices.remove(vmm(), "data", Duration.ofSeconds(1), false);
    assertEquals("close data", log.getLast());
  }

  @Test
  void aDeviceThatTheGuestLetsGoOfLaterIsRemovedThen() throws Exception {
    devices.bringUp(vmm(), List.of(DATA));
    monitorRefuses = "data";
    assertThrows(
        VmmException.class, () -> devices.remove(vmm(), "data", Duration.ofSeconds(1), false));
    monitorRefuses = null;
    Message.Control.Action finish = devices.gone("data");
    finish.on(vmm());
    assertEquals(List.of("unplug data", "close data"), log.subList(log.size() - 2, log.size()));
    assertEquals(List.of(), devices.declarations());
    devices.add(vmm(), "data", "blk", Map.of());
    finish.on(vmm());
    assertEquals(List.of("data"), devices.declarations().stream().map(d -> d.id()).toList());
    devices.gone("none").on(vmm());
  }

  /** As right after a restart of Lodge: the guest lets go before it is served again. */
  @Test
  void aDeviceThatTheGuestLetsGoOfWhileItIsOpenedIsRemovedThen() throws Exception {
    List<Message.Control.Action> finish = new ArrayList<>();
    opening = () -> finish.add(devices.gone("data"));
    devices.reopen(List.of(DATA));
    finish.getFirst().on(vmm());
    assertEquals(List.of("unplug data", "close data"), log.subList(log.size() - 2, log.size()));
    assertEquals(List.of(), devices.declarations());
  }

  @Test
  void aDiskThatTheGuestUsesIsNotAskedForUnlessItIsMeant() throws Exception {
    DeviceDeclaration named =
        new DeviceDeclaration("data", "blk", Map.of("path", "d.img", "serial", "abc"));
    devices.bringUp(vmm(), List.of(named, RANDOM));
    use = serial -> serial.equals("abc") ? Optional.of("is mounted at /mnt") : Optional.empty();
    GuestException refused =
        assertThrows(
            GuestException.class,
            () -> devices.remove(vmm(), "data", Duration.ofSeconds(1), false));
    assertTrue(refused.getMessage().contains("it is mounted at /mnt"), refused::getMessage);
    assertTrue(!log.contains("unplug data"), log::toString);
    devices.remove(vmm(), "data", Duration.ofSeconds(1), true);
    assertEquals(List.of("unplug data", "close data"), log.subList(log.size() - 2, log.size()));
  }

  @Test
  void anAgentThatDoesNotAnswerKeepsTheDiskAndNothingElse() throws Exception {
    devices.bringUp(vmm(), List.of(DATA, RANDOM));
    use =
        serial -> {
          throw new IOException("no answer");
        };
    assertThrows(
        GuestException.class, () -> devices.remove(vmm(), "data", Duration.ofSeconds(1), false));
    devices.remove(vmm(), "random", Duration.ofSeconds(1), false);
    assertEquals(List.of("unplug random", "close random"), log.subList(log.size() - 2, log.size()));
  }

  @Test
  void aPausedGuestIsNotAskedForItsDisks() throws Exception {
    devices.bringUp(vmm(), List.of(DATA));
    vmmState = VmmState.PAUSED;
    assertThrows(
        GuestException.class, () -> devices.remove(vmm(), "data", Duration.ofSeconds(1), false));
    assertEquals("plug data", log.getLast());
  }

  @Test
  void anAddedDeviceGetsAFreeIdAndATakenOneIsRefused() throws Exception {
    assertEquals("blk0", devices.add(vmm(), null, "blk", Map.of()).id());
    assertEquals("blk1", devices.add(vmm(), null, "blk", Map.of()).id());
    assertThrows(GuestException.class, () -> devices.add(vmm(), "blk1", "blk", Map.of()));
    assertThrows(GuestException.class, () -> devices.add(vmm(), "../x", "blk", Map.of()));
  }

  @Test
  void aLaterLodgeServesNothingToAGuestThatHasEnded() throws Exception {
    devices.bringUp(vmm(), List.of(DATA));
    new RunRecord("qemu", Path.of("/c/vm/work.json"), "{}", devices.declarations()).write(run);
    devices.closeAll();
    assertEquals(Optional.empty(), RunRecord.read(run));
  }

  @Test
  void aLaterLodgeServesWhatWasThereAtLast() throws Exception {
    devices.bringUp(vmm(), List.of(DATA));
    new RunRecord("qemu", Path.of("/c/vm/work.json"), "{}", devices.declarations()).write(run);
    devices.add(vmm(), "more", "blk", Map.of("path", "m.img"));
    devices.remove(vmm(), "data", Duration.ofSeconds(1), false);
    devices.add(vmm(), "again", "blk", DATA.config());

    opened.clear();
    hostLacks = "more";
    GuestDevices later = new GuestDevices("work", run, backends, volumes, serial -> use.of(serial));
    later.reopen(RunRecord.read(run).orElseThrow().devices());
    assertEquals(1, opened.size());
    assertEquals(DATA.config(), opened.getFirst().config(), "numbers and flags as they were");
    DeviceStatus lost = later.statuses().getFirst();
    assertEquals(DeviceStatus.State.CLOSED, lost.state());
    assertTrue(lost.trouble().orElseThrow().contains("no such file"), lost::toString);

    hostLacks = null;
    later.reopen(RunRecord.read(run).orElseThrow().devices());
    assertEquals(List.of("again", "more"), opened.stream().map(BackendSpec::device).toList());
  }

  @Test
  void aDeviceWhoseLogicIsFaultyKeepsNoOtherFromBeingServedAgain() throws Exception {
    opening =
        () -> {
          if (opened.isEmpty() && log.isEmpty()) {
            log.add("fault");
            throw new IllegalStateException("a fault of its own");
          }
        };
    devices.reopen(List.of(DATA, RANDOM));
    assertEquals(List.of("random"), opened.stream().map(BackendSpec::device).toList());
    DeviceStatus lost = devices.statuses().getFirst();
    assertEquals(DeviceStatus.State.CLOSED, lost.state());
    assertTrue(lost.trouble().orElseThrow().contains("a fault of its own"), lost::toString);
  }

  /** As on a slow host, where a guest is looked for again before the first look has come back. */
  @Test
  @Timeout(30)
  void whatTwoLooksServeAgainIsServedOnce() throws Exception {
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    opening =
        () -> {
          begun.countDown();
          try {
            goOn.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    FutureTask<Void> first = new FutureTask<>(this::look);
    FutureTask<Void> second = new FutureTask<>(this::look);
    Thread.ofVirtual().start(first);
    begun.await();
    Thread other = Thread.ofVirtual().start(second);
    while (other.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    goOn.countDown();
    first.get();
    second.get();
    assertEquals(List.of("data"), opened.stream().map(BackendSpec::device).toList());
    assertEquals(DeviceStatus.State.RUNNING, devices.statuses().getFirst().state());
  }

  @Test
  void whatALaterLodgeHasStillToServeIsSeen() throws Exception {
    opening = () -> log.add(ids().toString());
    devices.reopen(List.of(DATA, RANDOM));
    assertEquals("[data, random]", log.getFirst());
  }

  private List<String> ids() {
    return devices.statuses().stream().map(DeviceStatus::id).toList();
  }

  @Test
  void whatIsOpenedWhenTheGuestEndsIsNotServed() throws Exception {
    opening = devices::closeAll;
    assertThrows(GuestException.class, () -> devices.add(vmm(), "data", "blk", DATA.config()));
    assertEquals(List.of("open data", "close data"), log);
    devices.reopen(List.of(DATA, RANDOM));
    assertEquals(List.of("open data", "close data"), log.subList(2, log.size()));
    assertEquals(List.of(), ids());
  }

  @Test
  void aRecordThatCanNotBeUnderstoodIsNone() throws Exception {
    String of = "{\"vmm\":\"qemu\",\"file\":\"/f\",\"definition\":\"{}\",\"devices\":%s}";
    String huge = "[{\"id\":\"d\",\"type\":\"x\",\"n\":99999999999999999999}]";
    for (String devices : List.of("[".repeat(5000), huge, "[{}]", "7", "[[]]")) {
      Files.writeString(run.resolve("guest.json"), of.formatted(devices));
      assertEquals(Optional.empty(), RunRecord.read(run), devices);
    }
  }

  /** Lodge may end at any moment, and the guest then waits for its device. */
  @Test
  void aDeviceIsWrittenDownBeforeTheGuestHasIt() throws Exception {
    new RunRecord("qemu", Path.of("/c/vm/work.json"), "{}", List.of()).write(run);
    List<List<DeviceDeclaration>> written = new ArrayList<>();
    Vmm vmm =
        fake(
            Vmm.class,
            (name, arguments) -> {
              written.add(RunRecord.read(run).orElseThrow().devices());
              throw new VmmException("device", "refused");
            });
    assertThrows(VmmException.class, () -> devices.add(vmm, "data", "blk", DATA.config()));
    assertEquals(List.of(List.of(DATA)), written);
    assertEquals(List.of(), RunRecord.read(run).orElseThrow().devices());
  }

  private Void look() throws InterruptedException {
    devices.reopen(List.of(DATA));
    return null;
  }

  @Test
  void theEndOfTheProcessEndsEveryDevice() throws Exception {
    devices.bringUp(vmm(), List.of(DATA, RANDOM));
    devices.closeAll();
    assertTrue(log.containsAll(List.of("close data", "close random")), log::toString);
    assertEquals(List.of(), devices.statuses());
    assertThrows(GuestException.class, () -> devices.control("data", "resize", Map.of()));
  }

  /** The person's word stays, so that a later Lodge asks again where the volume is. */
  @Test
  void aDiskOfAVolumeIsItsFileAndHeldWhileItIsOpened() throws Exception {
    Path file = run.resolve("volume/data/disk");
    GuestVolumes.Held held =
        fake(
            GuestVolumes.Held.class,
            (name, arguments) -> {
              log.add(name + (arguments == null ? "" : " " + arguments[0]));
              return name.equals("file") ? file : null;
            });
    volumeServices.add(
        Volumes.NAME,
        fake(
            GuestVolumes.class,
            (name, arguments) -> {
              log.add(name + " " + ((VolumeUse) ((List<?>) arguments[1]).getFirst()).volume());
              return held;
            }));
    DeviceDeclaration data = new DeviceDeclaration("disk", "blk", Map.of("volume", "data"));
    devices.bringUp(vmm(), List.of(data));
    assertEquals(Map.of("path", file.toString()), opened.getFirst().config());
    assertEquals(List.of("open data", "file data", "open disk", "close"), log.subList(0, 4));
    assertEquals(List.of(data), devices.declarations());
    Map<String, Object> both = Map.of("volume", "data", "path", "d.img");
    assertThrows(GuestException.class, () -> devices.add(vmm(), "both", "blk", both));
  }

  @Test
  void aVolumeOfAnotherGuestIsTheDiskThatItServes() throws Exception {
    GuestVolumes.Held held = fake(GuestVolumes.Held.class, (name, arguments) -> null);
    volumeServices.add(
        Volumes.NAME,
        fake(
            GuestVolumes.class,
            (name, arguments) -> {
              log.add(name + " " + ((VolumeUse) ((List<?>) arguments[1]).getFirst()).volume());
              return held;
            }));
    Map<String, Object> config = Map.of("volume", "storage:data", "waitSeconds", 5L);
    DeviceDeclaration data = new DeviceDeclaration("disk", "blk", config);
    devices.bringUp(vmm(), List.of(data));
    assertEquals(
        Map.of("from", "storage", "export", "data", "waitSeconds", 5L), opened.getFirst().config());
    assertEquals("open storage:data", log.getFirst());
    assertEquals(List.of(data), devices.declarations());
    for (String wrong : List.of("storage:", "storage:Data", ":data", "a:b:c")) {
      Map<String, Object> bad = Map.of("volume", wrong);
      assertThrows(GuestException.class, () -> devices.add(vmm(), "bad", "blk", bad), wrong);
    }
  }

  /** Also where it is named by its keeper, unless nobody can do anything to volumes yet. */
  @Test
  void aDiskOfAnotherGuestIsHeldAndSeenWhileItIsOpened() throws Exception {
    opening = () -> log.add(ids().toString());
    Map<String, Object> config = Map.of("from", "storage", "export", "data");
    devices.add(vmm(), "early", "blk", config);
    assertEquals("[early]", log.getFirst());
    GuestVolumes.Held held =
        fake(
            GuestVolumes.Held.class,
            (name, arguments) -> {
              log.add(name);
              return null;
            });
    volumeServices.add(
        Volumes.NAME,
        fake(
            GuestVolumes.class,
            (name, arguments) -> {
              log.add(name + " " + ((VolumeUse) ((List<?>) arguments[1]).getFirst()).volume());
              return held;
            }));
    log.clear();
    devices.add(vmm(), "disk", "blk", config);
    assertEquals(
        List.of("open storage:data", "[early, disk]", "open disk", "close"),
        log.stream().filter(line -> !line.startsWith("status")).toList().subList(0, 4));
  }
}
