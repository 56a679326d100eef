package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.lodge.itests.LodgeHost.Result;

/**
 * A guest whose disk another guest keeps, and writes, reads back and compares without pause ({@code
 * fio --verify}), while all that serves the disk dies or is replaced.
 */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RemoteDiskIT {
  static final String LONG = "lodge.long";
  private static final String FIND =
      "s=$(grep -l '^%s$' /sys/block/vd*/serial); s=${s%%/serial}; disk=/dev/${s##*/}; ";
  private static final String RULES =
      "disk+data work storage allow\ndisk+more work storage allow\ndisk+gone work storage allow\n";

  private static LodgeHost host;
  private static DeviceVersions versions;

  @BeforeAll
  static void aGuestThatKeepsDisks() throws Exception {
    host = new LodgeHost();
    versions = new DeviceVersions(host, "device-blk");
    host.image("fio");
    host.define(
        "storage",
        "{'image': 'storage', 'memory': '192M', 'root': 'volume', 'volumeSize': '512M',"
            + " 'services': {'disk': {'socket': '/run/nbd.sock'}}}");
    host.define(
        "work",
        "{'image': 'fio', 'memory': '256M', 'devices': [{'id': 'data', 'type': 'blk',"
            + " 'volume': 'storage:data', 'waitSeconds': 120}]}");
    host.up();
    host.lodge("start", "storage").ok();
    host.lodge("volume", "create", "storage:data", "32M").ok();
  }

  @AfterAll
  static void theHostEnds() throws Exception {
    host.close();
  }

  private static void refused(String what, String... command) throws Exception {
    Result result = host.lodge(command);
    assertNotEquals(0, result.exit(), result.out());
    assertTrue(result.err().contains(what), result.err());
  }

  @Test
  @Order(1)
  void aGuestGetsADiskOfAnotherWhereThePolicyAllowsIt() throws Exception {
    refused("lodge policy explain disk+data work storage", "start", "work");
    Path rules = Files.createDirectories(host.config.resolve("policy.d"));
    Files.writeString(rules.resolve("50-test.policy"), RULES);
    LodgeHost.until(
        "the rules count",
        () -> host.lodge("policy", "explain", "disk+data", "work", "storage").exit() == 0);
    host.lodge("start", "work").ok();
  }

  @Test
  @Order(2)
  void whatDiesOrIsReplacedBeneathIsAPauseToAGuestAndNothingElse() throws Exception {
    whatDiesIsAPause(1);
  }

  @Test
  @Order(3)
  @EnabledIfSystemProperty(named = LONG, matches = "true")
  void manyDeathsAreManyPausesAndNothingElse() throws Exception {
    whatDiesIsAPause(8);
  }

  private static void whatDiesIsAPause(int rounds) throws Exception {
    final long guest = host.pid("work");
    begin();
    for (int i = 0; i < rounds; i++) {
      host.lodge("exec", "storage", "--", "busybox", "killall", "-9", "nbdkit").ok();
      awaitProgress();
      host.lodge("kill", "storage").ok();
      host.lodge("start", "storage").ok();
      awaitProgress();
      host.killSupervisor();
      awaitServed();
      awaitProgress();
      Path newer = versions.deploy("1.1.0");
      awaitVersion("1.1.0");
      awaitProgress();
      // What replaces the logic while the disk is away has its requests to serve.
      host.lodge("exec", "storage", "--", "busybox", "killall", "-9", "nbdkit").ok();
      Files.delete(newer);
      awaitVersion("1.0.0");
      awaitProgress();
    }
    end();
    assertEquals(guest, host.pid("work"));
    assertEquals(0, host.device("work", "data").getJsonObject("counters").getInt("errors"));
  }

  @Test
  @Order(4)
  void aVolumeThatAGuestKeepsIsLikeOneOfTheHost() throws Exception {
    refused("lodge policy explain disk+other work storage", add("from=storage", "export=other"));
    refused("the disk gone of guest storage is not there", add("volume=storage:gone"));
    host.lodge("volume", "create", "storage:more", "8M").ok();
    refused("take another name", "volume", "create", "storage:more", "8M");
    host.lodge(add("volume=storage:more")).ok();
    write("first");
    refused("lodge device rm work more", "volume", "rm", "storage:more", "--force");
    refused("can't be copied while", "volume", "snapshot", "storage:more", "monday");
    host.lodge("volume", "resize", "storage:more", "16M").ok();
    try (GuestConsole work = new GuestConsole(host, "work")) {
      LodgeHost.until(
          "the guest sees the new size",
          () -> work.run("grep . /sys/block/vd*/size").contains(":32768"));
    }
    host.lodge("device", "rm", "work", "more", "--timeout", "60s").ok();
    host.lodge("volume", "snapshot", "storage:more", "monday").ok();
    host.lodge(add("volume=storage:more")).ok();
    write("second");
    host.lodge("device", "rm", "work", "more", "--timeout", "60s").ok();
    host.lodge("volume", "clone", "storage:more", "storage:gone").ok();
    host.lodge("volume", "revert", "storage:more", "--to", "monday").ok();
    assertEquals("first", word("more"));
    assertEquals("second", word("gone"));
    host.lodge("volume", "rm", "storage:gone").ok();
    String list = host.lodge("volume", "ls").ok().out();
    assertTrue(list.matches("(?s).*storage:more +16M.*"), list);
    assertFalse(list.contains("storage:gone"), list);
  }

  /** Blocks are shared there, and the guest is killed in the middle of what takes long. */
  @Test
  @Order(5)
  @EnabledIfSystemProperty(named = LONG, matches = "true")
  void aVolumeIsWholeWhateverIsKilledAndCopiedUnderAGuestOnBtrfs() throws Exception {
    inStorage("head -c 100M /dev/urandom > /srv/disks/large && sync");
    for (int i = 0; i < 3; i++) {
      Process clone =
          host.begin(
              host.place.resolve("clone.out"),
              host.place.resolve("clone.err"),
              "volume",
              "clone",
              "storage:large",
              "storage:copy" + i);
      LodgeHost.until(
          "it copies", () -> !clone.isAlive() || inStorage("ls -A /srv/disks").contains(".new"));
      host.lodge("kill", "storage").ok();
      assertTrue(clone.waitFor(30, TimeUnit.SECONDS));
      host.lodge("start", "storage").ok();
      host.lodge("volume", "create", "storage:after" + i, "1M").ok();
      String found = inStorage("ls -A /srv/disks");
      assertFalse(found.contains(".new"), found);
      inStorage(
          "[ ! -e /srv/disks/copy%1$s ] || cmp /srv/disks/large /srv/disks/copy%1$s".formatted(i));
    }
    inStorage(
        "rm -r /srv/disks/* /srv/disks/.snapshot; truncate -s 256M /srv/btrfs &&"
            + " mkfs.btrfs -q /srv/btrfs && modprobe -a loop btrfs &&"
            + " busybox mount -o loop /srv/btrfs /srv/disks");
    host.lodge("volume", "create", "storage:more", "8M").ok();
    host.lodge(add("volume=storage:more")).ok();
    write("first");
    host.lodge("volume", "snapshot", "storage:more", "monday").ok();
    write("second");
    host.lodge("volume", "clone", "storage:more", "storage:gone", "--from", "monday").ok();
    assertEquals("first", word("gone"));
    assertEquals("second", word("more"));
    host.lodge("device", "rm", "work", "more", "--timeout", "60s").ok();
  }

  private static String[] add(String... config) {
    List<String> command = new ArrayList<>(List.of("device", "add", "work", "blk", "--id", "more"));
    command.addAll(List.of(config));
    return command.toArray(String[]::new);
  }

  private static String inStorage(String command) throws Exception {
    return host.lodge("exec", "storage", "--", "sh", "-c", command).ok().out();
  }

  private static void write(String word) throws Exception {
    try (GuestConsole work = new GuestConsole(host, "work")) {
      String done =
          work.run(
              FIND.formatted("more")
                  + "echo %1$s | dd of=$disk conv=notrunc,fsync 2>/dev/null && echo do''ne-%1$s"
                      .formatted(word));
      assertTrue(done.contains("\ndone-" + word), done);
    }
  }

  private static String word(String volume) throws Exception {
    return inStorage("head -n 1 /srv/disks/" + volume + " | tr -d '\\0'").strip();
  }

  private static void begin() throws Exception {
    try (GuestConsole work = new GuestConsole(host, "work")) {
      work.run(
          "rm -f /tmp/stop; " + FIND.formatted("data") + "verify $disk >/tmp/verified 2>&1 & :");
    }
    awaitProgress();
  }

  /** No byte was wrong, and the guest's kernel has seen no error. */
  private static void end() throws Exception {
    try (GuestConsole work = new GuestConsole(host, "work")) {
      String seen =
          work.run(
              "touch /tmp/stop; while pidof verify; do usleep 50000; done; cat /tmp/verified;"
                  + " dmesg | grep -e 'I/O error' -e 'blocked for'");
      assertTrue(seen.matches("(?s).*rounds=[1-9].*"), seen);
      assertFalse(seen.contains("failed in"), seen);
      assertFalse(seen.contains("I/O error,"), seen);
      assertFalse(seen.contains("blocked for more"), seen);
    }
  }

  private static void awaitServed() throws Exception {
    LodgeHost.until(
        "the disk is served",
        () -> host.lodge("device", "ls", "work").out().matches("(?s).*data\\s+blk\\s+running.*"));
  }

  private static void awaitProgress() throws Exception {
    long before = written();
    LodgeHost.until("the guest's requests are served", () -> written() != before);
  }

  private static long written() throws Exception {
    return host.device("work", "data")
        .getJsonObject("counters")
        .getJsonNumber("write.bytes")
        .longValue();
  }

  private static void awaitVersion(String version) throws Exception {
    LodgeHost.until(
        version + " serves",
        () -> host.device("work", "data").getString("version").equals(version));
  }
}
