package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import org.lodge.vmm.ProcessIdentity;

/** Tells processes apart by their start time, read from {@code /proc}. */
final class ProcessIdentities {
  private static final Path PROC = Path.of("/proc");

  private ProcessIdentities() {}

  static String bootId() throws IOException {
    return Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip();
  }

  /** Empty where no such process lives; one that has ended but was not reaped does not live. */
  static Optional<ProcessIdentity> of(long pid) throws IOException {
    String stat;
    try {
      stat = Files.readString(PROC.resolve(Long.toString(pid)).resolve("stat"));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      if (Files.exists(PROC.resolve(Long.toString(pid)))) {
        throw e;
      }
      return Optional.empty();
    }
    // The name in field 2 may hold blanks and brackets, so the fields are counted from its end.
    String[] fromState = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    if (fromState[0].equals("Z") || fromState[0].equals("X")) {
      return Optional.empty();
    }
    return Optional.of(new ProcessIdentity(pid, Long.parseLong(fromState[22 - 3]), bootId()));
  }

  static boolean lives(ProcessIdentity process) throws IOException {
    return of(process.pid()).filter(process::equals).isPresent();
  }
}
