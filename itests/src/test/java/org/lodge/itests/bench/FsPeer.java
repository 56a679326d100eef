package org.lodge.itests.bench;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A process that serves a directory of the host as a vhost-user file system. */
record FsPeer(String name, DiskPeer server) implements AutoCloseable {

  /** A Lodge that runs already serves it too. */
  static FsPeer lodge(BenchHost host, Path directory, String cache) throws Exception {
    Path socket = host.place().resolve("fs-" + cache + ".sock");
    return new FsPeer(
        "Lodge, cache " + cache,
        DiskPeer.lodge(host, "fs", socket, "path=" + directory + ";cache=" + cache));
  }

  /** Debian's virtiofsd, from a newer suite. */
  static FsPeer virtiofsd(Path folder, Path directory, String cache, String... more)
      throws Exception {
    Path socket = folder.resolve("virtiofsd-" + cache + ".sock");
    List<String> command =
        new ArrayList<>(
            PeerProgram.command(
                "virtiofsd",
                "usr/libexec/virtiofsd",
                "libc6",
                "libgcc-s1",
                "libcap-ng0",
                "libseccomp2"));
    command.addAll(
        List.of(
            "--socket-path=" + socket,
            "--shared-dir=" + directory,
            "--sandbox=none",
            "--cache=" + (cache.equals("none") ? "never" : cache)));
    command.addAll(List.of(more));
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("virtiofsd-" + cache + ".log").toFile())
            .start();
    DiskPeer.awaitFile(socket);
    Closeable end = () -> process.destroyForcibly().onExit().join();
    return new FsPeer(
        "virtiofsd, cache " + cache, new DiskPeer("virtiofsd", socket, process.pid(), end));
  }

  Path socket() {
    return server.socket();
  }

  long cpuNanos() throws IOException {
    return server.cpuNanos();
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
