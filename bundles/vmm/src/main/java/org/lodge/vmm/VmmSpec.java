package org.lodge.vmm;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What a driver needs to know to run one guest. All paths are absolute and exist, but for the run
 * directory, which the driver makes with mode 0700.
 *
 * @param guest a plain identifier
 * @param runDirectory for sockets, logs and the process record
 * @param memoryBytes a multiple of 1 MiB
 * @param cpus at least 1
 * @param accelerator what the definition asks for
 * @param kernel an ELF vmlinux with a PVH note or a bzImage
 * @param commandLine of the kernel, for KVM
 * @param tcgCommandLine of the kernel, where the guest is emulated
 * @param userNetwork whether the guest gets the monitor's user-mode network
 * @param screen present where the guest has a display; it then has a keyboard and a tablet too
 * @param hotplugPorts how many PCIe root ports to keep free
 */
public record VmmSpec(
    String guest,
    Path runDirectory,
    long memoryBytes,
    int cpus,
    Accelerator accelerator,
    Path kernel,
    Optional<Path> initrd,
    String commandLine,
    String tcgCommandLine,
    List<Disk> disks,
    Optional<Screen> screen,
    boolean userNetwork,
    int hotplugPorts) {

  public VmmSpec {
    disks = List.copyOf(disks);
  }

  /**
   * A disk that the monitor itself serves from a raw file or a block device.
   *
   * @param serial at most 20 bytes of ASCII; the guest finds the disk by it
   * @param volatileWrites whether the disk's content need not survive a crash of the host, so that
   *     flushes may be ignored
   */
  public record Disk(String serial, Path path, boolean readOnly, boolean volatileWrites) {}

  /** The size of the guest's screen in pixels. */
  public record Screen(int width, int height) {}
}
