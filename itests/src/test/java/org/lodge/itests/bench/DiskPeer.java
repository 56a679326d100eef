package org.lodge.itests.bench;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.zip.ZipEntry;

/**
 * A process that serves one file as a vhost-user disk.
 *
 * @param name for the table
 * @param socket where it listens
 * @param pid of the process that moves the bytes
 */
record DiskPeer(String name, Path socket, long pid, Closeable process) implements AutoCloseable {
  private static final int LIMIT_MILLIS = 30_000;
  private static final long POLL_NANOS = 5_000_000;

  /** Not loaded here: what it needs of OSGi is in the container only. */
  private static final String SERVER = DiskPeer.class.getPackageName() + ".DiskServer";

  /**
   * Debian's qemu-storage-daemon over the same file, which it doesn't lock, as Lodge does.
   *
   * @param aio how it asks the kernel: threads, io_uring, or native where direct
   */
  static DiskPeer storageDaemon(Path file, Path folder, String aio, boolean direct)
      throws Exception {
    return storageDaemon(
        "qemu-storage-daemon, " + aio,
        "driver=file,node-name=disk,filename=%s,cache.direct=%s,aio=%s,discard=unmap,locking=off"
            .formatted(file, direct ? "on" : "off", aio),
        folder.resolve("storage-daemon-" + aio));
  }

  /** Debian's qemu-storage-daemon as the client of an NBD server. */
  static DiskPeer storageDaemonOfNbd(Path server, String export, Path folder) throws Exception {
    return storageDaemon(
        "qemu-storage-daemon, the same server",
        "driver=nbd,node-name=disk,server.type=unix,server.path=%s,export=%s"
            .formatted(server, export),
        folder.resolve("storage-daemon-nbd"));
  }

  private static DiskPeer storageDaemon(String name, String blockdev, Path files) throws Exception {
    Path socket = Path.of(files + ".sock");
    Process process =
        new ProcessBuilder(
                "qemu-storage-daemon",
                "--object",
                "iothread,id=io",
                "--blockdev",
                blockdev,
                "--export",
                "type=vhost-user-blk,id=disk,node-name=disk,writable=on,iothread=io"
                    + ",addr.type=unix,addr.path="
                    + socket)
            .redirectErrorStream(true)
            .redirectOutput(Path.of(files + ".log").toFile())
            .start();
    await(socket, true);
    return new DiskPeer(
        name, socket, process.pid(), () -> process.destroyForcibly().onExit().join());
  }

  /** The same under another name in the table. */
  DiskPeer named(String other) {
    return new DiskPeer(other, socket, pid, process);
  }

  /** A Lodge that runs already serves the file too. */
  static DiskPeer lodge(Path file, BenchHost host, boolean direct) throws Exception {
    Path socket = host.place().resolve(direct ? "direct.sock" : "cached.sock");
    return lodge(host, "blk", socket, "path=" + file + (direct ? ";direct=true" : ""));
  }

  /** A Lodge that runs already serves another device too. */
  static DiskPeer lodge(BenchHost host, String type, Path socket, String config) throws Exception {
    Path jar = deploy(host, type, socket, config);
    Path served = Path.of(socket + ".takeovers");
    try {
      await(served, true);
    } catch (IOException e) {
      throw new IOException(
          config + ": " + Files.readString(host.place().resolve("state/log/lodge.log")), e);
    }
    return new DiskPeer(
        "Lodge",
        socket,
        host.supervisor(),
        () -> {
          Files.delete(jar);
          await(served, false);
        });
  }

  private static Path deploy(BenchHost host, String type, Path socket, String config)
      throws IOException {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    Map.of(
            "Bundle-ManifestVersion",
            "2",
            "Bundle-SymbolicName",
            "org.lodge.bench." + socket.getFileName(),
            "Bundle-Version",
            "1.0.0",
            "Bundle-Activator",
            SERVER,
            "Import-Package",
            "org.lodge.vhostuser,org.lodge.virtio,org.osgi.framework",
            "Disk-Type",
            type,
            "Disk-Socket",
            socket.toString(),
            "Disk-Config",
            config)
        .forEach(attributes::putValue);
    Path partial = host.place().resolve(socket.getFileName() + ".jar");
    String entry = SERVER.replace('.', '/') + ".class";
    try (OutputStream out = Files.newOutputStream(partial);
        JarOutputStream jar = new JarOutputStream(out, manifest)) {
      jar.putNextEntry(new ZipEntry(entry));
      jar.write(DiskPeer.class.getClassLoader().getResourceAsStream(entry).readAllBytes());
    }
    return Files.move(
        partial,
        host.place().resolve("state/deploy").resolve(partial.getFileName()),
        StandardCopyOption.ATOMIC_MOVE);
  }

  /** Returns once somebody has made the file. */
  static void awaitFile(Path file) throws IOException {
    await(file, true);
  }

  private static void await(Path file, boolean there) throws IOException {
    long begin = System.nanoTime();
    while (Files.exists(file) != there) {
      if (BenchHost.millisSince(begin) > LIMIT_MILLIS) {
        throw new IOException("nobody has made or removed " + file);
      }
      LockSupport.parkNanos(POLL_NANOS);
    }
  }

  /**
   * What the process has used of the processors so far, its ended threads too. The kernel derives
   * the sum from exact times and tells it in hundredths of a second.
   */
  long cpuNanos() throws IOException {
    return cpuNanos(pid);
  }

  /** As {@link #cpuNanos()}, of any process. */
  static long cpuNanos(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) * 10_000_000;
  }

  @Override
  public void close() throws IOException {
    process.close();
  }
}
