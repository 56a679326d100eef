package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * A guest of 64 KiB that shows whether KVM runs ordinary guests: it goes from real mode into 64-bit
 * mode with paging, executes an SSE2 instruction and CPUID, and tells QEMU to exit.
 *
 * <p>An incomplete KVM accepts {@code /dev/kvm} and even real-mode code, and then fails at one of
 * these, so the processor's flags are no evidence either way.
 */
final class KvmTrialGuest implements Accelerators.Trial {
  private static final Duration LIMIT = Duration.ofSeconds(2);
  private static final int ROM_BYTES = 64 * 1024;
  private static final int RESET_VECTOR = 0xfff0;

  /** {@code isa-debug-exit} turns the byte written, 0x10, into (0x10 << 1) | 1. */
  private static final int RAN = 0x21;

  /** As by a host that is short of memory. */
  private static final int KILLED = 128 + 9;

  /** Loaded at 0xf0000; the page tables come at 0x1000, the first 2 MiB map to themselves. */
  private static final String CODE =
      """
      fa fc               cli; cld
      31c0 8ed8 8ec0      xor ax,ax; mov ds,ax; mov es,ax
      bf0010 b90018 f3ab  mov di,0x1000; mov cx,0x1800; rep stosw
      66c706001003200000  mov dword [0x1000],0x2003
      66c706002003300000  mov dword [0x2000],0x3003
      66c706003083000000  mov dword [0x3000],0x83
      0f20e0 0d2002       mov eax,cr4; or ax,0x220 (PAE, OSFXSR)
      0f22e0              mov cr4,eax
      66b800100000 0f22d8 mov eax,0x1000; mov cr3,eax
      66b9800000c0 0f32   mov ecx,0xc0000080 (EFER); rdmsr
      0d0001 0f30         or ax,0x100 (LME); wrmsr
      2e660f01169000      lgdt cs:[0x90]
      0f20c0 660d01000080 mov eax,cr0; or eax,0x80000001 (PG, PE)
      0f22c0              mov cr0,eax
      66ea65000f000800    jmp 8:0xf0065
      660fefc0            pxor xmm0,xmm0
      0fa2                cpuid
      baf4000000          mov edx,0xf4
      b810000000 ee       mov eax,0x10; out dx,al
      f4 ebfd             hlt; jmp to the hlt
      """;

  private static final int GDT = 0x80;

  /** A null segment, 64-bit code, and from 0x90 on the table's limit and address. */
  private static final String GDT_AND_POINTER = "0000000000000000 ffff0000009baf00 0f0080000f00";

  private static final String JUMP_TO_START = "ea000000f0";

  private final Launcher launcher;

  KvmTrialGuest(Launcher launcher) {
    this.launcher = launcher;
  }

  /** Tries it, as the user and with the processor model that guests have. */
  @Override
  public Accelerators.Outcome run(Path executable, long uid, OptionalLong group)
      throws IOException, InterruptedException {
    Path directory =
        Files.createTempDirectory(
            "lodge-kvm",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    Path rom = directory.resolve("trial.rom");
    Path log = directory.resolve("trial.log");
    try {
      Files.write(rom, image());
      Files.setPosixFilePermissions(rom, PosixFilePermissions.fromString("rw-r--r--"));
      Process process =
          launcher.start(command(executable, rom, "kvm", "host"), List.of(), uid, group, log);
      Launcher.go(process);
      return outcome(process, log);
    } finally {
      Files.deleteIfExists(rom);
      Files.deleteIfExists(log);
      Files.deleteIfExists(directory);
    }
  }

  static List<String> command(Path executable, Path rom, String accelerator, String processor) {
    return List.of(
        executable.toString(),
        "-nodefaults",
        "-no-user-config",
        "-M",
        "q35",
        "-accel",
        accelerator,
        "-cpu",
        processor,
        "-m",
        "16M",
        "-display",
        "none",
        "-bios",
        rom.toString(),
        "-device",
        "isa-debug-exit,iobase=0xf4,iosize=4");
  }

  private static Accelerators.Outcome outcome(Process process, Path log)
      throws IOException, InterruptedException {
    try {
      if (!process.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
        return Accelerators.Outcome.unclear(
            "it did not end within " + LIMIT.toSeconds() + " s; a later start tries again");
      }
    } finally {
      process.destroyForcibly().waitFor();
    }
    if (process.exitValue() == RAN) {
      return Accelerators.Outcome.RAN;
    }
    if (process.exitValue() == KILLED) {
      return Accelerators.Outcome.unclear(VmmProcess.describe(KILLED));
    }
    List<String> said = VmmLog.lastLines(log, 5);
    return Accelerators.Outcome.failed(
        said.isEmpty()
            ? VmmProcess.describe(process.exitValue())
            : "it ended with: " + Text.printable(said.getFirst()));
  }

  static byte[] image() {
    byte[] image = new byte[ROM_BYTES];
    int at = 0;
    for (String line : CODE.lines().toList()) {
      at = put(image, at, line.substring(0, 20));
    }
    put(image, GDT, GDT_AND_POINTER);
    put(image, RESET_VECTOR, JUMP_TO_START);
    return image;
  }

  private static int put(byte[] image, int at, String hex) {
    byte[] bytes = HexFormat.of().parseHex(hex.replace(" ", ""));
    System.arraycopy(bytes, 0, image, at, bytes.length);
    return at + bytes.length;
  }
}
