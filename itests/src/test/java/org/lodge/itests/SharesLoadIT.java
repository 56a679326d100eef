package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.lodge.itests.bench.PosixKit;

/**
 * A guest that uses a directory of a storage guest, and one of the host, without pause, while what
 * serves them dies, hangs or is replaced. With {@code -Dlodge.long=true} there is more of it.
 */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
class SharesLoadIT {
  private static final String LONG = "lodge.long";

  /** On each share fio writes, reads back and compares, until /tmp/stop is there. */
  private static final String BEGIN =
      "rm -f /tmp/stop; for s in docs local; do (r=0;"
          + " while [ ! -e /tmp/stop ]; do r=$((r+1)); fio --name=v --filename=/$s/data"
          + " --ioengine=libaio --direct=1 --rw=randwrite --bs=16k --iodepth=8 --size=3m --fsync=16"
          + " --verify=crc32c --verify_fatal=1 --do_verify=1 --randseed=$r"
          + " > /tmp/$s.log 2>&1 || { echo fai''led in round $r; cat /tmp/$s.log; break; }; done;"
          + " echo rounds=$r) > /tmp/$s.out 2>&1 & done; :";

  private static final String END =
      "touch /tmp/stop; wait; cat /tmp/docs.out /tmp/local.out; rm -f /docs/data /local/data;"
          + " dmesg | grep -e 'blocked for'";

  /** Names a file once it is synced; one that is not is written again. */
  private static final String SYNCED =
      "mkdir -p /tmp/from /docs/to; i=0; while [ $i -lt 40 ]; do i=$((i+1));"
          + " head -c $((i*3000)) /dev/urandom > /tmp/from/$i; done; (n=0; bad=0;"
          + " while [ ! -e /tmp/stop ]; do n=$((n+1)); f=$((n%40+1));"
          + " if dd if=/tmp/from/$f of=/docs/to/$n bs=64k conv=fsync 2>/dev/null;"
          + " then echo $n $f >> /tmp/synced; else bad=$((bad+1)); fi; done; echo told=$bad.)"
          + " > /tmp/told 2>&1 & :";

  private static final String COMPARE =
      "touch /tmp/stop; wait; cat /tmp/told; wrong=0; while read n f; do"
          + " cmp -s /tmp/from/$f /docs/to/$n || { wrong=$((wrong+1)); echo wrong: $n; };"
          + " done < /tmp/synced; echo synced=$(wc -l < /tmp/synced). wrong=$wrong.;"
          + " rm -rf /docs/to /tmp/synced /tmp/stop";

  /** On each share fsx and fsstress, round after round, until /tmp/stop is there. */
  private static final String SOAK =
      "rm -f /tmp/stop; for s in docs local; do mkdir /$s/fsx /$s/stress; for p in fsx stress; do (r=0;"
          + " while [ ! -e /tmp/stop ]; do r=$((r+1)); cd /$s/$p; case $p in"
          + " fsx) /tmp/fsx -q -N 1000 -c 100 -S $r file ;;"
          + " stress) /tmp/fsstress -X -d /$s/stress -n 200 -p 2 -s $r ;; esac > /tmp/$s.$p.log 2>&1 ||"
          + " { echo fai''led in round $r; tail -n 20 /tmp/$s.$p.log; break; }; done;"
          + " echo $s $p rounds=$r) > /tmp/$s.$p.out 2>&1 & done; done; :";

  private static final String SOAK_END =
      "touch /tmp/stop; wait; cat /tmp/*.fsx.out /tmp/*.stress.out; cd /; rm -rf /docs/fsx"
          + " /docs/stress /local/fsx /local/stress; dmesg | grep -e 'blocked for'";

  private static LodgeHost host;
  private static DeviceVersions versions;

  @BeforeAll
  static void aGuestWithTwoShares() throws Exception {
    host = new LodgeHost();
    versions = new DeviceVersions(host, "device-fs");
    host.image("fio");
    host.define(
        "storage", "{'image': 'storage', 'memory': '192M', 'root': 'volume', 'volumeSize': '1G'}");
    host.define("work", "{'image': 'fio', 'memory': '384M'}");
    share("docs", "'from': 'storage', 'path': '/srv/docs', 'create': true, 'waitSeconds': 120");
    Path local = Files.createDirectory(host.place.resolve("local"));
    share("local", "'from': 'host', 'path': '" + local + "'");
    host.up();
    host.lodge("start", "storage", "work").ok();
  }

  private static void share(String name, String what) throws IOException {
    Path folder = Files.createDirectories(host.config.resolve("share"));
    String to = ", 'to': {'work': {'access': 'read-write', 'mount': '/" + name + "'}}}";
    Files.writeString(folder.resolve(name + ".json"), ("{" + what + to).replace('\'', '"'));
  }

  @AfterAll
  static void theHostEnds() throws Exception {
    host.close();
  }

  @BeforeEach
  void bothAreMounted() throws Exception {
    for (String name : List.of("docs", "local")) {
      LodgeHost.until(
          name + " is mounted", () -> status(name).getString("state").equals("mounted"));
    }
  }

  private static JsonObject status(String share) throws Exception {
    String list = host.lodge("share", "ls", "--json").ok().out();
    return LodgeHost.json(list).asJsonObject().getJsonArray("shares").stream()
        .map(each -> each.asJsonObject())
        .filter(each -> each.getString("share").equals(share))
        .findFirst()
        .orElseThrow();
  }

  private static long written(String share) throws Exception {
    JsonObject counters = status(share).getJsonObject("counters");
    return counters.isEmpty() ? -1 : counters.getJsonNumber("write.bytes").longValue();
  }

  private static void awaitProgress(String... shares) throws Exception {
    for (String share : shares) {
      long before = written(share);
      LodgeHost.until(share + " is written", () -> written(share) > before);
    }
  }

  private static String run(String guest, String command) throws Exception {
    try (GuestConsole console = new GuestConsole(host, guest)) {
      return console.run(command).replace("\r", "");
    }
  }

  private static void begin() throws Exception {
    run("work", BEGIN);
    awaitProgress("docs", "local");
  }

  /** No byte was wrong and no call failed, on neither share. */
  private static void end() throws Exception {
    String seen = run("work", END);
    assertEquals(2, seen.split("\nrounds=[1-9]", -1).length - 1, seen);
    assertFalse(seen.contains("\nfailed"), seen);
    assertFalse(seen.contains("blocked for more"), seen);
  }

  private static void signal(String signal, long pid) throws Exception {
    assertEquals(0, new ProcessBuilder("kill", signal, Long.toString(pid)).start().waitFor());
  }

  private static void awaitVersion(String version) throws Exception {
    LodgeHost.until(
        version + " serves both",
        () -> {
          String list = host.lodge("device", "ls", "work", "--json").ok().out();
          return LodgeHost.json(list).asJsonObject().getJsonArray("devices").stream()
              .map(each -> each.asJsonObject())
              .filter(each -> each.getString("type").equals("fs"))
              .allMatch(each -> each.getString("version").equals(version));
        });
  }

  @Test
  void whatDiesHangsOrIsReplacedBeneathIsAPauseToAGuestAndNothingElse() throws Exception {
    begin();
    for (int i = 0; i < Integer.getInteger("lodge.share.deaths", 1); i++) {
      host.killSupervisor();
      awaitProgress("docs", "local");
    }
    run("storage", "killall -9 lodge-share");
    awaitProgress("docs");
    Path newer = versions.deploy("1.1.0");
    awaitVersion("1.1.0");
    awaitProgress("docs", "local");
    Files.delete(newer);
    awaitVersion("1.0.0");
    awaitProgress("docs", "local");
    aStorageGuestThatHangsHoldsUpNobodyButItsOwn();
    end();
  }

  private static void aStorageGuestThatHangsHoldsUpNobodyButItsOwn() throws Exception {
    long storage = host.pid("storage");
    signal("-STOP", storage);
    try {
      long docs = written("docs");
      awaitProgress("local");
      awaitProgress("local");
      host.lodge("share", "ls").ok();
      host.lodge("ls").ok();
      assertTrue(written("docs") - docs < 1 << 20, "it is stopped and serves");
    } finally {
      signal("-CONT", storage);
    }
    awaitProgress("docs");
  }

  @Test
  @EnabledIfSystemProperty(named = LONG, matches = "true")
  void whatWasSyncedIsThereWhateverIsKilled() throws Exception {
    run("work", "rm -f /tmp/stop; " + SYNCED);
    for (int i = 0; i < 3; i++) {
      awaitProgress("docs");
      host.lodge("kill", "storage").ok();
      host.lodge("start", "storage").ok();
      awaitProgress("docs");
      host.killSupervisor();
      awaitProgress("docs");
      run("storage", "killall -9 lodge-share");
    }
    awaitProgress("docs");
    String seen = run("work", COMPARE);
    System.out.println(seen.substring(seen.indexOf("\ntold=")).strip());
    assertTrue(seen.contains("wrong=0."), seen);
  }

  @Test
  @EnabledIfSystemProperty(named = LONG, matches = "true")
  void anUntarGoesOnWhateverIsKilledButTheDisk() throws Exception {
    run(
        "work",
        "mkdir -p /tmp/tree; cd /tmp/tree; for d in 0 1 2 3 4 5 6 7; do mkdir $d; i=0;"
            + " while [ $i -lt 250 ]; do i=$((i+1)); head -c 6000 /dev/urandom > $d/$i; done;"
            + " ln $d/1 $d/one; ln -s 2 $d/two; done; cd /; tar cf /tmp/tree.tar -C /tmp tree;"
            + " for s in docs local; do (tar xf /tmp/tree.tar -C /$s; echo ta''r=$?."
            + " > /tmp/$s.tar) & done; :");
    for (int i = 0; i < 3; i++) {
      host.killSupervisor();
      run("storage", "killall -9 lodge-share");
    }
    for (String share : List.of("docs", "local")) {
      LodgeHost.until(
          share + " has the tree",
          () -> run("work", "cat /tmp/" + share + ".tar").contains("\ntar="));
      assertTrue(run("work", "cat /tmp/" + share + ".tar").contains("\ntar=0."), share);
      String seen = run("work", "diff -r /tmp/tree /" + share + "/tree && echo ali''ke");
      assertTrue(seen.contains("\nalike"), seen);
      run("work", "rm -r /" + share + "/tree; sync");
    }
  }

  @Test
  @Timeout(value = 1200, unit = TimeUnit.SECONDS)
  @EnabledIfSystemProperty(named = LONG, matches = "true")
  void fsxAndFsstressFindNothingWrong() throws Exception {
    Path kit = Files.createDirectories(host.place.resolve("kit"));
    PosixKit.build(kit);
    for (String each : List.of("fsx", "fsstress")) {
      host.lodge("cp", kit.resolve(each).toString(), "work:/tmp/" + each).ok();
    }
    run("work", SOAK);
    Thread.sleep(1000L * Integer.getInteger("lodge.share.soak", 300));
    String seen = run("work", SOAK_END);
    System.out.println(seen.strip());
    assertEquals(4, seen.split("rounds=[1-9]", -1).length - 1, seen);
    assertFalse(seen.contains("failed in round"), seen);
    assertFalse(seen.contains("blocked for more"), seen);
  }
}
