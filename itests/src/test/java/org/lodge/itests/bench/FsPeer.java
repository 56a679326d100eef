package org.lodge.itests.bench;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Whoever serves a directory as a vhost-user file system.
 *
 * @param others processes that have a part in it, beside the server
 */
record FsPeer(String name, DiskPeer server, List<Long> others) implements AutoCloseable {
  private static final String SERVED =
      "{\"from\":\"storage\",\"path\":\"/srv/%s\",\"create\":true"
          + ",\"to\":{\"bench\":{\"access\":\"read-write\",\"acl\":%s}}}";

  boolean isLodge() {
    return name.startsWith("Lodge");
  }

  /** A Lodge that runs already serves it too. */
  static FsPeer lodge(BenchHost host, Path directory, String cache, boolean acl) throws Exception {
    Path socket = host.place().resolve("fs-" + cache + ".sock");
    return new FsPeer(
        "Lodge, cache " + cache,
        DiskPeer.lodge(
            host, "fs", socket, "path=%s;cache=%s;acl=%s".formatted(directory, cache, acl)),
        List.of());
  }

  /** To be called before {@link #served}, and before Lodge is up. */
  static void declare(BenchHost host, String cache, boolean acl) throws IOException {
    host.defineShare("served-" + cache, SERVED.formatted(cache, acl));
  }

  /**
   * A Lodge that runs already has it from its guest that keeps files.
   *
   * @param storage the process of that guest
   */
  static FsPeer served(BenchHost host, long storage, String cache, boolean acl) throws Exception {
    Path socket = host.place().resolve("served-" + cache + ".sock");
    return new FsPeer(
        "Lodge from a guest, cache " + cache,
        DiskPeer.lodge(
            host, "fs", socket, "share=served-%s;cache=%s;acl=%s".formatted(cache, cache, acl)),
        List.of(storage));
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
        "virtiofsd, cache " + cache,
        new DiskPeer("virtiofsd", socket, process.pid(), end),
        List.of());
  }

  Path socket() {
    return server.socket();
  }

  /** Of all that have a part in it. */
  long cpuNanos() throws IOException {
    long sum = server.cpuNanos();
    for (long other : others) {
      sum += DiskPeer.cpuNanos(other);
    }
    return sum;
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
