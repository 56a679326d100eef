package org.lodge.itests.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.lodge.itests.vsock.VsockKit;

/**
 * Test suites for file systems, as static programs and scripts that a guest with bash can run from
 * a folder: pjd's fstest, fsx and fsstress (in Debian's source of diod), libfuse's test of system
 * calls (in its source of fuse3), and {@code share.c}, which has what those lack. {@code run.sh}
 * runs them.
 */
public final class PosixKit {
  /** That of guests' images. */
  private static final String SUITE = "trixie";

  private PosixKit() {}

  /** Builds the kit into a folder. */
  public static void build(Path kit) throws Exception {
    Path sources = Files.createDirectories(Apt.cache().resolve("posix"));
    if (find(sources, "diod").isEmpty() || find(sources, "fuse").isEmpty()) {
      new Apt(sources, SUITE).sources("diod", "fuse3");
    }
    Path kern = find(sources, "diod").getFirst().resolve("tests/kern");
    Path fuse = find(sources, "fuse").getFirst().resolve("test");
    Path include = Files.createDirectories(kit.resolve("include"));
    Files.write(include.resolve("config.h"), new byte[0]);
    Files.write(include.resolve("fuse_config.h"), new byte[0]);
    copy(kit, "misc.sh");
    copy(kit, "run.sh");
    share(kit);
    VsockKit.run(kit, List.of("cp", "-r", kern.resolve("fstest").toString(), kit.toString()));
    Files.move(
        kit.resolve("misc.sh"),
        kit.resolve("fstest/tests/misc.sh"),
        StandardCopyOption.REPLACE_EXISTING);
    Files.writeString(kit.resolve("fstest/tests/conf"), "os=Linux\nfs=ext3\n");
    compile(kit, "fstest/fstest", kern.resolve("fstest/fstest.c"));
    compile(kit, "fsx", kern.resolve("fsx/fsx.c"), "-DFALLOCATE");
    compile(
        kit, "fsstress", kern.resolve("fsstress/fsstress.c"), "-DNO_XFS", "-D_LARGEFILE64_SOURCE");
    compile(kit, "test_syscalls", fuse.resolve("test_syscalls.c"));
    Files.setPosixFilePermissions(
        kit.resolve("run.sh"),
        java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  /** Builds the program of {@code share.c} into a folder. */
  public static Path share(Path kit) throws Exception {
    copy(kit, "share.c");
    compile(kit, "share", kit.resolve("share.c"), "-Wall");
    return kit.resolve("share");
  }

  private static void copy(Path kit, String name) throws IOException {
    try (InputStream in = PosixKit.class.getResourceAsStream("/posix/" + name)) {
      Files.copy(in, kit.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  private static List<Path> find(Path sources, String name) throws IOException {
    try (Stream<Path> all = Files.list(sources)) {
      return all.filter(each -> each.getFileName().toString().startsWith(name + "-")).toList();
    }
  }

  private static void compile(Path kit, String program, Path source, String... more)
      throws Exception {
    List<String> command =
        new ArrayList<>(List.of("gcc", "-static", "-O2", "-w", "-D_GNU_SOURCE", "-Iinclude"));
    command.addAll(List.of(more));
    command.addAll(List.of("-o", program, source.toString()));
    VsockKit.run(kit, command);
  }
}
