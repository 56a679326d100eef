package org.lodge.vm.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lodge.images.GuestImage;
import org.lodge.images.ImageException;
import org.lodge.images.Images;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestVolumes;
import org.lodge.vm.VolumeUse;
import org.lodge.vmm.VmmSpec;

/** What one guest's monitor is to run, from the guest's definition, image and volumes. */
final class GuestSpecs {
  private static final Duration SERVICE_WAIT = Duration.ofSeconds(2);

  private final String guest;
  private final Path runDirectory;
  private final Services<Images> images;

  GuestSpecs(String guest, Path runDirectory, Services<Images> images) {
    this.guest = guest;
    this.runDirectory = runDirectory;
    this.images = images;
  }

  /**
   * @param volumes those of the definition
   */
  VmmSpec of(Definition definition, GuestVolumes.Held volumes)
      throws GuestException, ImageException, InterruptedException {
    return definition.image().isPresent()
        ? fromImage(definition, volumes)
        : fromKernel(definition, volumes);
  }

  private VmmSpec fromImage(Definition definition, GuestVolumes.Held volumes)
      throws GuestException, ImageException, InterruptedException {
    Images service =
        images
            .await("images", SERVICE_WAIT)
            .orElseThrow(
                () -> new GuestException(guest, "image", "the bundle images is not active"));
    String name = definition.image().orElseThrow();
    GuestImage image = definition.vsock() ? service.resolveWithAgent(name) : service.resolve(name);
    List<VmmSpec.Disk> disks = new ArrayList<>();
    image.root().ifPresent(root -> disks.add(new VmmSpec.Disk("root", root, true, true)));
    if (definition.volumeBytes().isPresent()) {
      Path layer = volumes.file(VolumeUse.layer(guest));
      disks.add(new VmmSpec.Disk("state", layer, false, false));
    }
    disks.addAll(disks(definition, volumes));
    List<String> kvm = new ArrayList<>(image.kernelArguments());
    kvm.add("hostname=" + guest);
    List<String> tcg = new ArrayList<>(image.kernelArguments());
    tcg.add("hostname=" + guest);
    tcg.addAll(image.tcgKernelArguments());
    kvm.addAll(definition.arguments());
    tcg.addAll(definition.arguments());
    return spec(
        definition,
        image.kernel(),
        Optional.of(image.initrd()),
        String.join(" ", kvm),
        String.join(" ", tcg),
        disks);
  }

  private static List<VmmSpec.Disk> disks(Definition definition, GuestVolumes.Held volumes) {
    return definition.disks().stream()
        .map(disk ->
            new VmmSpec.Disk(
                disk.serial(),
                disk.path().or(() -> disk.volume().map(volumes::file)).orElseThrow(),
                disk.readOnly(),
                false))
        .toList();
  }

  private VmmSpec fromKernel(Definition definition, GuestVolumes.Held volumes) {
    Definition.Boot boot = definition.boot().orElseThrow();
    List<String> words = new ArrayList<>();
    if (!boot.commandLine().isBlank()) {
      words.add(boot.commandLine());
    }
    words.addAll(definition.arguments());
    String commandLine = String.join(" ", words);
    return spec(
        definition,
        boot.kernel(),
        boot.initrd(),
        commandLine,
        commandLine,
        disks(definition, volumes));
  }

  private VmmSpec spec(
      Definition definition,
      Path kernel,
      Optional<Path> initrd,
      String commandLine,
      String tcgCommandLine,
      List<VmmSpec.Disk> disks) {
    return new VmmSpec(
        guest,
        runDirectory,
        definition.memoryBytes(),
        definition.cpus(),
        definition.accelerator(),
        kernel,
        initrd,
        commandLine,
        tcgCommandLine,
        disks,
        definition.screen(),
        definition.userNetwork(),
        definition.hotplugPorts() + definition.devices().size());
  }
}
