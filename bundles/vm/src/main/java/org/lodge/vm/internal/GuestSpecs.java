package org.lodge.vm.internal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lodge.images.GuestImage;
import org.lodge.images.ImageException;
import org.lodge.images.Images;
import org.lodge.vm.GuestException;
import org.lodge.vmm.VmmSpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What one guest's monitor is to run, from the guest's definition, image and volume. */
final class GuestSpecs {
  private static final Logger LOG = LoggerFactory.getLogger(GuestSpecs.class);
  private static final Duration SERVICE_WAIT = Duration.ofSeconds(2);

  /** Free PCIe ports for devices that come while the guest runs. */
  private static final int SPARE_PORTS = 4;

  private final String guest;
  private final Path runDirectory;
  private final Path stateDirectory;
  private final Services<Images> images;

  GuestSpecs(String guest, Path runDirectory, Path stateDirectory, Services<Images> images) {
    this.guest = guest;
    this.runDirectory = runDirectory;
    this.stateDirectory = stateDirectory;
    this.images = images;
  }

  VmmSpec of(Definition definition) throws GuestException, ImageException, InterruptedException {
    try {
      return definition.image().isPresent() ? fromImage(definition) : fromKernel(definition);
    } catch (IOException e) {
      throw new GuestException(
          guest,
          "volume",
          "its volume below " + stateDirectory + " can't be made: " + e,
          List.of(),
          e);
    }
  }

  private VmmSpec fromImage(Definition definition)
      throws GuestException, ImageException, IOException, InterruptedException {
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
      disks.add(new VmmSpec.Disk("state", volume(definition.volumeBytes().get()), false, false));
    }
    disks.addAll(definition.disks());
    List<String> kvm = new ArrayList<>(image.kernelArguments());
    List<String> tcg = new ArrayList<>(image.kernelArguments());
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

  private VmmSpec fromKernel(Definition definition) {
    Definition.Boot boot = definition.boot().orElseThrow();
    List<String> words = new ArrayList<>();
    if (!boot.commandLine().isBlank()) {
      words.add(boot.commandLine());
    }
    words.addAll(definition.arguments());
    String commandLine = String.join(" ", words);
    return spec(
        definition, boot.kernel(), boot.initrd(), commandLine, commandLine, definition.disks());
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
        SPARE_PORTS + definition.devices().size());
  }

  /** Sparse; an existing one may grow, and never shrinks. */
  private Path volume(long sizeBytes) throws IOException {
    Files.createDirectories(stateDirectory);
    Path volume = stateDirectory.resolve("state.img");
    try (RandomAccessFile file = new RandomAccessFile(volume.toFile(), "rw")) {
      if (file.length() < sizeBytes) {
        file.setLength(sizeBytes);
      } else if (file.length() > sizeBytes) {
        LOG.warn("{} is larger than volumeSize and stays as it is", volume);
      }
    }
    return volume;
  }
}
