package org.lodge.itests.bench;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

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
  private static final double TICKS_PER_SECOND = 100;

  /** Not loaded here: what it needs of OSGi is in the container only. */
  private static final String SERVER = VsockCarrier.class.getPackageName() + ".VsockServer";

  /** A Lodge that runs already. */
  static VsockCarrier lodge(BenchHost host) throws Exception {
    Path folder = Files.createDirectories(host.place().resolve("vsock"));
    Path jar = deploy(host, folder);
    DiskPeer.awaitFile(folder.resolve("ready"));
    return new VsockCarrier(
        "Lodge", folder, host.supervisor(), Integer.MAX_VALUE, false, () -> Files.delete(jar));
  }

  private static Path deploy(BenchHost host, Path folder) throws IOException {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    Map.of(
            "Bundle-ManifestVersion",
            "2",
            "Bundle-SymbolicName",
            "org.lodge.bench.vsock",
            "Bundle-Version",
            "1.0.0",
            "Bundle-Activator",
            SERVER,
            "Import-Package",
            "org.lodge.vhostuser,org.lodge.vsock,org.osgi.framework",
            "Vsock-Folder",
            folder.toString())
        .forEach(attributes::putValue);
    Path partial = host.place().resolve("vsock-server.jar");
    String entry = SERVER.replace('.', '/') + ".class";
    try (OutputStream out = Files.newOutputStream(partial);
        JarOutputStream jar = new JarOutputStream(out, manifest)) {
      jar.putNextEntry(new ZipEntry(entry));
      jar.write(VsockCarrier.class.getClassLoader().getResourceAsStream(entry).readAllBytes());
    }
    return Files.move(
        partial,
        host.place().resolve("state/deploy").resolve(partial.getFileName()),
        StandardCopyOption.ATOMIC_MOVE);
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
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
  }

  @Override
  public void close() throws IOException {
    process.close();
  }
}
