package org.lodge.vmm.qemu.internal;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmSpec;

/** Writes QEMU's command line for one guest. */
final class CommandLine {

  /** The first descriptor that QEMU inherits; the disks follow each other from here. */
  static final int FIRST_DISK_DESCRIPTOR = 3;

  /** A POSIX shell redirects descriptors of one digit only. */
  static final int DISK_LIMIT = 10 - FIRST_DISK_DESCRIPTOR;

  private static final int MEBIBYTE = 1 << 20;

  private final List<String> arguments = new ArrayList<>();

  private CommandLine() {}

  /**
   * The arguments without the executable. Disks are named by the descriptors that QEMU inherits.
   */
  static List<String> of(VmmSpec spec, Accelerator accelerator, QemuCapabilities qemu)
      throws VmmException {
    CommandLine line = new CommandLine();
    line.add("-nodefaults", "-no-user-config");
    line.add("-name", "guest=" + value(spec.guest()) + ",debug-threads=on");
    line.machine(spec, accelerator);
    line.refusals(qemu);
    line.controlAndConsole(spec.runDirectory());
    line.kernel(spec, accelerator);
    line.guestCrash(qemu);
    line.disks(spec.disks());
    line.add("-device", "virtio-rng-pci");
    line.screen(spec);
    line.network(spec.userNetwork());
    line.freePorts(spec.hotplugPorts());
    return List.copyOf(line.arguments);
  }

  private void machine(VmmSpec spec, Accelerator accelerator) {
    long mebibytes = spec.memoryBytes() / MEBIBYTE;
    add("-M", "q35,memory-backend=mem,vmport=off,dump-guest-core=off");
    add("-accel", accelerator == Accelerator.KVM ? "kvm" : "tcg");
    // Without RDRAND a guest waits 0.4 s for its random numbers; -cpu max boots more slowly still.
    add("-cpu", accelerator == Accelerator.KVM ? "host" : "qemu64,+rdrand");
    add("-smp", processors(spec.cpus(), accelerator));
    add("-m", mebibytes + "M");
    add("-object", "memory-backend-memfd,id=mem,size=" + mebibytes + "M,share=on");
    add("-S");
    add("-display", "none");
  }

  /**
   * QEMU's translator leaves memory barriers out of a machine that can never have two processors;
   * other processes serve this one's rings, and a driver without barriers misses their notes.
   */
  private static String processors(int cpus, Accelerator accelerator) {
    return cpus == 1 && accelerator == Accelerator.TCG ? "1,maxcpus=2" : Integer.toString(cpus);
  }

  private void refusals(QemuCapabilities qemu) {
    if (qemu.hasOption("sandbox")) {
      add("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    }
  }

  private void controlAndConsole(Path runDirectory) {
    add("-chardev", listening("qmp", runDirectory.resolve(RunDirectory.QMP_SOCKET)));
    add("-mon", "chardev=qmp,mode=control");
    add("-chardev", listening("console", runDirectory.resolve(RunDirectory.CONSOLE_SOCKET)));
    add("-serial", "chardev:console");
  }

  private static String listening(String id, Path socket) {
    return "socket,id=" + id + ",path=" + value(socket.toString()) + ",server=on,wait=off";
  }

  private void kernel(VmmSpec spec, Accelerator accelerator) {
    add("-kernel", spec.kernel().toString());
    spec.initrd().ifPresent(initrd -> add("-initrd", initrd.toString()));
    String commandLine =
        accelerator == Accelerator.TCG ? spec.tcgCommandLine() : spec.commandLine();
    if (!commandLine.isEmpty()) {
      add("-append", commandLine);
    }
  }

  /** A guest whose kernel panics stops as it is, so that it can be told from one that rebooted. */
  private void guestCrash(QemuCapabilities qemu) {
    add("-action", "panic=pause");
    if (qemu.hasDevice("pvpanic")) {
      add("-device", "pvpanic");
    } else if (qemu.hasDevice("pvpanic-pci")) {
      add("-device", "pvpanic-pci");
    }
    if (qemu.canRefuseSuspend()) {
      add("-global", "ICH9-LPC.disable_s3=1", "-global", "ICH9-LPC.disable_s4=1");
    }
  }

  private void disks(List<VmmSpec.Disk> disks) throws VmmException {
    if (disks.size() > DISK_LIMIT) {
      throw new VmmException(
          "command-line",
          "a guest has at most %d disks of its own, not %d; plug further ones as devices"
              .formatted(DISK_LIMIT, disks.size()));
    }
    for (int i = 0; i < disks.size(); i++) {
      VmmSpec.Disk disk = disks.get(i);
      String driver = Files.isRegularFile(disk.path()) ? "file" : "host_device";
      add("-add-fd", "fd=" + (FIRST_DISK_DESCRIPTOR + i) + ",set=" + (i + 1));
      add(
          "-blockdev",
          "driver=%s,node-name=disk%d,filename=/dev/fdset/%d,read-only=%s,discard=unmap%s"
              .formatted(
                  driver,
                  i,
                  i + 1,
                  disk.readOnly() ? "on" : "off",
                  disk.volatileWrites() ? ",cache.no-flush=on" : ""));
      add("-device", "virtio-blk-pci,drive=disk" + i + ",serial=" + value(disk.serial()));
    }
  }

  private void screen(VmmSpec spec) {
    spec.screen()
        .ifPresent(screen -> {
          add("-device", "virtio-gpu-pci,xres=" + screen.width() + ",yres=" + screen.height());
          add("-device", "virtio-keyboard-pci", "-device", "virtio-tablet-pci");
        });
  }

  private void network(boolean user) {
    if (user) {
      add("-netdev", "user,id=net0", "-device", "virtio-net-pci,netdev=net0,romfile=");
    } else {
      add("-nic", "none");
    }
  }

  private void freePorts(int count) {
    for (int i = 0; i < count; i++) {
      add("-device", "pcie-root-port,id=%s%d,chassis=%d".formatted(Hotplug.PORT, i, i + 1));
    }
  }

  /** As QEMU's option parser wants a value: a comma is written twice. */
  private static String value(String text) {
    return text.replace(",", ",,");
  }

  private void add(String... more) {
    arguments.addAll(List.of(more));
  }
}
