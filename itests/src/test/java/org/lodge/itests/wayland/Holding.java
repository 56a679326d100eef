package org.lodge.itests.wayland;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.stream.Stream;

/**
 * What the router's process and the agents hold.
 *
 * @param threads of connections
 * @param agentDescriptors of all agents together
 */
record Holding(int descriptors, int agentDescriptors, long threads) {
  static Holding of(Collection<Process> agents) throws IOException {
    int ofAgents = 0;
    for (Process agent : agents) {
      ofAgents += descriptors(agent.pid());
    }
    return new Holding(descriptors(ProcessHandle.current().pid()), ofAgents, connectionThreads());
  }

  boolean isAtMost(Holding other) {
    return descriptors <= other.descriptors
        && agentDescriptors <= other.agentDescriptors
        && threads <= other.threads;
  }

  private static int descriptors(long pid) throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      return (int) all.count();
    }
  }

  private static long connectionThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("wayland-"))
        .count();
  }

  /** Memory of a process that is there, in KiB. */
  static long residentKib(long pid) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .findFirst()
        .orElse(0);
  }
}
