package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A guest that writes to a disk of Lodge's, reads back and compares without pause ({@code fio
 * --verify}), while what serves the disk is replaced, killed, or ended and started again.
 */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class DeviceLoadIT {
  private static final int TAKEOVERS = 50;
  private static final int KILLS = 20;
  private static final int STORM_SECONDS = 10;

  private static LodgeHost host;
  private static DeviceVersions versions;
  private static VerifiedDisk disk;

  @BeforeAll
  static void aGuestWithFio() throws Exception {
    host = new LodgeHost();
    versions = new DeviceVersions(host, "device-blk");
    disk = new VerifiedDisk(host, "work", "data");
    host.image("fio");
    host.define(
        "work",
        "{'image': 'fio', 'memory': '256M', 'devices': [{'id': 'random', 'type': 'rng'},"
            + " {'id': 'data', 'type': 'blk', 'path': '"
            + host.disk("data", 32)
            + "'}]}");
    host.up();
    host.lodge("start", "work").ok();
  }

  @AfterAll
  static void theHostEnds() throws Exception {
    host.close();
  }

  @Test
  void fiftyTakeoversAreShortPausesToAGuestAndNothingElse() throws Exception {
    disk.begin();
    int before = disk.device().getInt("takeovers");
    List<Long> pausesMicros = new ArrayList<>();
    Path newer = null;
    for (int i = 0; i < TAKEOVERS; i++) {
      if (newer == null) {
        newer = versions.deploy("1.1.0");
        awaitVersion("1.1.0");
      } else {
        Files.delete(newer);
        newer = null;
        awaitVersion("1.0.0");
      }
      pausesMicros.add(
          disk.device().getJsonObject("lastTakeover").getJsonNumber("pauseMicros").longValue());
    }
    String seen = disk.end();
    assertEquals(TAKEOVERS, disk.device().getInt("takeovers") - before);
    assertEquals(0, disk.counter("errors"));
    Collections.sort(pausesMicros);
    System.out.printf(
        "%d takeovers: pause median %d µs, longest %d µs; the guest's longest request %.1f ms%n",
        TAKEOVERS,
        pausesMicros.get(TAKEOVERS / 2),
        pausesMicros.getLast(),
        VerifiedDisk.longestMillis(seen));
  }

  @Test
  void whatCanNotTakeOverIsRefusedWithTheReasonAndTheHighestOfSeveralServes() throws Exception {
    disk.begin();
    Path newer = versions.deploy("1.1.0");
    awaitVersion("1.1.0");
    Path broken = versions.deployWithout("BlkSettings.class", "2.0.0");
    LodgeHost.until("2.0.0 is refused", () -> refused("2.0.0"));
    assertEquals("1.1.0", disk.device().getString("version"));
    Files.delete(broken);
    Path newest = versions.deploy("1.2.0");
    awaitVersion("1.2.0");
    Files.delete(newest);
    awaitVersion("1.1.0");
    Files.delete(newer);
    awaitVersion("1.0.0");
    disk.end();
  }

  @Test
  void twentyDeathsOfLodgeAreLongerPausesToAGuestAndNothingElse() throws Exception {
    long guest = host.pid("work");
    disk.begin();
    for (int i = 0; i < KILLS; i++) {
      host.killSupervisor();
      disk.awaitProgress();
    }
    String seen = disk.end();
    assertEquals(guest, host.pid("work"));
    System.out.printf(
        "%d times killed: the guest's longest request %.0f ms%n",
        KILLS, VerifiedDisk.longestMillis(seen));
  }

  @Test
  void aDownThatKeepsGuestsAndTheNextUpAreOnePauseToAGuest() throws Exception {
    long guest = host.pid("work");
    disk.begin();
    host.lodge("down", "--keep").ok();
    LodgeHost.until("Lodge is down", () -> host.lodge("ls").exit() == 3);
    host.up();
    assertEquals(guest, host.pid("work"));
    assertEquals("running", disk.device().getString("state"));
    disk.awaitProgress();
    host.killSupervisor();
    disk.awaitProgress();
    disk.end();
  }

  @Test
  void aHostileNeighbourAtFullLoadCostsTimeAndNothingElse() throws Exception {
    host.define(
        "hostile",
        "{'image': 'fio', 'memory': '256M', 'devices': [{'id': 'loot', 'type': 'blk', 'path': '"
            + host.disk("loot", 8)
            + "'}]}");
    host.lodge("start", "hostile").ok();
    host.lodge("cp", RingStorm.build(host.place).toString(), "hostile:/tmp/ring-storm").ok();
    disk.begin();
    String alone = disk.latencies();
    try (GuestConsole hostile = new GuestConsole(host, "hostile")) {
      hostile.run(
          VerifiedDisk.find("loot")
              + "; chmod +x /tmp/ring-storm; loot=$(readlink -f /sys/block/${disk#/dev/}/device);"
              + " /tmp/ring-storm ${loot%/virtio*} "
              + STORM_SECONDS
              + " >/tmp/storm 2>&1 & :");
      LodgeHost.until(
          "the hostile guest's ring is broken",
          () -> host.device("hostile", "loot").containsKey("trouble"));
      disk.awaitProgress();
      String beside = disk.latencies();
      String storm = hostile.run("wait; cat /tmp/storm");
      String seen = disk.end();
      assertTrue(storm.matches("(?s).*rounds=[1-9].*served=[1-9].*"), storm);
      assertEquals(0, disk.counter("errors"));
      System.out.printf(
          "a guest's reads: %s; beside a hostile one: %s, the longest request %.1f ms; %s%n",
          alone,
          beside,
          VerifiedDisk.longestMillis(seen),
          storm.substring(storm.indexOf("rounds=")).trim());
    } finally {
      host.lodge("kill", "hostile");
    }
  }

  private static boolean refused(String version) throws Exception {
    JsonObject last = disk.device().getJsonObject("lastTakeover");
    return last.getString("to").equals(version)
        && !last.getBoolean("taken")
        && !last.getString("reason").isEmpty();
  }

  private static void awaitVersion(String version) throws Exception {
    LodgeHost.until(version + " serves", () -> disk.device().getString("version").equals(version));
  }
}
