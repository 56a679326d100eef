package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.itests.LodgeHost.Result;

/** What a person does in guests from the shell of the host: two guests, booted once. */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
class CommandsIT {
  private static LodgeHost host;

  @BeforeAll
  static void twoGuests() throws Exception {
    host = new LodgeHost();
    Path rules = Files.createDirectories(host.config.resolve("policy.d"));
    Files.writeString(rules.resolve("50-test.policy"), "open @any @any ask timeoutSeconds=60\n");
    host.define("work", "{'image': 'ssh', 'memory': '160M'}");
    host.define(
        "vault",
        "{'image': 'ssh', 'memory': '160M', 'services': {"
            + "'open': {'command': ['/bin/sh', '-c', 'echo opened for $LODGE_SOURCE']},"
            + "'endless': {'command': ['/usr/bin/busybox', 'cat', '/dev/zero']}}}");
    host.define("off", "{'image': 'ssh', 'memory': '160M'}");
    host.image("ssh");
    host.up();
    host.lodge("start", "work", "vault").ok();
  }

  @AfterAll
  static void theHostEnds() throws Exception {
    host.close();
  }

  private static JsonObject json(String... command) throws Exception {
    return LodgeHost.json(host.lodge(command).ok().out()).asJsonObject();
  }

  @Test
  void aProgramInAGuestIsAsIfItRanHere() throws Exception {
    Result result =
        host.lodge("exec", "work", "--", "sh", "-c", "echo out; echo err >&2; kill -15 $$");
    assertEquals(143, result.exit());
    assertEquals("out\n", result.out());
    assertEquals("err\n", result.err());
    String ann = host.lodge("exec", "-u", "ann", "work", "--", "busybox", "id").ok().out();
    assertTrue(ann.startsWith("uid=1000(ann) gid=1000(ann)") && ann.contains("10(wheel)"), ann);
    assertEquals(
        "/tmp b=1\n",
        host.lodge("exec", "-C", "/tmp", "-e", "a=b=1", "work", "--", "sh", "-c", "echo $PWD $a")
            .ok()
            .out());
    String terminal = host.lodge("exec", "-t", "work", "--", "busybox", "tty").ok().out();
    assertTrue(terminal.startsWith("/dev/pts/"), terminal);
    assertEquals(127, host.lodge("exec", "work", "--", "nothing-of-this-name").exit());
    Result off = host.lodge("exec", "off", "--", "true");
    assertEquals(125, off.exit());
    assertTrue(off.err().contains("off is not started; start it with: lodge start off"), off.err());
  }

  @Test
  void theGuestItselfIsShown() throws Exception {
    JsonObject guest = host.show("work");
    assertTrue(guest.getBoolean("ready"));
    assertEquals("work", guest.getJsonObject("agent").getString("hostName"));
    assertTrue(guest.getJsonObject("agent").getJsonNumber("memoryBytes").longValue() > 64 << 20);
    assertEquals(3, guest.getJsonObject("agent").getJsonArray("loads").size());
    Result screen = host.lodge("screenshot", "work");
    assertTrue(screen.err().contains("the guest has no screen"), screen.err());
    Result keys = host.lodge("keys", "work", "frob");
    assertTrue(keys.err().contains("no keyboard has frob"), keys.err());
  }

  @Test
  void filesAndFoldersAreCopiedInOutAndAcross() throws Exception {
    Path folder = Files.createDirectories(host.place.resolve("tree/sub"));
    byte[] bytes = new byte[3 << 20];
    new Random(7).nextBytes(bytes);
    Files.write(folder.resolve("big"), bytes);
    Files.createSymbolicLink(folder.resolve("link"), Path.of("big"));
    Path tree = folder.getParent();
    host.lodge("cp", "-r", tree.toString(), "work:/tmp/").ok();
    host.lodge("cp", "-r", "work:/tmp/tree", "vault:/tmp/copy").ok();
    host.lodge("cp", "vault:/tmp/copy/sub/big", "work:/tmp/alone").ok();
    Path back = host.place.resolve("back");
    host.lodge("cp", "-r", "vault:/tmp/copy", back.toString()).ok();
    assertEquals(-1, Files.mismatch(folder.resolve("big"), back.resolve("sub/big")));
    assertEquals(Path.of("big"), Files.readSymbolicLink(back.resolve("sub/link")));
    Path alone = host.place.resolve("alone");
    host.lodge("cp", "work:/tmp/alone", alone.toString()).ok();
    assertEquals(-1, Files.mismatch(folder.resolve("big"), alone));
    Result missing = host.lodge("cp", "work:/tmp/nothing", alone.toString());
    assertEquals(1, missing.exit());
    assertTrue(missing.err().contains("work:/tmp/nothing: No such file"), missing.err());

    String full = "mkdir /tmp/full && busybox mount -t tmpfs -o size=1m none /tmp/full";
    host.lodge("exec", "work", "--", "sh", "-c", full).ok();
    for (String[] copy :
        new String[][] {
          {"cp", folder.resolve("big").toString(), "work:/tmp/full/big"},
          {"cp", "-r", tree.toString(), "work:/tmp/full/tree"}
        }) {
      Result noRoom = host.lodge(copy);
      assertEquals(1, noRoom.exit());
      assertTrue(noRoom.err().contains("No space left"), noRoom.err());
    }
  }

  @Test
  void sshReachesAGuestThatHasNoNetwork() throws Exception {
    Path key = host.place.resolve("key");
    run(null, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key.toString());
    host.lodge("exec", "work", "--", "mkdir", "-p", "-m", "700", "/root/.ssh").ok();
    host.lodge("cp", key + ".pub", "work:.ssh/authorized_keys").ok();
    Path config = host.place.resolve("ssh_config");
    Files.writeString(config, host.lodge("ssh-config", "work").ok().out());
    Path letter = Files.writeString(host.place.resolve("letter"), "a letter");
    String said =
        run(
            letter,
            "ssh",
            "-F",
            config.toString(),
            "-o",
            "IdentitiesOnly=yes",
            "-i",
            key.toString(),
            "work",
            "busybox id -un; busybox cat");
    assertEquals("root\na letter", said);
    Result nobody = host.lodge("connect", "work:9");
    assertEquals(1, nobody.exit());
    assertTrue(nobody.err().contains("nothing listens on 127.0.0.1:9 in work"), nobody.err());
  }

  private static String run(Path input, String... command) throws Exception {
    Path out = Files.createTempFile(host.place, "out", "");
    Path err = Files.createTempFile(host.place, "err", "");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(err.toFile());
    builder.redirectInput((input == null ? Path.of("/dev/null") : input).toFile());
    Process process = builder.redirectOutput(out.toFile()).start();
    assertTrue(process.waitFor(120, TimeUnit.SECONDS), () -> "hangs: " + List.of(command));
    assertEquals(0, process.exitValue(), Files.readString(err));
    return Files.readString(out);
  }

  @Test
  void aPersonAnswersAndPicksTheTarget() throws Exception {
    Path out = Files.createTempFile(host.place, "out", "");
    Process call = host.begin(out, out, "exec", "work", "--", "lodge-call", "@default", "open");
    call.getOutputStream().close();
    LodgeHost.until("somebody is asked", () -> !asks().isEmpty());
    JsonObject ask = asks().getJsonObject(0);
    assertEquals("50-test.policy:1", ask.getString("rule"));
    host.lodge("asks", "" + ask.getInt("id"), "yes", "vault").ok();
    assertTrue(call.waitFor(60, TimeUnit.SECONDS));
    assertEquals("opened for work\n", Files.readString(out));
    assertEquals(1, host.lodge("asks", "" + ask.getInt("id"), "no").exit(), "it is answered");
  }

  private static JsonArray asks() throws Exception {
    return json("asks", "--json").getJsonArray("asks");
  }

  @Test
  void aTemporaryRuleLetsACallThroughWhichIsListedAndEnded() throws Exception {
    Result denied = host.lodge("exec", "work", "--", "lodge-call", "vault", "endless");
    assertEquals(126, denied.exit());
    assertTrue(
        host.lodge("policy", "explain", "endless", "work", "vault").ok().out().contains("denied"));
    JsonObject rule =
        json("policy", "allow", "endless", "work", "vault", "--json").getJsonObject("rule");
    Path out = Files.createTempFile(host.place, "out", "");
    Process call =
        host.begin(
            out,
            out,
            "exec",
            "-n",
            "work",
            "--",
            "sh",
            "-c",
            "lodge-call vault endless >/dev/null");
    LodgeHost.until(
        "it is open and carries bytes",
        () ->
            endless()
                .filter(each -> each.getJsonNumber("backwardBytes").longValue() > 1 << 20)
                .isPresent());
    host.lodge("connections", "--end", "" + endless().orElseThrow().getInt("id")).ok();
    assertTrue(call.waitFor(60, TimeUnit.SECONDS));
    assertNotEquals(0, call.exitValue(), "the caller hears that it was lost");
    host.lodge("policy", "forget", "" + rule.getInt("line")).ok();
    assertEquals(126, host.lodge("exec", "work", "--", "lodge-call", "vault", "endless").exit());
  }

  /** The connection to the service of that name. */
  private static Optional<JsonObject> endless() throws Exception {
    return json("connections", "--json").getJsonArray("connections").stream()
        .map(each -> each.asJsonObject())
        .filter(each -> each.getString("service").equals("endless"))
        .findFirst();
  }
}
