package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.itests.LodgeHost.Result;

/** Devices that Lodge serves, as a person and a guest see them. */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
class DeviceIT {

  /** Prints the disk with a serial number, if the guest has it. */
  private static final String FIND =
      "for s in /sys/block/vd*/serial; do [ \"$(cat $s)\" = %s ] && s=${s%%/serial} &&"
          + " echo /dev/${s##*/}; done";

  private LodgeHost host;

  @BeforeEach
  void aGuestWithDevices() throws Exception {
    host = new LodgeHost();
    host.disk("data", 32);
    host.define(
        "work",
        "{'image': 'storage', 'memory': '256M', 'devices': [{'id': 'random', 'type': 'rng'},"
            + " {'id': 'data', 'type': 'blk', 'path': '"
            + host.place.resolve("data.img")
            + "'}]}");
    host.up();
    host.lodge("start", "work").ok();
  }

  @AfterEach
  void theHostEnds() throws Exception {
    host.close();
  }

  @Test
  void declaredDevicesAreThereAtBootAndOthersComeAndGoWhileTheGuestRuns() throws Exception {
    try (GuestConsole guest = new GuestConsole(host, "work")) {
      LodgeHost.until(
          "the guest sees its disk", () -> guest.run(FIND.formatted("data")).contains("\n/dev/vd"));
      assertEquals("running", device("random").getString("state"));
      LodgeHost.until(
          "the guest's kernel has drawn randomness", () -> counter("random", "bytes") > 0);

      Path more = host.disk("more", 8);
      host.lodge("device", "add", "work", "blk", "path=" + more, "serial=SN42", "--id", "more")
          .ok();
      LodgeHost.until(
          "the guest sees the disk", () -> guest.run(FIND.formatted("SN42")).contains("\n/dev/vd"));
      String disk = "$(" + FIND.formatted("SN42") + ")";
      String copied =
          guest.run(
              "d="
                  + disk
                  + "; head -c 4194304 /dev/urandom > /tmp/a;"
                  + " dd if=/tmp/a of=$d bs=64k oflag=direct 2>/dev/null;"
                  + " dd if=$d bs=64k count=64 iflag=direct 2>/dev/null | cmp - /tmp/a"
                  + " && echo sa''me");
      assertTrue(copied.contains("same"), copied);
      assertTrue(counter("more", "write.bytes") >= 4 << 20);
      assertTrue(counter("more", "read.bytes") >= 4 << 20);
      assertEquals(0, counter("more", "errors"));

      host.lodge("device", "resize", "work", "more", "16M").ok();
      LodgeHost.until(
          "the guest sees the new size",
          () -> guest.run("cat /sys/block/${d#/dev/}/size").contains("\n32768"));
      assertNotEquals(0, host.lodge("device", "resize", "work", "more", "8M").exit());

      guest.run("mkfs.ext4 -q " + disk + "; mkdir /more; busybox mount " + disk + " /more");
      Result mounted = host.lodge("device", "rm", "work", "more");
      assertEquals(1, mounted.exit());
      assertTrue(mounted.err().contains("it is mounted at /more"), mounted.err());
      guest.run("busybox umount /more");
      host.lodge("device", "rm", "work", "more", "--timeout", "60s").ok();
      assertFalse(guest.run(FIND.formatted("SN42")).contains("\n/dev/vd"));
      assertNotEquals(0, host.lodge("device", "rm", "work", "more").exit());
    }
  }

  @Test
  void aGuestThatDoesNotLetGoKeepsItsDevice() throws Exception {
    host.lodge("pause", "work").ok();
    Result unasked = host.lodge("device", "rm", "work", "data");
    assertTrue(unasked.err().contains("the guest is paused"), unasked.err());
    Result refused = host.lodge("device", "rm", "work", "data", "--force", "--timeout", "500ms");
    assertEquals(1, refused.exit());
    assertTrue(refused.err().contains("did not let go of data"), refused.err());
    assertEquals("unused", device("data").getString("state"), "there, and the guest stands still");

    host.lodge("resume", "work").ok();
    LodgeHost.until(
        "the removal that was given up is finished",
        () -> !host.lodge("device", "ls", "work").ok().out().contains(" data "));
    Result unknown = host.lodge("device", "add", "work", "nothing");
    assertTrue(unknown.err().contains("known are blk, "), unknown.err());
    String data = "path=" + host.place.resolve("data.img");
    host.lodge("device", "add", "work", "blk", data, "--id", "writer").ok();
    Result second = host.lodge("device", "add", "work", "blk", data, "readOnly=true");
    assertTrue(second.err().contains("written by guest 'work', device 'writer'"), second.err());
    Result missing = host.lodge("device", "add", "work", "blk", "path=/nowhere.img");
    assertTrue(missing.err().contains("/nowhere.img"), missing.err());

    host.lodge("kill", "work").ok();
    assertTrue(host.lodge("device", "ls").ok().out().contains("No running guest"));
  }

  @Test
  void aJarThatIsNotUsedIsNamedWithItsReasonAndTheFormerGoesOn() throws Exception {
    DeviceVersions versions = new DeviceVersions(host, "device-blk");
    Path unresolvable = versions.deployUnresolvable("2.0.0");
    awaitNote("device-blk-2.0.0.jar is not used: ", "org.nowhere");
    Path withoutFactory = versions.deployWithout("BlkFactory.class", "2.1.0");
    awaitNote("device-blk-2.1.0.jar is not used: ", "BlkFactory");
    try (GuestConsole guest = new GuestConsole(host, "work")) {
      String read =
          guest.run("dd if=$(" + FIND.formatted("data") + ") of=/dev/null bs=64k iflag=direct");
      assertTrue(read.contains("512+0 records in"), read);
    }
    assertEquals("1.0.0", device("data").getString("version"));
    Files.delete(unresolvable);
    Files.delete(withoutFactory);
    LodgeHost.until(
        "no jar is named", () -> !host.lodge("device", "ls").ok().out().contains("is not used"));
  }

  @Test
  void aJarWhoseLogicHangsIsRefusedAndTheFormerGoesOn() throws Exception {
    byte[] hangs =
        Compiled.of(
            host.place.resolve("hangs"),
            "org.lodge.device.blk.internal.BlkFactory",
            """
            package org.lodge.device.blk.internal;
            public final class BlkFactory implements org.lodge.virtio.DeviceFactory {
              public BlkFactory(
                  org.lodge.linux.FileLeases leases, org.osgi.framework.BundleContext context) {}
              void setSources(org.lodge.blocks.BlockSources sources) {}
              void unsetSources(org.lodge.blocks.BlockSources sources) {}
              public void check(org.lodge.virtio.DeviceConfig config) {}
              public org.lodge.virtio.Device create(
                  org.lodge.virtio.DeviceConfig config, org.lodge.virtio.DeviceContext context) {
                while (true) {
                  try {
                    Thread.sleep(1000);
                  } catch (InterruptedException e) {
                    // As one that does not care.
                  }
                }
              }
            }
            """);
    Path jar =
        new DeviceVersions(host, "device-blk")
            .deployWith("org/lodge/device/blk/internal/BlkFactory.class", hangs, "3.0.0");
    awaitNote("3.0.0 refused: ", "create of blk 3.0.0 took longer than 5 s");
    assertEquals("1.0.0", device("data").getString("version"));
    try (GuestConsole guest = new GuestConsole(host, "work")) {
      String read =
          guest.run("dd if=$(" + FIND.formatted("data") + ") of=/dev/null bs=64k iflag=direct");
      assertTrue(read.contains("512+0 records in"), read);
    }
    host.lodge("device", "rm", "work", "data", "--timeout", "60s").ok();
    Files.delete(jar);
  }

  /** As docs/write-a-device.md ends. */
  @Test
  void theDeviceOfTheGuideIsThereInAGuest() throws Exception {
    Path jar = Path.of("../bundles/device-dice/target");
    try (var files = Files.list(jar)) {
      jar = files.filter(each -> each.toString().matches(".*dice-[0-9.]+\\.jar")).findAny().get();
    }
    Files.copy(jar, host.place.resolve("state/deploy").resolve(jar.getFileName()));
    LodgeHost.until(
        "there are dice", () -> host.lodge("device", "add", "work", "dice").exit() == 0);
    host.lodge("device", "control", "work", "dice0", "sides", "count=2").ok();
    try (GuestConsole guest = new GuestConsole(host, "work")) {
      LodgeHost.until(
          "the guest has found them",
          () -> guest.run("cat /sys/class/misc/hw_random/rng_available").contains("_rng.1"));
      guest.run(
          "cd /sys/class/misc/hw_random;"
              + " sed 's/ none//; s/.* //' rng_available > /tmp/dice; cat /tmp/dice > rng_current;"
              + " head -c 256 /dev/hwrng > /dev/null");
      String thrown = guest.run("echo thrown $(od -An -tu1 -N40 -w40 /dev/hwrng)");
      assertTrue(thrown.matches("(?s).*thrown( [12]){40}\\s.*"), thrown);
    }
    assertEquals("running", device("dice0").getString("state"));
  }

  private void awaitNote(String beginning, String reason) throws Exception {
    LodgeHost.until(
        beginning + "…",
        () ->
            host.lodge("device", "ls")
                .ok()
                .out()
                .lines()
                .anyMatch(line -> line.contains(beginning) && line.contains(reason)));
  }

  private JsonObject device(String id) throws Exception {
    return host.device("work", id);
  }

  private long counter(String id, String name) throws Exception {
    return device(id).getJsonObject("counters").getJsonNumber(name).longValue();
  }
}
