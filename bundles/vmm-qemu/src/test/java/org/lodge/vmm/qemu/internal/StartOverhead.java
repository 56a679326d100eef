package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmSpec;

/**
 * Measures what {@code create} adds to QEMU's own start: arguments are a kernel, an initramfs and
 * how often. Prints milliseconds until QEMU has answered, by Lodge and by the bare command line.
 */
final class StartOverhead {
  private static final String CAPABILITIES = "{\"execute\": \"qmp_capabilities\"}\n";

  private StartOverhead() {}

  public static void main(String[] arguments) throws Exception {
    Path place =
        Files.createTempDirectory(
            Path.of("/var/tmp"),
            "lodge-overhead",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    int rounds = Integer.parseInt(arguments[2]);
    VmmSpec spec =
        new VmmSpec(
            "work",
            place.resolve("run/work"),
            512L << 20,
            1,
            Accelerator.AUTO,
            Path.of(arguments[0]),
            Optional.of(Path.of(arguments[1])),
            "quiet",
            "quiet",
            List.of(),
            Optional.of(new VmmSpec.Screen(1024, 768)),
            false,
            4);
    double[] byLodge = new double[rounds];
    double[] byHand = new double[rounds];
    for (int i = 0; i < rounds; i++) {
      QemuDriver driver = new QemuDriver(Optional.empty(), place.resolve("state"));
      long begin = System.nanoTime();
      Vmm vmm = driver.create(spec, new Heard(), Duration.ofSeconds(20));
      byLodge[i] = (System.nanoTime() - begin) / 1e6;
      vmm.kill();
      vmm.exited().get();
      byHand[i] = byHand(vmm.commandLine(), spec.runDirectory().resolve("qmp.sock"));
    }
    System.out.printf("first by Lodge %.1f, by hand %.1f%n", byLodge[0], byHand[0]);
    Arrays.sort(byLodge);
    Arrays.sort(byHand);
    System.out.printf(
        "of %d: median by Lodge %.1f, by hand %.1f; least by Lodge %.1f, by hand %.1f%n",
        rounds, byLodge[rounds / 2], byHand[rounds / 2], byLodge[0], byHand[0]);
  }

  private static double byHand(List<String> command, Path socket) throws Exception {
    Files.deleteIfExists(socket);
    long begin = System.nanoTime();
    Process process =
        new ProcessBuilder(new ArrayList<>(command))
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    while (true) {
      try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
        QmpLines lines = new QmpLines(channel, 1 << 16);
        lines.next();
        channel.write(ByteBuffer.wrap(CAPABILITIES.getBytes(StandardCharsets.US_ASCII)));
        lines.next();
        break;
      } catch (IOException e) {
        Thread.sleep(1);
      }
    }
    double elapsed = (System.nanoTime() - begin) / 1e6;
    process.destroyForcibly().waitFor();
    return elapsed;
  }
}
