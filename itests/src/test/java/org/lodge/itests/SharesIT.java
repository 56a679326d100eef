package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.itests.LodgeHost.Result;
import org.lodge.itests.bench.PosixKit;

/** Directories of a storage guest in other guests, as those and a person see them. */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
class SharesIT {

  /** Changes a name between a file, a link out of the share and nothing, as fast as it can. */
  private static final String ATTACKER =
      "(cd /docs; mkdir in; echo inside > in/f; while [ ! -e /docs/stop ]; do"
          + " mv in was; ln -s / in; rm in; mv was in; done) > /dev/null 2>&1 & :";

  /** Reads through that name meanwhile; what it gets must be from inside. */
  private static final String VICTIM =
      "n=0; bad=0; while [ $n -lt 300 ]; do n=$((n+1));"
          + " x=$(cat /docs/in/f /docs/in/etc/secret 2>/dev/null);"
          + " case \"$x\" in *se''cret*) bad=$((bad+1));; esac; done; echo bad=$bad.";

  private static final String DOCS =
      "{'from': 'storage', 'path': '/srv/docs', 'create': true, 'waitSeconds': 300, 'to': {"
          + " 'work': {'access': 'read-write', 'mount': '/docs', 'hidden': ['*.key'], 'acl': true},"
          + " 'vault': {'access': 'read-only', 'mount': '/docs', 'cache': 'none'}}}";

  private LodgeHost host;

  @BeforeEach
  void threeGuestsAndAShare() throws Exception {
    host = new LodgeHost();
    Files.createDirectories(host.config.resolve("share"));
    host.define(
        "storage",
        "{'image': 'storage', 'memory': '192M', 'root': 'volume', 'volumeSize': '600M'}");
    String small = "{'image': 'storage', 'memory': '192M', 'limits': {'stopSeconds': 90}}";
    host.define("work", small);
    host.define("vault", small);
    share("docs", DOCS);
    Path local = Files.createDirectory(host.place.resolve("local"));
    share(
        "local",
        "{'from': 'host', 'path': '"
            + local
            + "', 'to': {'work': {'access': 'read-write', 'mount': '/local', 'acl': true}}}");
    host.up();
    host.lodge("start", "storage", "work", "vault").ok();
    assertEquals("mounted", state("work"), "start returns when its shares are there");
    assertEquals("mounted", state("vault"));
  }

  @AfterEach
  void theHostEnds() throws Exception {
    host.close();
  }

  private void share(String name, String definition) throws Exception {
    Path file = host.config.resolve("share/" + name + ".json");
    Files.writeString(file, definition.replace('\'', '"'));
  }

  private Optional<JsonObject> status(String share, String guest) throws Exception {
    Result list = host.lodge("share", "ls", "--json").ok();
    return LodgeHost.json(list.out()).asJsonObject().getJsonArray("shares").stream()
        .map(each -> each.asJsonObject())
        .filter(
            each -> each.getString("share").equals(share) && each.getString("guest").equals(guest))
        .findFirst();
  }

  private String state(String guest) throws Exception {
    return state("docs", guest);
  }

  private String state(String share, String guest) throws Exception {
    return status(share, guest).map(each -> each.getString("state")).orElse("");
  }

  private String trouble(String guest) throws Exception {
    return trouble("docs", guest);
  }

  private String trouble(String share, String guest) throws Exception {
    return status(share, guest).map(each -> each.getString("trouble", "")).orElse("");
  }

  /** Differs after a reboot; empty while its agent does not answer. */
  private String bootId(String guest) throws Exception {
    return host.lodge("exec", guest, "--", "cat", "/proc/sys/kernel/random/boot_id").out();
  }

  private static void assertIn(String part, String text) {
    assertTrue(text.contains(part), text);
  }

  @Test
  void whatOneGuestWritesAnotherReadsAndCanNotChangeWhoeverAttacks() throws Exception {
    try (GuestConsole work = new GuestConsole(host, "work");
        GuestConsole vault = new GuestConsole(host, "vault");
        GuestConsole storage = new GuestConsole(host, "storage")) {
      String copied =
          work.run(
              "cd /docs; head -c 5000000 /dev/urandom > /tmp/r; cp /tmp/r big; sync;"
                  + " cmp big /tmp/r && echo sa''me; cp -a /usr/share tree;"
                  + " diff -r /usr/share tree && echo al''ike; echo hello > note");
      assertIn("\nsame", copied);
      assertIn("\nalike", copied);
      String refused =
          work.run(
              "mknod d c 1 3; chmod 4755 note; stat -c mode=%a note; echo k > a.k''ey; ls *.key");
      assertIn("Operation not permitted", refused);
      assertIn("mode=755", refused);
      assertFalse(refused.contains("\na.key"), refused);

      String read =
          vault.run(
              "cd /docs; cat note; diff -r /usr/share tree && echo al''ike; echo x > note; rm -f"
                  + " note; mkdir d");
      assertIn("\nhello", read);
      assertIn("\nalike", read);
      assertEquals(3, read.split("Read-only file system", -1).length - 1, read);
      assertIn(
          "\nhello", storage.run("cat /srv/docs/note; ls /srv/docs; echo secret > /etc/secret"));

      work.run(ATTACKER);
      assertIn("\nbad=0.", vault.run(VICTIM));
      work.run("touch /docs/stop; wait; rm /docs/stop");
      assertTrue(counter("work", "write.bytes") >= 5_000_000);

      host.lodge("cp", PosixKit.share(host.place).toString(), "work:/tmp/share").ok();
      host.lodge("cp", "work:/tmp/share", "vault:/tmp/share").ok();
      for (String folder : List.of("/docs", "/local")) {
        String checked = work.run("/tmp/share check " + folder + " acl");
        assertFalse(checked.contains("\nFAIL"), checked);
        assertIn("\nRAN 20", checked);
      }
      aLockOfOneGuestHoldsInAnother(work, vault);
      whatIsOpenStaysWhenAnotherIsRenamedOverIt(work, storage);
    }
  }

  private static void aLockOfOneGuestHoldsInAnother(GuestConsole work, GuestConsole vault)
      throws Exception {
    for (String kind : List.of("range", "whole")) {
      work.run("/tmp/share lock /docs/note " + kind + " write try > /tmp/has & :");
      LodgeHost.until("work has it", () -> work.run("cat /tmp/has").contains("\nlocked"));
      assertIn("\nbusy", vault.run("/tmp/share lock /docs/note " + kind + " read try"));
      vault.run("/tmp/share lock /docs/note " + kind + " read wait > /tmp/has & :");
      assertFalse(vault.run("sleep 1; cat /tmp/has").contains("\nlocked"));
      work.run("kill %1; wait; rm /tmp/has");
      LodgeHost.until("vault has it", () -> vault.run("cat /tmp/has").contains("\nlocked"));
      vault.run("kill %1; wait; rm /tmp/has");
    }
  }

  /** Of a share of one file, whoever serves it. */
  private void whatIsOpenStaysWhenAnotherIsRenamedOverIt(GuestConsole work, GuestConsole storage)
      throws Exception {
    Path file = Files.writeString(host.place.resolve("one"), "first\n");
    storage.run("echo first > /srv/one");
    String[] served = {"--from", "storage", "--file", "/srv/one", "--mount", "/tmp/served"};
    String[] own = {"--from", "host", "--file", file.toString(), "--mount", "/tmp/own"};
    for (String[] each : List.of(served, own)) {
      Stream<String> words = Stream.of("share", "add", "work", each[1] + "-one");
      host.lodge(Stream.concat(words, Stream.of(each)).toArray(String[]::new)).ok();
    }
    String before = work.run("exec 5< /tmp/served 6< /tmp/own; cat /tmp/served /tmp/own");
    assertIn("\nfirst\nfirst", before.replace("\r", ""));
    storage.run("echo the second > /srv/new; mv /srv/new /srv/one");
    Path newer = Files.writeString(host.place.resolve("newer"), "the second\n");
    Files.move(newer, file, StandardCopyOption.ATOMIC_MOVE);
    // The shell's own cat sends from the kernel's cache, which is one for both files.
    String cat = "/usr/bin/cat";
    String after = work.run("sleep 2; cat /tmp/served /tmp/own; " + cat + " <&5; " + cat + " <&6");
    assertIn("\nthe second\nthe second\nfirst\nfirst", after.replace("\r", ""));
  }

  private long counter(String guest, String name) throws Exception {
    JsonObject counters = status("docs", guest).orElseThrow().getJsonObject("counters");
    return counters.getJsonNumber(name).longValue();
  }

  @Test
  void aShareComesAndGoesWhileItIsUsedAndOutlivesItsStorage() throws Exception {
    try (GuestConsole work = new GuestConsole(host, "work");
        GuestConsole vault = new GuestConsole(host, "vault")) {
      // A storage guest that dies takes nothing along that was synced; whoever waits goes on.
      work.run("cd /docs; echo kept > kept; sync; exec 5< kept; exec 6> open; echo one >&6; sync");
      host.lodge("kill", "storage").ok();
      work.run("(cat /docs/kept > /tmp/waited; echo done >> /tmp/waited) & :");
      host.lodge("start", "storage").ok();
      LodgeHost.until(
          "the reader goes on",
          () -> work.run("cat /tmp/waited").replace("\r", "").contains("\nkept\ndone"));
      assertIn("\nkept", work.run("cat <&5; echo two >&6; exec 6>&-; cat open"));
      assertIn("\none\ntwo", vault.run("cat /docs/open").replace("\r", ""));

      // Taken back while a file is open: errors, no hanging.
      String reader = "exec 5< /docs/kept; echo re''ady";
      assertIn("\nready", vault.run(reader));
      host.lodge("share", "rm", "vault", "docs").ok();
      String after = vault.run("cat <&5; ls /docs; echo go''es on");
      assertFalse(after.contains("\nkept"), after);
      assertIn("\ngoes on", after);
      assertEquals("revoked", state("vault"));
      String folder = vault.run("[ -e /docs ] || echo go''ne");
      assertIn("\ngone", folder);
      assertNotEquals(0, host.lodge("share", "rm", "vault", "docs").exit());

      // And given again, under another name and place.
      host.lodge(
              "share",
              "add",
              "vault",
              "more",
              "--from",
              "storage",
              "--path",
              "/srv/docs",
              "--mount",
              "/more",
              "--read-only")
          .ok();
      assertIn("\nkept", vault.run("cat /more/kept; echo x > /more/kept"));
      Result missing =
          host.lodge(
              "share", "add", "vault", "no", "--from", "storage", "--path", "/srv/no", "-m", "/no");
      assertNotEquals(0, missing.exit());
      assertIn("/srv/no: ", missing.err());
      share(
          "late",
          "{'from': 'storage', 'path': '/srv/late', 'to': {'vault': {'access': 'read-only',"
              + " 'mount': '/late'}}}");
      LodgeHost.until("it is missed", () -> state("late", "vault").equals("failed"));
      assertIn("/srv/late: ", trouble("late", "vault"));
      host.lodge("exec", "storage", "--", "mkdir", "/srv/late").ok();
      LodgeHost.until("it is there", () -> state("late", "vault").equals("mounted"));
      share("docs", DOCS.replace("'/srv/docs'", "7"));
      LodgeHost.until("the slip is told", () -> trouble("work").contains("/share/docs.json: path"));
      assertIn("\nkept", work.run("cat /docs/kept"));
      share("docs", DOCS);
      LodgeHost.until("all is well again", () -> trouble("work").isEmpty());
      Result unknown = host.lodge("share", "add", "vault", "nothing");
      assertIn("--from", unknown.err());

      // A Lodge that was killed knows what was given and taken back, and who has locked what.
      work.run("exec 7> /docs/locked; flock 7");
      host.killSupervisor();
      LodgeHost.until("given again", () -> state("more", "vault").equals("mounted"));
      assertEquals("revoked", state("docs", "vault"));
    }
    try (GuestConsole work = new GuestConsole(host, "work");
        GuestConsole vault = new GuestConsole(host, "vault")) {
      assertIn("\nkept", vault.run("cat /more/kept"));
      assertIn("\nlock=1", vault.run("flock -n /more/locked true; echo lock=$?"));
      assertIn("\nkept", work.run("cat /docs/kept; exec 7>&-"));
      assertIn("\nlock=0", vault.run("flock -n /more/locked true; echo lock=$?"));

      // A guest that reboots itself has all of it again.
      String boot = bootId("vault");
      host.lodge("exec", "vault", "--", "busybox", "reboot");
      LodgeHost.until("it is up anew", () -> !Set.of(boot, "").contains(bootId("vault")));
      LodgeHost.until("mounted again", () -> state("more", "vault").equals("mounted"));
      assertIn("kept", host.lodge("exec", "vault", "--", "cat", "/more/kept").ok().out());

      // Both end, while one waits for the other: neither has to be forced.
      host.lodge("kill", "storage").ok();
      work.run("(cat /docs/kept > /tmp/waits) & :");
      host.lodge("stop", "work").ok();
      host.lodge("stop", "vault").ok();
      String log = host.lodge("logs").ok().out();
      assertFalse(log.contains("not powered off in time"), log);
    }
  }
}
