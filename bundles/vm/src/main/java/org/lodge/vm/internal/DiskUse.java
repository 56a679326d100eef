package org.lodge.vm.internal;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentSession;
import org.lodge.agent.GuestScript;

/**
 * What a guest does with a disk, asked of the guest: its kernel lets go of a mounted disk when PCI
 * asks for it, and what was not written is lost.
 */
final class DiskUse {
  private static final Duration LIMIT = Duration.ofSeconds(5);
  private static final int OUTPUT_MAX = 1 << 16;
  private static final int NAME_MAX = 200;

  /**
   * One line for the first use, with what is built into a shell alone: {@code mount PLACE}, {@code
   * swap} or {@code holder NAME}. A file system of several disks has a number of its own, so the
   * names are compared, too.
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
            [ "$number" != "$own" ] && [ "$source" != "$name" ] || { printf "mount %s\\n" "$at"; exit; }
          done < "$2/proc/self/mountinfo"
          while read -r file rest; do [ "$file" != "$name" ] || { echo swap; exit; }; done < "$2/proc/swaps"
          for holder in "$part"/holders/*; do
            [ ! -e "$holder" ] || { printf "holder %s\\n" "${holder##*/}"; exit; }
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
    try {
      GuestScript.Outcome outcome =
          new GuestScript("disk-use", SCRIPT, OUTPUT_MAX, LIMIT, LIMIT).run(session, serial, "");
      if (outcome.status().shellCode() != 0) {
        throw new IOException("its shell says exit " + outcome.status().shellCode());
      }
      return sentence(outcome.output());
    } catch (AgentException e) {
      if (e.errno() == 0) {
        throw e;
      }
      return Optional.empty(); // It has no shell.
    }
  }

  /** The use that the script has told of. */
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
