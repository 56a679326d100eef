package org.lodge.images.internal;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.lodge.images.internal.TarArchive.Entry;

/**
 * The initial RAM disk: a static busybox, one script, and the modules in the order they are loaded.
 * Not compressed, as unpacking it in the guest takes longer than copying.
 */
final class Initramfs {

  private static final List<String> ROOT_MODULES = List.of("virtio_blk", "squashfs", "overlay");

  /** What the volume that lasts needs; the root holds them too. */
  static final List<String> STATE_MODULES = List.of("ext4");

  /** What the agent reaches Lodge by. */
  private static final List<String> AGENT_MODULES = List.of("vmw_vsock_virtio_transport");

  private static final List<String> FOLDERS =
      List.of("bin", "dev", "lib", "lib/modules", "new", "proc", "ro", "rw", "sys");
  private static final List<String> APPLETS =
      List.of(
          "cat",
          "chroot",
          "cp",
          "head",
          "insmod",
          "mkdir",
          "mount",
          "poweroff",
          "sh",
          "switch_root",
          "tr",
          "umount");

  /**
   * File names in {@code lib/modules}, in load order.
   *
   * @param root before the root can be mounted
   * @param state only where there is a volume that lasts
   * @param early beside those, for the guest's own devices
   */
  record Modules(List<String> root, List<String> state, List<String> early) {}

  private Initramfs() {}

  /** Identifies what is chosen here, so that an image is built anew when it changes. */
  static String choice() {
    return ROOT_MODULES + " " + STATE_MODULES + " " + AGENT_MODULES + " " + APPLETS;
  }

  static void make(
      ImageDefinition definition, KernelPackage kernel, TarArchive archive, Path work, Path target)
      throws IOException {
    List<String> root = kernel.loadOrder(ROOT_MODULES);
    List<String> state = without(kernel.loadOrder(STATE_MODULES), root);
    List<String> wanted = new ArrayList<>(AGENT_MODULES);
    wanted.addAll(definition.kernel().early());
    List<String> early = without(kernel.loadOrder(wanted), root);
    Set<String> all = new LinkedHashSet<>(root);
    all.addAll(state);
    all.addAll(early);
    Path copies = kernel.copyModules(all, work.resolve("early"));
    List<Path> files = new ArrayList<>();
    all.forEach(path -> files.add(copies.resolve(KernelPackage.uncompressed(path))));
    Entry busybox =
        archive.entries().stream()
            .filter(entry -> entry.path().equals("/usr/bin/busybox"))
            .findFirst()
            .orElseThrow(() -> new IOException("the packages brought no /usr/bin/busybox"));
    write(
        target,
        archive.read(busybox, 0, Integer.MAX_VALUE),
        GuestFiles.init(),
        new Modules(names(root), names(state), names(early)),
        files);
  }

  /**
   * @param moduleFiles holds every module of {@code modules}, by file name
   */
  private static void write(
      Path target, byte[] busybox, byte[] init, Modules modules, List<Path> moduleFiles)
      throws IOException {
    try (OutputStream out = Files.newOutputStream(target)) {
      CpioWriter cpio = new CpioWriter(out);
      for (String folder : FOLDERS) {
        cpio.folder(folder);
      }
      cpio.file("bin/busybox", 0755, busybox);
      for (String applet : APPLETS) {
        cpio.link("bin/" + applet, "busybox");
      }
      cpio.file("init", 0755, init);
      cpio.file("modules.root", 0644, list(modules.root()));
      cpio.file("modules.state", 0644, list(modules.state()));
      cpio.file("modules.early", 0644, list(modules.early()));
      for (Path module : moduleFiles) {
        cpio.file("lib/modules/" + module.getFileName(), 0644, Files.readAllBytes(module));
      }
      cpio.finish();
    }
  }

  private static byte[] list(List<String> names) {
    return names.stream()
        .map(name -> name + "\n")
        .collect(Collectors.joining())
        .getBytes(StandardCharsets.UTF_8);
  }

  private static List<String> names(List<String> modulePaths) {
    return modulePaths.stream()
        .map(path -> path.substring(path.lastIndexOf('/') + 1))
        .map(KernelPackage::uncompressed)
        .toList();
  }

  private static List<String> without(List<String> all, List<String> some) {
    return all.stream().filter(one -> !some.contains(one)).toList();
  }
}
