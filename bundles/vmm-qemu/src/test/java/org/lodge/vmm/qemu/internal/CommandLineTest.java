package org.lodge.vmm.qemu.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.vmm.Accelerator;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmSpec;

class CommandLineTest {
  private static final QemuCapabilities EVERYTHING =
      new QemuCapabilities(Set.of("sandbox"), Set.of("pvpanic", "pvpanic-pci"), true);
  private static final QemuCapabilities NOTHING = new QemuCapabilities(Set.of(), Set.of(), false);

  @TempDir Path directory;

  private VmmSpec spec(List<VmmSpec.Disk> disks, boolean screenAndNetwork, int ports) {
    return new VmmSpec(
        "work",
        Path.of("/run/lodge/a,b"),
        512L << 20,
        2,
        Accelerator.AUTO,
        Path.of("/k/vmlinux"),
        Optional.of(Path.of("/k/initrd")),
        "quiet kvm",
        "quiet tcg",
        disks,
        screenAndNetwork ? Optional.of(new VmmSpec.Screen(1024, 768)) : Optional.empty(),
        screenAndNetwork,
        ports);
  }

  @Test
  void aWholeGuestIsWrittenOut() throws Exception {
    Path image = Files.createFile(directory.resolve("root.img"));
    List<VmmSpec.Disk> disks =
        List.of(
            new VmmSpec.Disk("root", image, true, false),
            new VmmSpec.Disk("data", Path.of("/dev/null"), false, true));
    assertEquals(
        """
        -nodefaults -no-user-config
        -name guest=work,debug-threads=on
        -M q35,memory-backend=mem,vmport=off,dump-guest-core=off
        -accel tcg
        -cpu qemu64,+rdrand
        -smp 2
        -m 512M
        -object memory-backend-memfd,id=mem,size=512M,share=on
        -S -display none
        -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
        -chardev socket,id=qmp,path=/run/lodge/a,,b/qmp.sock,server=on,wait=off
        -mon chardev=qmp,mode=control
        -chardev socket,id=console,path=/run/lodge/a,,b/console.sock,server=on,wait=off
        -serial chardev:console
        -kernel /k/vmlinux
        -initrd /k/initrd
        -append quiet tcg
        -action panic=pause
        -device pvpanic
        -global ICH9-LPC.disable_s3=1
        -global ICH9-LPC.disable_s4=1
        -add-fd fd=3,set=1
        -blockdev driver=file,node-name=disk0,filename=/dev/fdset/1,read-only=on,discard=unmap
        -device virtio-blk-pci,drive=disk0,serial=root
        -add-fd fd=4,set=2
        -blockdev driver=host_device,node-name=disk1,filename=/dev/fdset/2,read-only=off,\
        discard=unmap,cache.no-flush=on
        -device virtio-blk-pci,drive=disk1,serial=data
        -device virtio-rng-pci
        -device virtio-gpu-pci,xres=1024,yres=768
        -device virtio-keyboard-pci
        -device virtio-tablet-pci
        -netdev user,id=net0
        -device virtio-net-pci,netdev=net0,romfile=
        -device pcie-root-port,id=port0,chassis=1
        """,
        written(CommandLine.of(spec(disks, true, 1), Accelerator.TCG, EVERYTHING)));
  }

  @Test
  void aBareGuestHasNoNetworkAndWhatQemuLacksIsLeftOut() throws Exception {
    List<String> line = CommandLine.of(spec(List.of(), false, 0), Accelerator.KVM, NOTHING);
    assertTrue(Collections.indexOfSubList(line, List.of("-nic", "none")) > 0);
    assertTrue(Collections.indexOfSubList(line, List.of("-accel", "kvm", "-cpu", "host")) > 0);
    assertTrue(Collections.indexOfSubList(line, List.of("-append", "quiet kvm")) > 0);
    for (String absent : List.of("sandbox", "pvpanic", "disable_s3", "virtio-gpu", "netdev")) {
      assertFalse(String.join(" ", line).contains(absent), absent);
    }
  }

  @Test
  void aTranslatedGuestOfOneProcessorKeepsItsMemoryBarriers() throws Exception {
    VmmSpec two = spec(List.of(), false, 0);
    VmmSpec one =
        new VmmSpec(
            two.guest(),
            two.runDirectory(),
            two.memoryBytes(),
            1,
            two.accelerator(),
            two.kernel(),
            two.initrd(),
            two.commandLine(),
            two.tcgCommandLine(),
            two.disks(),
            two.screen(),
            two.userNetwork(),
            two.hotplugPorts());
    List<String> tcg = CommandLine.of(one, Accelerator.TCG, NOTHING);
    assertTrue(Collections.indexOfSubList(tcg, List.of("-smp", "1,maxcpus=2")) > 0);
    List<String> kvm = CommandLine.of(one, Accelerator.KVM, NOTHING);
    assertTrue(Collections.indexOfSubList(kvm, List.of("-smp", "1")) > 0);
  }

  @Test
  void moreDisksThanDescriptorsAreRefused() {
    VmmSpec.Disk disk = new VmmSpec.Disk("d", Path.of("/dev/null"), true, false);
    VmmException refused =
        assertThrows(
            VmmException.class,
            () ->
                CommandLine.of(
                    spec(Collections.nCopies(8, disk), false, 0), Accelerator.TCG, EVERYTHING));
    assertTrue(refused.getMessage().contains("at most 7 disks"), refused.getMessage());
  }

  /** Options one a line, but those without a value together with the next. */
  private static String written(List<String> line) {
    StringBuilder text = new StringBuilder();
    for (String word : line) {
      boolean first = text.isEmpty();
      boolean afterFlag = text.toString().endsWith("-nodefaults") || text.toString().endsWith("-S");
      text.append(first ? "" : word.startsWith("-") && !afterFlag ? "\n" : " ").append(word);
    }
    return text.append('\n').toString();
  }
}
