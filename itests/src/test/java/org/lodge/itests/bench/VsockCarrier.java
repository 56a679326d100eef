package org.lodge.itests.bench;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lodge.itests.vsock.VsockServerJar;

/**
 * A process that serves the virtio sockets of two guests, with the context ids 3 and 4.
 *
 * @param name for the table
 * @param folder of the guests' devices, {@code 3.sock}, and of host programs' ways to them, {@code
 *     3.uds}
 * @param pid of the process that moves the bytes
 * @param writeBytesMax what a guest may write at once without a standstill
 * @param relayed whether a program of the host has to pass streams of bytes from guest to guest
 */
record VsockCarrier(
    String name, Path folder, long pid, int writeBytesMax, boolean relayed, Closeable process)
    implements AutoCloseable {
  /** A Lodge that runs already. */
  static VsockCarrier lodge(BenchHost host) throws Exception {
    Path folder = Files.createDirectories(host.place().resolve("vsock"));
    Path jar = VsockServerJar.deploy(host.place().resolve("state/deploy"), folder);
    DiskPeer.awaitFile(folder.resolve("ready"));
    return new VsockCarrier(
        "Lodge", folder, host.supervisor(), Integer.MAX_VALUE, false, () -> Files.delete(jar));
  }

  /**
   * Debian's vhost-device-vsock 0.3. Its guests reach each other's context ids, but a stream of
   * bytes between them comes to a standstill; writes of more than 32 KiB do too with a guest kernel
   * that sends them in several descriptors (Linux 6.12).
   */
  static VsockCarrier peer(Path folder, List<String> program) throws Exception {
    Files.createDirectories(folder);
    List<String> command = new ArrayList<>(program);
    for (int cid = 3; cid <= 4; cid++) {
      Path base = folder.resolve(Integer.toString(cid));
      command.add("--vm");
      command.add("guest-cid=%d,socket=%s.sock,uds-path=%s.uds".formatted(cid, base, base));
    }
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    DiskPeer.awaitFile(folder.resolve("3.sock"));
    DiskPeer.awaitFile(folder.resolve("4.sock"));
    return new VsockCarrier(
        "vhost-device-vsock",
        folder,
        process.pid(),
        32 << 10,
        true,
        () -> process.destroyForcibly().onExit().join());
  }

  Path device(int cid) {
    return folder.resolve(cid + ".sock");
  }

  /** How a guest reaches a port of the other guest. */
  String guest(int cid, int port) {
    return relayed ? "vsock:%d:%d".formatted(cid, port) : "vsock:2:%d".formatted(1000 * cid + port);
  }

  /** How a program of the host reaches a port of a guest. */
  String hybrid(int cid, int port) {
    return "hybrid:%s:%d".formatted(folder.resolve(cid + ".uds"), port);
  }

  /** Where a program of the host listens for a guest's connections to a port of the host. */
  String listen(int cid, int port) {
    return "unix:%s_%d".formatted(folder.resolve(cid + ".uds"), port);
  }

  /** Processor time that the process has used, in seconds. */
  double cpuSeconds() throws IOException {
    return Processors.seconds(pid, false);
  }

  @Override
  public void close() throws IOException {
    process.close();
  }
}
