package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two guests that call each other through Lodge, as programs in them see it. */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
class ConnectIT {
  private static final String WORK = "{'image': 'storage', 'memory': '192M', 'tags': ['dev']}";
  private static final String VAULT =
      "{'image': 'storage', 'memory': '192M', 'services': {"
          + "'hash': {'command': ['/usr/bin/busybox', 'sha256sum']},"
          + "'who': {'command': ['/bin/sh', '-c',"
          + " 'id -un; echo $LODGE_SERVICE+$LODGE_ARGUMENT of $LODGE_SOURCE; exit 3'],"
          + " 'user': 'nobody'},"
          + "'endless': {'command': ['/usr/bin/busybox', 'cat', '/dev/zero']},"
          + "'silent': {'command': ['/bin/sh', '-c', 'echo here; exec sleep 1000']},"
          + "'missing': {'command': ['/nowhere']},"
          + "'echo': {'port': 7007}MORE}}";
  private static final String POLICY =
      "hash @tag:dev vault allow\nwho work @default allow target=vault\nendless work vault allow\n"
          + "silent work vault allow\nmissing work vault allow\necho work vault allow\n"
          + "late work vault allow\n";

  /** What lodge-call ends with where the connection was lost. */
  private static final String LOST = "ended=125";

  private static LodgeHost host;
  private GuestConsole work;
  private GuestConsole vault;

  @BeforeAll
  static void twoGuests() throws Exception {
    host = new LodgeHost();
    Path rules = Files.createDirectories(host.config.resolve("policy.d"));
    Files.writeString(rules.resolve("50-test.policy"), POLICY);
    host.define("work", WORK);
    host.define("vault", VAULT.replace("MORE", ""));
    host.up();
    host.lodge("start", "work", "vault").ok();
  }

  @AfterAll
  static void theHostEnds() throws Exception {
    host.close();
  }

  @BeforeEach
  void consoles() throws IOException {
    work = new GuestConsole(host, "work");
    vault = new GuestConsole(host, "vault");
  }

  @AfterEach
  void consolesEnd() {
    work.close();
    vault.close();
  }

  /** Lines that the last command wrote, without the echo of what was typed. */
  private static String last(String text) {
    String[] lines = text.strip().split("\\R");
    return lines[lines.length - 1].strip();
  }

  private String call(String arguments) throws Exception {
    return work.run("lodge-call " + arguments + "; echo ended=$?");
  }

  @Test
  void whatAnotherGuestOffersIsCalledAndTellsHowItEnded() throws Exception {
    String hashes =
        work.run(
            "head -c 8000000 /dev/urandom > /tmp/f; sha256sum < /tmp/f > /tmp/a;"
                + " lodge-call vault hash < /tmp/f > /tmp/b; echo $?; cmp /tmp/a /tmp/b && echo sa''me");
    assertEquals("same", last(hashes), hashes);

    String who = call("@default who a.b");
    assertTrue(who.contains("nobody") && who.contains("who+a.b of work"), who);
    assertEquals("ended=3", last(who), "the exit code of the program there");

    vault.run("nc -ll -p 7007 -e cat & :");
    LodgeHost.until(
        "the server there answers",
        () -> last(work.run("echo through | lodge-call vault echo")).equals("through"));
  }

  @Test
  void aRefusedCallSaysWhyInTheGuestAndIsAudited() throws Exception {
    String denied = call("vault sign");
    assertEquals("ended=126", last(denied));
    assertTrue(denied.contains("denied by the policy"), denied);
    LodgeHost.until(
        "the audit has it",
        () ->
            Files.readString(host.place.resolve("state/log/lodge.log"))
                .contains("no rule matches sign work vault"));

    String missing = call("vault missing");
    assertTrue(missing.contains("could not be started"), missing);
    assertEquals("ended=126", last(missing));
    String nobody = vault.run("lodge-call work hash; echo ended=$?");
    assertTrue(nobody.contains("denied"), nobody);
  }

  @Test
  void anEditedDefinitionIsOfferedAtOnce() throws Exception {
    assertTrue(call("vault late").contains("not offered"));
    host.define(
        "vault", VAULT.replace("MORE", ",'late': {'command': ['/bin/sh', '-c', 'echo now']}"));
    LodgeHost.until("it is offered", () -> call("vault late").contains("\nnow"));
    host.define("vault", VAULT.replace("MORE", ""));
    LodgeHost.until("it is not", () -> call("vault late").contains("not offered"));
  }

  @Test
  void whoeverDiesItsPeersSeeAResetAndEverythingNewWorks() throws Exception {
    transferAndWait();
    // The one that serves; the other starts it again.
    vault.run("kill -9 $(ps | awk '/[@]lodge/{p=$1} END{print p}')");
    assertBothLost("the agent died");

    transferAndWait();
    host.lodge("kill", "vault").ok();
    assertBothLost("the guest died");
    host.lodge("start", "vault").ok();
    vault.close();
    vault = new GuestConsole(host, "vault");

    transferAndWait();
    work.close();
    host.killSupervisor();
    work = new GuestConsole(host, "work");
    assertBothLost("Lodge died");
    callsWork();
  }

  @Test
  void aGuestThatWasPausedWhileLodgeDiedIsToldSoWhenItRunsOn() throws Exception {
    transferAndWait();
    work.close();
    host.lodge("pause", "work").ok();
    host.killSupervisor();
    host.killSupervisor();
    host.lodge("resume", "work").ok();
    work = new GuestConsole(host, "work");
    assertBothLost("Lodge died while the guest was paused");
    callsWork();
  }

  private void callsWork() throws Exception {
    LodgeHost.until(
        "calls work", () -> last(work.run("lodge-call vault hash </dev/null")).endsWith("-"));
  }

  /**
   * Two calls of work: one that carries bytes without end, and one that waits in silence. Both are
   * open when their first bytes are there: what is lost before that counts as refused.
   */
  private void transferAndWait() throws Exception {
    callsWork();
    work.run(
        "rm -f /tmp/loud /tmp/quiet /tmp/begun /tmp/here /tmp/pipe; mkfifo /tmp/pipe;"
            + " (exec </dev/null; lodge-call vault endless 2>/dev/null | head -c 100000 >/tmp/first;"
            + " lodge-call vault endless >/tmp/pipe 2>/dev/null; echo ended=$? >/tmp/loud) &"
            + " (head -c 1 >/tmp/begun; exec cat >/dev/null) </tmp/pipe &"
            + " (lodge-call vault silent </dev/null >/tmp/here 2>/dev/null;"
            + " echo ended=$? >/tmp/quiet) & :");
    LodgeHost.until(
        "both are open",
        () ->
            last(work.run("[ -s /tmp/begun ] && [ -s /tmp/here ] && echo bo''th")).equals("both"));
  }

  private void assertBothLost(String why) throws Exception {
    LodgeHost.until(
        why, () -> last(work.run("cat /tmp/loud /tmp/quiet 2>/dev/null | wc -l")).equals("2"));
    String ends = work.run("cat /tmp/loud /tmp/quiet");
    assertTrue(ends.matches("(?s).*" + LOST + "\\s+" + LOST + ".*"), why + ": " + ends);
  }

  @Test
  void newLogicOfTheDeviceTakesOverUnderATransfer() throws Exception {
    transfer();
    DeviceVersions versions = new DeviceVersions(host, "device-vsock");
    Path newer = versions.deploy("1.1.0");
    awaitVersion("1.1.0");
    Files.delete(newer);
    awaitVersion("1.0.0");
    assertWhole();
  }

  @Test
  void aPauseOfEitherGuestEndsNoConnection() throws Exception {
    transfer();
    for (String guest : List.of("vault", "work")) {
      host.lodge("pause", guest).ok();
      // Longer than a guest takes to tell the other that it has gone.
      Thread.sleep(3000);
      host.lodge("resume", guest).ok();
    }
    assertWhole();
    work.close();
    host.killSupervisor();
    work = new GuestConsole(host, "work");
    host.lodge("pause", "work").ok();
    host.lodge("resume", "work").ok();
    callsWork();
  }

  /** Bytes go from work to vault until {@link #assertWhole}. */
  private void transfer() throws Exception {
    work.run(
        "rm -f /tmp/stop /tmp/rounds; head -c 1000000 /dev/urandom > /tmp/r;"
            + " (while [ ! -e /tmp/stop ]; do cat /tmp/r; echo . >> /tmp/rounds; done"
            + " | lodge-call vault hash > /tmp/there) & :");
    LodgeHost.until(
        "more has gone than waits to go",
        () -> last(work.run("ls /tmp/rounds")).equals("/tmp/rounds"));
  }

  private void assertWhole() throws Exception {
    String hashes =
        work.run(
            "touch /tmp/stop; wait; for i in $(cat /tmp/rounds); do cat /tmp/r; done | sha256sum"
                + " > /tmp/here; cmp /tmp/here /tmp/there && echo sa''me");
    assertEquals("same", last(hashes), hashes);
  }

  private static void awaitVersion(String version) throws Exception {
    LodgeHost.until(
        version + " serves both guests",
        () -> isServedBy("work", version) && isServedBy("vault", version));
  }

  private static boolean isServedBy(String guest, String version) throws Exception {
    return host.device(guest, "vsock").getString("version").equals(version);
  }

  @Test
  void descriptorsAreGivenBack() throws Exception {
    String many =
        "for i in $(seq 150); do lodge-call vault hash </dev/null >/dev/null || echo bad; done";
    String agentDescriptors =
        "for p in $(ps | awk '/[@]lodge/{print $1}'); do ls /proc/$p/fd; done | wc -l";
    work.run(many);
    int inWork = number(work, agentDescriptors);
    int inVault = number(vault, agentDescriptors);
    long onHost = descriptors();
    String calls = work.run(many);
    assertTrue(!calls.contains("\nbad"), calls);
    LodgeHost.until("work's agent has closed all", () -> number(work, agentDescriptors) <= inWork);
    LodgeHost.until(
        "vault's agent has closed all", () -> number(vault, agentDescriptors) <= inVault);
    LodgeHost.until("Lodge has closed all", () -> descriptors() <= onHost);
  }

  private static int number(GuestConsole guest, String command) throws Exception {
    return Integer.parseInt(last(guest.run(command)));
  }

  private static long descriptors() throws IOException {
    try (Stream<Path> open = Files.list(Path.of("/proc/" + host.supervisor() + "/fd"))) {
      return open.count();
    }
  }
}
