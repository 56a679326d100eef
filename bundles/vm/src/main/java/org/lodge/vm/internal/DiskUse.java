package org.lodge.vm.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExitStatus;

/**
 * What a guest does with a disk, asked of the guest: its kernel lets go of a mounted disk when PCI
 * asks for it, and what was not written is lost.
 */
final class DiskUse {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final int SIGKILL = 9;
  private static final int OUTPUT_MAX = 4096;
  private static final int NAME_MAX = 200;

  /**
   * One line for each use, with what is built into a shell alone: {@code mount PLACE}, {@code swap}
   * or {@code holder NAME}. A file system of several disks has a number of its own, so the names
   * are compared, too.
   *
   * <p>Arguments: the disk's serial, and what is put before each path.
   */
  static final String SCRIPT =
      """
      for disk in "$2"/sys/block/*; do
        serial=; [ ! -r "$disk/serial" ] || read -r serial < "$disk/serial"
        [ "$serial" = "$1" ] || continue
        for part in "$disk" "$disk/${disk##*/}"*; do
          [ -r "$part/dev" ] || continue
          read -r own < "$part/dev"; name=/dev/${part##*/}
          while read -r id parent number root at rest; do
            source=${rest##* - }; source=${source#* }; source=${source%% *}
            [ "$number" != "$own" ] && [ "$source" != "$name" ] || printf "mount %s\\n" "$at"
          done < "$2/proc/self/mountinfo"
          while read -r file rest; do [ "$file" != "$name" ] || echo swap; done < "$2/proc/swaps"
          for holder in "$part"/holders/*; do
            [ ! -e "$holder" ] || printf "holder %s\\n" "${holder##*/}"
          done
        done
      done
      :
      """;

  /** Asks for one disk of a guest. */
  @FunctionalInterface
  interface Question {

    /**
     * @return how it is in use, to be put behind "it"; empty where it is not, or where the guest
     *     has nobody to ask
     * @throws IOException where the guest can be asked and does not tell
     */
    Optional<String> of(String serial) throws IOException, InterruptedException;
  }

  private DiskUse() {}

  static Optional<String> in(AgentSession session, String serial)
      throws IOException, InterruptedException {
    try (AgentProgram program =
        session.exec(ExecRequest.of("sh", "-c", SCRIPT, "disk-use", serial, ""), LIMIT)) {
      FutureTask<String> said = new FutureTask<>(() -> outcome(program));
      Thread.ofVirtual().name("disk-use-" + session.guest()).start(said);
      return sentence(await(program, said));
    } catch (AgentException e) {
      if (e.errno() == 0) {
        throw e;
      }
      return Optional.empty(); // It has no shell.
    }
  }

  private static String await(AgentProgram program, FutureTask<String> said)
      throws IOException, InterruptedException {
    try {
      return said.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
    } catch (TimeoutException e) {
      program.signal(SIGKILL);
      throw new IOException("no answer within %d s".formatted(LIMIT.toSeconds()), e);
    }
  }

  private static String outcome(AgentProgram program) throws IOException, InterruptedException {
    ByteBuffer text = ByteBuffer.allocate(OUTPUT_MAX);
    while (text.hasRemaining() && program.stream().read(text) >= 0) {}
    try {
      ExitStatus status = program.exit().toCompletableFuture().get();
      if (status.shellCode() != 0) {
        throw new IOException("its shell says exit " + status.shellCode());
      }
    } catch (ExecutionException e) {
      throw new IOException("the agent has gone meanwhile", e);
    }
    return new String(text.array(), 0, text.position(), StandardCharsets.UTF_8);
  }

  /** The first use that the script has told of. */
  static Optional<String> sentence(String untrusted) {
    String line = untrusted.lines().findFirst().orElse("").replaceAll("[^ -~]", "?");
    String[] words = line.substring(0, Math.min(line.length(), NAME_MAX)).split(" ", 2);
    String name = words[words.length - 1];
    return switch (words[0]) {
      case "" -> Optional.empty();
      case "mount" -> Optional.of("is mounted at " + name);
      case "swap" -> Optional.of("is swapped to");
      case "holder" -> Optional.of("is part of " + name);
      default -> Optional.of("is in use");
    };
  }
}
