package org.lodge.vmm.qemu.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.VhostUserDevice;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmExit;
import org.lodge.vmm.VmmSpec;
import org.lodge.vmm.VmmState;

/**
 * Real guests under TCG. Wants the system properties {@code lodge.test.kernel} and {@code
 * lodge.test.initrd}: an initramfs that prints {@code guest: ready}, runs a shell on the console,
 * loads {@code pvpanic-mmio}, and powers off at the power button.
 */
@Tag("guest")
@Timeout(30)
class GuestTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  private final Heard heard = new Heard();
  private Path place;
  private QemuDriver driver;
  private VmmSpec spec;

  @BeforeEach
  void place() throws Exception {
    String kernel = System.getProperty("lodge.test.kernel");
    String initrd = System.getProperty("lodge.test.initrd");
    assumeTrue(kernel != null && initrd != null, "no guest to boot");
    place =
        Files.createTempDirectory(
            Path.of("/var/tmp"),
            "lodge-qemu",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    Path disk = Files.write(place.resolve("disk.img"), new byte[1 << 20]);
    driver = new QemuDriver(Optional.empty(), place.resolve("state"));
    spec =
        new VmmSpec(
            "work",
            place.resolve("run/work"),
            256L << 20,
            1,
            Accelerator.AUTO,
            Path.of(kernel),
            Optional.of(Path.of(initrd)),
            "console=ttyS0 quiet panic=-1",
            "console=ttyS0 quiet panic=-1 nokaslr cryptomgr.notests mitigations=off tsc=reliable"
                + " no_timer_check 8250.nr_uarts=1 sysrq_always_enabled=1",
            List.of(new VmmSpec.Disk("data", disk, false, true)),
            Optional.of(new VmmSpec.Screen(640, 480)),
            true,
            2);
  }

  @AfterEach
  void leaveNothing() throws Exception {
    if (place != null) {
      driver.killLeftBehind(spec.runDirectory(), LIMIT);
      try (var files = Files.walk(place)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  @Test
  void aGuestLivesAWholeLife() throws Exception {
    Vmm vmm = driver.create(spec, heard, LIMIT);
    assertEquals(VmmState.PRELAUNCH, vmm.state());
    assertThrows(VmmException.class, () -> driver.create(spec, heard, LIMIT));
    try (TestConsole console = new TestConsole(vmm.consoleSocket())) {
      vmm.resume();
      assertEquals("RUNNING", heard.await("RUNNING", 5));
      console.await("guest: ready", 15);
      vmm.pause();
      assertEquals("PAUSED", heard.await("PAUSED", 5));
      assertEquals(VmmState.PAUSED, vmm.state());
      vmm.resume();
      vmm.sendKeys(List.of("ctrl", "c"));
      VmmException wrong =
          assertThrows(VmmException.class, () -> vmm.sendKeys(List.of("no-such-key")));
      assertTrue(wrong.getMessage().contains("no keyboard has no-such-key"), wrong.getMessage());
      for (int i = 0; i < 2; i++) {
        Path png = place.resolve("screen.png");
        vmm.screenshot(png);
        assertTrue(Picture.isPng(Files.readAllBytes(png)));
      }
      console.type("dd if=/dev/zero of=/dev/vda bs=512 count=1 && echo wri''tten\n");
      console.await("written", 15);
      console.await("guest: button", 15);
      vmm.powerDown();
      VmmExit exit = vmm.exited().get(20, TimeUnit.SECONDS);
      assertTrue(exit.guestPoweredOff(), exit.toString());
      assertEquals("SHUTDOWN", heard.await("SHUTDOWN", 1));
    }
    assertTrue(driver.adopt(spec.runDirectory(), heard, LIMIT).isEmpty());
  }

  @Test
  void aRebootIsAResetAndAPanicIsACrash() throws Exception {
    Vmm vmm = driver.create(spec, heard, LIMIT);
    try (TestConsole console = new TestConsole(vmm.consoleSocket())) {
      vmm.resume();
      console.await("guest: ready", 15);
      console.type("reboot -f\n");
      assertEquals("RESET", heard.await("RESET", 10));
      console.await("guest: ready", 15);
      console.type("echo c >/proc/sysrq-trigger\n");
      console.await("Kernel panic", 15);
      assertEquals("CRASHED", heard.await("CRASHED", 10));
      assertEquals(VmmState.CRASHED, vmm.state());
      vmm.kill();
      VmmExit exit = vmm.exited().get(5, TimeUnit.SECONDS);
      assertFalse(exit.guestPoweredOff());
      assertTrue(exit.cause().contains("SIGKILL"), exit.cause());
    }
  }

  @Test
  void aReleasedGuestIsAdoptedByTheNextLodge() throws Exception {
    Vmm first = driver.create(spec, heard, LIMIT);
    first.resume();
    assertEquals("RUNNING", heard.await("RUNNING", 5));
    first.release(Duration.ofSeconds(1));
    assertFalse(first.exited().isDone());

    Heard later = new Heard();
    Vmm second =
        new QemuDriver(Optional.empty(), place.resolve("state"))
            .adopt(spec.runDirectory(), later, LIMIT)
            .orElseThrow();
    assertEquals(first.process(), second.process());
    assertEquals(first.commandLine(), second.commandLine());
    assertEquals(VmmState.RUNNING, second.state());
    VmmException occupied =
        assertThrows(
            VmmException.class,
            () -> driver.adopt(spec.runDirectory(), heard, Duration.ofMillis(300)));
    assertTrue(occupied.getMessage().contains("another program"), occupied.getMessage());
    second.pause();
    assertEquals("PAUSED", later.await("PAUSED", 5));
    second.quit();
    assertTrue(second.exited().get(5, TimeUnit.SECONDS).guestPoweredOff());
  }

  @Test
  void aDeviceIsPluggedAndItsRemovalWaitsForTheGuest() throws Exception {
    Optional<Path> daemon = Launcher.find("qemu-storage-daemon");
    assumeTrue(daemon.isPresent(), "no vhost-user back-end to plug");
    Vmm vmm = driver.create(spec, heard, LIMIT);
    Path socket = spec.runDirectory().resolve("blk.sock");
    Path image = Files.write(place.resolve("plugged.img"), new byte[1 << 20]);
    Process backEnd =
        new ProcessBuilder(
                daemon.get().toString(),
                "--blockdev",
                "driver=file,node-name=f,filename=" + image,
                "--export",
                "type=vhost-user-blk,id=e,node-name=f,addr.type=unix,addr.path=" + socket)
            .inheritIO()
            .start();
    try (TestConsole console = new TestConsole(vmm.consoleSocket())) {
      vmm.resume();
      console.await("guest: ready", 15);
      VhostUserDevice device =
          new VhostUserDevice("extra", "blk", socket, Map.of("num-queues", "1"));
      vmm.plug(device);
      assertThrows(VmmException.class, () -> vmm.plug(device));
      console.type("while [ ! -b /dev/vdb ]; do sleep 0.1; done; echo plug''ged\n");
      console.await("plugged", 15);
      vmm.pause();
      VmmException unwilling =
          assertThrows(VmmException.class, () -> vmm.unplug("extra", Duration.ofMillis(200)));
      assertTrue(unwilling.getMessage().contains("did not let go"), unwilling.getMessage());
      vmm.resume();
      assertEquals("GONE extra", heard.await("GONE extra", 15));
      vmm.unplug("extra", LIMIT);
      vmm.unplug("extra", LIMIT);
      console.type("while [ -b /dev/vdb ]; do sleep 0.1; done; echo go''ne\n");
      console.await("gone", 15);
      assertThrows(
          VmmException.class,
          () -> vmm.plug(new VhostUserDevice("x", "none-such", socket, Map.of())));
    } finally {
      backEnd.destroyForcibly().waitFor();
    }
  }

  @Test
  void aFailedStartSaysWhatQemuSaidAndLeavesNoProcess() throws Exception {
    Path notAKernel = Files.write(place.resolve("kernel"), new byte[1]);
    Files.setPosixFilePermissions(notAKernel, PosixFilePermissions.fromString("rw-r--r--"));
    VmmSpec broken =
        new VmmSpec(
            spec.guest(),
            spec.runDirectory(),
            spec.memoryBytes(),
            spec.cpus(),
            Accelerator.TCG,
            notAKernel,
            Optional.empty(),
            "",
            "",
            List.of(),
            Optional.empty(),
            false,
            0);
    VmmException failure =
        assertThrows(VmmException.class, () -> driver.create(broken, heard, LIMIT));
    assertEquals("exec", failure.stage());
    assertFalse(failure.lastLines().isEmpty(), failure.toString());
    assertFalse(driver.killLeftBehind(spec.runDirectory(), LIMIT));
  }
}
