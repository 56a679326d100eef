package org.lodge.itests.vsock;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a {@link TestVm} is made of: the kernel and the modules of an image of Lodge, and {@code
 * vsock-driver}, built here, as its only program.
 */
public final class VsockKit {
  static final String KERNEL_ARGUMENTS =
      "console=ttyS0 quiet panic=-1 nokaslr cryptomgr.notests mitigations=off tsc=reliable"
          + " no_timer_check rcupdate.rcu_expedited=1 audit=0 8250.nr_uarts=1";
  private static final List<String> MODULES =
      List.of("vsock", "vmw_vsock_virtio_transport_common", "vmw_vsock_virtio_transport");

  private final Path kernel;
  private final Path initrd;
  private final Path driver;

  private VsockKit(Path kernel, Path initrd, Path driver) {
    this.kernel = kernel;
    this.initrd = initrd;
    this.driver = driver;
  }

  /**
   * From the image {@code storage}, which must be built.
   *
   * @param folder for what is made
   */
  public static VsockKit build(Path folder) throws Exception {
    String images = System.getenv("LODGE_IMAGES");
    Path image =
        Path.of(images == null ? "/var/lib/lodge/images" : images, "storage/current").toRealPath();
    Path source = folder.resolve("vsock-driver.c");
    try (InputStream in = VsockKit.class.getResourceAsStream("/vsock/vsock-driver.c")) {
      Files.write(source, in.readAllBytes());
    }
    Path driver = folder.resolve("vsock-driver");
    run(folder, List.of("musl-gcc", "-static", "-O2", "-o", driver.toString(), source.toString()));
    Path modules = folder.resolve("modules-of-image");
    run(
        folder,
        List.of(
            "unsquashfs",
            "-no-progress",
            "-quiet",
            "-dest",
            modules.toString(),
            image.resolve("root").toString(),
            "usr/lib/modules/*/kernel/net/vmw_vsock"));
    Path tree = Files.createDirectories(folder.resolve("initrd-tree"));
    for (String each : List.of("dev", "proc")) {
      Files.createDirectories(tree.resolve(each));
    }
    List<String> list = new ArrayList<>();
    for (String module : MODULES) {
      try (Stream<Path> files = Files.walk(modules)) {
        Path file =
            files
                .filter(each -> each.getFileName().toString().equals(module + ".ko"))
                .findFirst()
                .orElseThrow(() -> new IOException("no module %s in %s".formatted(module, image)));
        Files.copy(file, tree.resolve(module + ".ko"));
        list.add("/" + module + ".ko");
      }
    }
    Files.write(tree.resolve("modules"), list);
    Files.copy(driver, tree.resolve("init"));
    Path initrd = folder.resolve("initrd");
    run(tree, List.of("sh", "-c", "find . | busybox cpio -o -H newc > '" + initrd + "'"));
    return new VsockKit(image.resolve("kernel"), initrd, driver);
  }

  Path kernel() {
    return kernel;
  }

  Path initrd() {
    return initrd;
  }

  /** A server of the driver on the host; returns once it listens. */
  public Process serveOnHost(String... arguments) throws IOException {
    List<String> command = new ArrayList<>(List.of(driver.toString()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    BufferedReader reader = process.inputReader();
    String line = reader.readLine();
    if (!"listening".equals(line)) {
      throw new IOException("%s: %s".formatted(command, line));
    }
    return process;
  }

  /** Has the driver do something on the host. */
  public Result callOnHost(String... arguments) throws Exception {
    List<String> command = new ArrayList<>(List.of(driver.toString()));
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    if (process.waitFor() != 0) {
      throw new IOException("%s: %s".formatted(command, output));
    }
    return new Result(output.strip());
  }

  public static void run(Path folder, List<String> command) throws Exception {
    Path log = Files.createTempFile("lodge-kit", ".log");
    try {
      Process process =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      if (process.waitFor() != 0) {
        throw new IOException("%s failed: %s".formatted(command, Files.readString(log)));
      }
    } finally {
      Files.delete(log);
    }
  }
}
