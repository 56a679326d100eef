package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A guest that writes to a disk of Lodge's, reads back and compares without pause ({@code fio
 * --verify}), while what serves the disk is replaced, killed, or ended and started again.
 */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class DeviceLoadIT {
  private static final int TAKEOVERS = 50;
  private static final int KILLS = 20;
  private static final String FIND =
      "s=$(grep -l '^data$' /sys/block/vd*/serial); s=${s%/serial}; disk=/dev/${s##*/}";
  private static final Pattern LATENCY =
      Pattern.compile("clat \\((nsec|usec|msec)\\): min=\\S+ max=([\\d.]+)(k?)");

  private static LodgeHost host;
  private static DeviceVersions versions;

  @BeforeAll
  static void aGuestWithFio() throws Exception {
    host = new LodgeHost();
    versions = new DeviceVersions(host, "device-blk");
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
    begin();
    int before = device().getInt("takeovers");
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
          device().getJsonObject("lastTakeover").getJsonNumber("pauseMicros").longValue());
    }
    String seen = end();
    assertEquals(TAKEOVERS, device().getInt("takeovers") - before);
    assertEquals(0, counter("errors"));
    Collections.sort(pausesMicros);
    System.out.printf(
        "%d takeovers: pause median %d µs, longest %d µs; the guest's longest request %.1f ms%n",
        TAKEOVERS, pausesMicros.get(TAKEOVERS / 2), pausesMicros.getLast(), longestMillis(seen));
  }

  @Test
  void whatCanNotTakeOverIsRefusedWithTheReasonAndTheHighestOfSeveralServes() throws Exception {
    begin();
    Path newer = versions.deploy("1.1.0");
    awaitVersion("1.1.0");
    Path broken = versions.deployWithout("BlkSettings.class", "2.0.0");
    LodgeHost.until("2.0.0 is refused", () -> refused("2.0.0"));
    assertEquals("1.1.0", device().getString("version"));
    Files.delete(broken);
    Path newest = versions.deploy("1.2.0");
    awaitVersion("1.2.0");
    Files.delete(newest);
    awaitVersion("1.1.0");
    Files.delete(newer);
    awaitVersion("1.0.0");
    end();
  }

  @Test
  void twentyDeathsOfLodgeAreLongerPausesToAGuestAndNothingElse() throws Exception {
    long guest = host.pid("work");
    begin();
    for (int i = 0; i < KILLS; i++) {
      host.killSupervisor();
      awaitProgress();
    }
    String seen = end();
    assertEquals(guest, host.pid("work"));
    System.out.printf(
        "%d times killed: the guest's longest request %.0f ms%n", KILLS, longestMillis(seen));
  }

  @Test
  void aDownThatKeepsGuestsAndTheNextUpAreOnePauseToAGuest() throws Exception {
    long guest = host.pid("work");
    begin();
    host.lodge("down", "--keep").ok();
    LodgeHost.until("Lodge is down", () -> host.lodge("ls").exit() == 3);
    host.up();
    assertEquals(guest, host.pid("work"));
    assertEquals("running", device().getString("state"));
    awaitProgress();
    host.killSupervisor();
    awaitProgress();
    end();
  }

  private static void begin() throws Exception {
    try (GuestConsole guest = new GuestConsole(host, "work")) {
      guest.run("rm -f /tmp/stop; " + FIND + "; verify $disk >/tmp/verified 2>&1 & :");
    }
    awaitProgress();
  }

  private static void awaitProgress() throws Exception {
    long before = counter("write.bytes");
    LodgeHost.until("the guest's requests are served", () -> counter("write.bytes") != before);
  }

  /** Returns what fio has to say; it has found no wrong byte, and the guest's kernel no error. */
  private static String end() throws Exception {
    try (GuestConsole guest = new GuestConsole(host, "work")) {
      String seen =
          guest.run(
              "touch /tmp/stop; while pidof verify; do usleep 50000; done; cat /tmp/verified;"
                  + " dmesg | grep -e 'I/O error' -e 'blocked for'");
      assertTrue(seen.matches("(?s).*rounds=[1-9].*"), seen);
      assertFalse(seen.contains("failed in"), seen);
      assertFalse(seen.contains("I/O error,"), seen);
      assertFalse(seen.contains("blocked for more"), seen);
      return seen;
    }
  }

  private static double longestMillis(String seen) {
    double longest = 0;
    for (Matcher each = LATENCY.matcher(seen); each.find(); ) {
      double number = Double.parseDouble(each.group(2)) * (each.group(3).isEmpty() ? 1 : 1000);
      longest =
          Math.max(
              longest,
              switch (each.group(1)) {
                case "nsec" -> number / 1e6;
                case "usec" -> number / 1e3;
                default -> number;
              });
    }
    return longest;
  }

  private static boolean refused(String version) throws Exception {
    JsonObject last = device().getJsonObject("lastTakeover");
    return last.getString("to").equals(version)
        && !last.getBoolean("taken")
        && !last.getString("reason").isEmpty();
  }

  private static void awaitVersion(String version) throws Exception {
    LodgeHost.until(version + " serves", () -> device().getString("version").equals(version));
  }

  private static JsonObject device() throws Exception {
    return host.device("work", "data");
  }

  private static long counter(String name) throws Exception {
    return device().getJsonObject("counters").getJsonNumber(name).longValue();
  }
}
