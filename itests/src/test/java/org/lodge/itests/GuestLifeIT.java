package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.itests.LodgeHost.Result;

/** Real guests under whatever accelerator this host has, steered as a person does it. */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
class GuestLifeIT {
  private static final String SMALL = "{'image': 'storage', 'memory': '256M'}";

  /** Ctrl-]. */
  private static final int LEAVE = 0x1d;

  private LodgeHost host;

  @BeforeEach
  void aHostOfItsOwn() throws Exception {
    host = new LodgeHost();
  }

  @AfterEach
  void theHostEnds() throws Exception {
    host.close();
  }

  @Test
  void whatAGuestRequiresIsReadyBeforeItStartsAndStopsAfterIt() throws Exception {
    String patient = SMALL.replace("}", ", 'limits': {'stopSeconds': 90}}");
    host.define("below", patient);
    host.define("above", patient.replace("{'image'", "{'requires': ['below'], 'image'"));
    host.up();

    host.lodge("start", "above").ok();
    JsonObject below = host.show("below");
    JsonObject above = host.show("above");
    assertEquals("running", below.getString("state"));
    assertEquals("running", above.getString("state"));
    assertTrue(below.getJsonObject("startMillis").containsKey("ready"), below.toString());
    assertTrue(above.getJsonObject("startMillis").containsKey("ready"), above.toString());
    assertFalse(runningSince(above).isBefore(readySince(below)), below + "\n" + above);

    host.lodge("stop", "below").ok();
    JsonObject stoppedBelow = host.show("below");
    JsonObject stoppedAbove = host.show("above");
    assertEquals("stopped", stoppedBelow.getString("state"));
    assertEquals("stopped", stoppedAbove.getString("state"));
    assertFalse(
        Instant.parse(stoppedBelow.getString("since"))
            .isBefore(Instant.parse(stoppedAbove.getString("since"))));
    assertFalse(stoppedBelow.containsKey("failure"), "powered off by itself, not ended");
  }

  @Test
  void aMonitorThatIsKilledIsAFailureAndIsStartedAgainWhereTheDefinitionSaysSo() throws Exception {
    host.define("never", SMALL);
    host.define(
        "again",
        "{'image': 'storage', 'memory': '256M',"
            + " 'restart': {'policy': 'on-failure', 'backoffSeconds': 1, 'limit': 3}}");
    host.up();
    host.lodge("start", "never", "again").ok();
    long first = host.pid("again");

    kill(host.pid("never"));
    kill(first);

    host.await("never", "failed", guest -> guest.getString("state").equals("failed"));
    JsonObject failure = host.show("never").getJsonObject("failure");
    assertTrue(failure.getString("cause").contains("9"), failure.toString());
    host.await(
        "again",
        "running again",
        guest ->
            guest.getString("state").equals("running")
                && guest.getJsonNumber("pid").longValue() != first);
    assertEquals(1, host.show("again").getInt("restarts"));
    assertEquals("failed", host.state("never"));
  }

  @Test
  void guestsOutliveAKilledLodgeAndTheNextOneFindsThemAsTheyAre() throws Exception {
    host.define("runs", SMALL);
    host.define("pauses", SMALL);
    host.up();
    host.lodge("start", "runs", "pauses").ok();
    host.lodge("pause", "pauses").ok();
    long runs = host.pid("runs");
    long pauses = host.pid("pauses");

    host.killSupervisor();

    assertEquals("running", host.state("runs"));
    assertEquals("paused", host.state("pauses"));
    assertEquals(runs, host.pid("runs"));
    assertEquals(pauses, host.pid("pauses"));
    host.await("runs", "ready, as its agent says", guest -> guest.getBoolean("ready", false));
    host.lodge("resume", "pauses").ok();
    host.lodge("stop", "runs", "pauses").ok();
    assertFalse(LodgeHost.lives(runs));
    assertFalse(LodgeHost.lives(pauses));
  }

  @Test
  void downKeepLeavesGuestsAndDownStopsThem() throws Exception {
    host.define("work", SMALL);
    host.up();
    host.lodge("start", "work").ok();
    long pid = host.pid("work");

    host.lodge("down", "--keep").ok();
    assertTrue(LodgeHost.lives(pid));
    LodgeHost.until("Lodge has ended", () -> host.lodge("ls").exit() == 3);
    host.up();
    assertEquals(pid, host.pid("work"));

    host.lodge("down").ok();
    assertFalse(LodgeHost.lives(pid));
    LodgeHost.until("Lodge has ended", () -> host.lodge("ls").exit() == 3);
  }

  @Test
  void aBadDefinitionIsRefusedByNameAndTouchesNoOther() throws Exception {
    host.define("good", SMALL);
    host.define("bad", "{'image': 'storage', 'memroy': '256M', 'cpus': 'two'}");
    host.define("Bad_Name", SMALL);
    host.define("round", "{'image': 'storage', 'requires': ['about']}");
    host.define("about", "{'image': 'storage', 'requires': ['round']}");
    Path shares = Files.createDirectories(host.config.resolve("share"));
    Files.writeString(shares.resolve("papers.json"), "{\"from\": \"storage\", \"pth\": \"/srv\"}");

    Result check = host.lodge("check");
    assertEquals(1, check.exit(), check.out() + check.err());
    assertTrue(check.out().contains("memroy") && check.out().contains("memory"), check.out());
    assertTrue(check.out().contains("cpus") && check.out().contains("two"), check.out());
    assertTrue(check.out().contains("Bad_Name"), check.out());
    assertTrue(check.out().contains("share/papers.json: pth"), check.out());
    assertTrue(
        check.out().contains("about -> round -> about")
            || check.out().contains("round -> about -> round"),
        check.out());

    host.up();
    assertNotEquals(0, host.lodge("start", "bad").exit());
    host.lodge("start", "good").ok();

    host.define("good", "{'image': 'storage', 'memory': '320M'}");
    host.await("good", "pending", guest -> guest.getBoolean("pending"));
    assertEquals("running", host.state("good"));
    host.lodge("restart", "good").ok();
    assertFalse(host.show("good").getBoolean("pending"));
    assertEquals(320L << 20, host.show("good").getJsonNumber("memoryBytes").longValue());

    host.remove("good");
    host.await("good", "pending", guest -> guest.getBoolean("pending"));
    assertEquals("running", host.state("good"));
  }

  @Test
  void everyCommandIsAnsweredAtEveryInstantOfAStart() throws Exception {
    host.define("work", SMALL);
    host.up();
    for (String command : List.of("pause", "resume", "stop", "kill", "restart")) {
      for (int delayMillis = 0; delayMillis <= 200; delayMillis += 200) {
        Process start = begin("start", "work");
        Thread.sleep(delayMillis);
        Result result = host.lodge(command, "work");
        assertTrue(
            result.exit() == 0 || result.err().startsWith("lodge: "),
            command + " after " + delayMillis + " ms: " + result);
        host.lodge("kill", "work").ok();
        assertTrue(start.waitFor(60, TimeUnit.SECONDS), "start hangs after " + command);
      }
    }
  }

  @Test
  void aMonitorRunsWithoutRightsInADirectoryOfItsOwn() throws Exception {
    host.define("one", SMALL);
    host.define("two", SMALL);
    host.up();
    host.lodge("start", "one", "two").ok();
    List<String> users = new ArrayList<>();
    for (String name : List.of("one", "two")) {
      String status = Files.readString(Path.of("/proc/" + host.pid(name) + "/status"));
      assertTrue(status.contains("NoNewPrivs:\t1"), status);
      assertTrue(status.contains("Seccomp:\t2"), status);
      assertTrue(status.contains("CapEff:\t0000000000000000"), status);
      assertTrue(status.contains("CapBnd:\t0000000000000000"), status);
      Path directory = host.run.resolve("vm").resolve(name);
      users.add(Files.getAttribute(directory, "unix:gid").toString());
      int mode = (int) Files.getAttribute(directory, "unix:mode") & 0777;
      assertEquals(
          0, mode & 027, "its own user may pass and neither write there nor let others in");
      assertFalse(status.contains("Uid:\t0"), status);
    }
    assertNotEquals(users.get(0), users.get(1), "each guest's monitor has a user of its own");
  }

  @Test
  void theConsoleTypesIntoTheGuestAndTheLogKeepsWhatItSaid() throws Exception {
    host.define("work", SMALL);
    host.up();
    host.lodge("start", "work").ok();
    type("work", "echo lod''ge-says-$((40+2))", "lodge-says-42");
    Result logs = host.lodge("logs", "work").ok();
    assertTrue(logs.out().contains("lodge: user space"), logs.out());
    assertTrue(logs.out().contains("lodge-says-42"), logs.out());
  }

  @Test
  void aKernelPanicIsToldAsOne() throws Exception {
    host.define("work", SMALL);
    host.up();
    host.lodge("start", "work").ok();
    try (GuestConsole console = new GuestConsole(host, "work")) {
      console.type("echo c > /proc/sysrq-trigger\n");
      host.await("work", "failed", guest -> guest.getString("state").equals("failed"));
    }
    String cause = host.show("work").getJsonObject("failure").getString("cause");
    assertTrue(cause.contains("panicked"), cause);
  }

  /** Types a line on the guest's console, waits for a word of what comes back, and leaves. */
  private void type(String guest, String line, String expected) throws Exception {
    Path typed = Files.createTempFile(host.place, "console", "");
    Process console =
        host.begin(typed, Files.createTempFile(host.place, "err", ""), "console", guest);
    try (OutputStream keys = console.getOutputStream()) {
      keys.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      keys.flush();
      LodgeHost.until("the guest answers", () -> Files.readString(typed).contains(expected));
      keys.write(LEAVE);
      keys.flush();
      assertTrue(console.waitFor(60, TimeUnit.SECONDS), "Ctrl-] leaves");
    }
  }

  private Process begin(String... arguments) throws Exception {
    return host.begin(
        Files.createTempFile(host.place, "out", ""),
        Files.createTempFile(host.place, "err", ""),
        arguments);
  }

  private static Instant runningSince(JsonObject guest) {
    return Instant.parse(guest.getString("since"));
  }

  private static Instant readySince(JsonObject guest) {
    JsonObject times = guest.getJsonObject("startMillis");
    return Instant.parse(guest.getString("since"))
        .plusMillis(times.getInt("ready") - times.getInt("running"));
  }

  private static void kill(long pid) throws Exception {
    ProcessHandle process = ProcessHandle.of(pid).orElseThrow();
    process.destroyForcibly();
    process.onExit().get(60, TimeUnit.SECONDS);
  }
}
