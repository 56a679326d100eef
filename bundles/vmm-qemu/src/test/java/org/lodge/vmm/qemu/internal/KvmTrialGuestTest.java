package org.lodge.vmm.qemu.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("guest")
@Timeout(60)
class KvmTrialGuestTest {
  @TempDir Path directory;

  @Test
  void theTrialGuestRunsOnAProcessorThatIsWhole() throws Exception {
    Path rom = Files.write(directory.resolve("trial.rom"), KvmTrialGuest.image());
    Path qemu = Launcher.find("qemu-system-x86_64").orElseThrow();
    Process process =
        new ProcessBuilder(KvmTrialGuest.command(qemu, rom, "tcg", "max")).inheritIO().start();
    try {
      process.waitFor(50, TimeUnit.SECONDS);
    } finally {
      process.destroyForcibly();
    }
    assertEquals(0x21, process.waitFor());
  }

  @Test
  void aTrialUnderKvmEndsWithAWordWithinItsLimit() throws Exception {
    Launcher launcher = new Launcher(GuestUsers.of(1000, "0 0 4294967295"));
    Path qemu = Launcher.find("qemu-system-x86_64").orElseThrow();
    new KvmTrialGuest(launcher)
        .run(qemu, 1000, OptionalLong.empty())
        .failure()
        .ifPresent(why -> assertFalse(why.isBlank()));
  }
}
