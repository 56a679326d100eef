package org.lodge.vmm.qemu.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.AcceleratorChoice;
import org.lodge.vmm.ProcessIdentity;

@Timeout(60)
class ProcessRecordTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @TempDir Path directory;
  private Process stranger;

  @BeforeEach
  void startStranger() throws Exception {
    stranger = new ProcessBuilder("sleep", "60").start();
  }

  @AfterEach
  void endStranger() {
    stranger.destroyForcibly();
  }

  private ProcessRecord record(ProcessIdentity process) {
    return new ProcessRecord(
        "work",
        process,
        4_000_000_000L,
        new AcceleratorChoice(Accelerator.TCG, "because"),
        List.of("qemu", "-append", "a \"b\" \u00e9"));
  }

  @Test
  void aRecordIsReadAsItWasWritten() throws Exception {
    ProcessRecord written = record(ProcessIdentities.of(stranger.pid()).orElseThrow());
    written.write(directory);
    assertEquals(Optional.of(written), ProcessRecord.read(directory));
    try (var files = Files.list(directory)) {
      assertEquals(1, files.count());
    }
  }

  @Test
  void aRecordThatIsNoRecordIsNone() throws Exception {
    assertEquals(Optional.empty(), ProcessRecord.read(directory));
    for (String text : List.of("", "[]", "{", "{\"pid\":\"1\"}", "{\"pid\":1}", "\u0000")) {
      Files.writeString(directory.resolve(ProcessRecord.FILE), text);
      assertEquals(Optional.empty(), ProcessRecord.read(directory), text);
    }
  }

  @Test
  void aProcessWithARecycledIdIsNeitherAdoptedNorTouched() throws Exception {
    ProcessIdentity living = ProcessIdentities.of(stranger.pid()).orElseThrow();
    QemuDriver driver = new QemuDriver(Optional.empty(), directory.resolve("state"));
    for (ProcessIdentity stale :
        List.of(
            new ProcessIdentity(living.pid(), living.startTicks() - 1, living.bootId()),
            new ProcessIdentity(living.pid(), living.startTicks(), "another boot"))) {
      Path run = Files.createDirectories(directory.resolve("run"));
      record(stale).write(run);
      Files.createFile(run.resolve(RunDirectory.QMP_SOCKET));
      assertTrue(driver.adopt(run, new Heard(), LIMIT).isEmpty());
      assertFalse(Files.exists(run.resolve(ProcessRecord.FILE)));
      assertFalse(Files.exists(run.resolve(RunDirectory.QMP_SOCKET)));
      record(stale).write(run);
      assertFalse(driver.killLeftBehind(run, LIMIT));
      assertTrue(stranger.isAlive());
    }
  }

  @Test
  void theRecordedProcessIsEndedWhetherItAnswersOrNot() throws Exception {
    record(ProcessIdentities.of(stranger.pid()).orElseThrow()).write(directory);
    assertTrue(
        new QemuDriver(Optional.empty(), directory.resolve("state"))
            .killLeftBehind(directory, LIMIT));
    assertTrue(stranger.waitFor(30, TimeUnit.SECONDS));
  }

  @Test
  void aProcessThatHasEndedAndIsNotReapedDoesNotLive() throws Exception {
    // A shell that never waits keeps its child as a zombie.
    Process parent = new ProcessBuilder("sh", "-c", "sleep 0 & echo $!; exec sleep 60").start();
    try {
      long zombie = Long.parseLong(parent.inputReader().readLine());
      while (!Files.readString(Path.of("/proc/" + zombie + "/stat")).contains(") Z ")) {
        Thread.sleep(1);
      }
      assertEquals(Optional.empty(), ProcessIdentities.of(zombie));
    } finally {
      parent.destroyForcibly();
    }
  }
}
