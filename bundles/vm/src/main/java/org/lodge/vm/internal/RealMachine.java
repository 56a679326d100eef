package org.lodge.vm.internal;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.lodge.configuration.SchemaValidator;
import org.lodge.images.GuestImage;
import org.lodge.images.ImageException;
import org.lodge.images.Images;
import org.lodge.vm.Console;
import org.lodge.vm.GuestException;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmDriver;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmListener;
import org.lodge.vmm.VmmSpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One guest's image, volume, driver and console, as they are on this host. */
final class RealMachine implements Machine {
  private static final Logger LOG = LoggerFactory.getLogger(RealMachine.class);
  private static final Duration SERVICE_WAIT = Duration.ofSeconds(2);
  private static final Duration ADOPT_LIMIT = Duration.ofSeconds(5);
  private static final Duration DRAIN_LIMIT = Duration.ofMillis(300);

  /** Free PCIe ports for devices that come while the guest runs. */
  private static final int HOTPLUG_PORTS = 4;

  private final String guest;
  private final Path runDirectory;
  private final Path stateDirectory;
  private final Services<VmmDriver> drivers;
  private final Services<Images> images;
  private final SchemaValidator schema;
  private volatile String vmm = "qemu";
  private volatile ConsolePump console;

  RealMachine(
      String guest,
      Path run,
      Path state,
      Services<VmmDriver> drivers,
      Services<Images> images,
      SchemaValidator schema) {
    this.guest = guest;
    this.runDirectory = run.resolve("vm").resolve(guest);
    this.stateDirectory = state.resolve("vm").resolve(guest);
    this.drivers = drivers;
    this.images = images;
    this.schema = schema;
  }

  @Override
  public Vmm create(Definition definition, VmmListener listener) throws GuestException {
    try {
      VmmDriver driver = driver(definition.vmm());
      VmmSpec spec =
          definition.image().isPresent() ? fromImage(definition) : fromKernel(definition);
      return driver.create(spec, listener, definition.limits().create());
    } catch (VmmException e) {
      throw new GuestException(guest, e.stage(), e.getMessage(), e.lastLines(), e);
    } catch (ImageException e) {
      throw new GuestException(guest, "image", e.getMessage(), List.of(), e);
    } catch (IOException e) {
      throw new GuestException(
          guest,
          "volume",
          "its volume below " + stateDirectory + " can't be made: " + e,
          List.of(),
          e);
    } catch (InterruptedException e) {
      throw new GuestException(guest, "create", "was stopped", List.of(), e);
    }
  }

  private VmmDriver driver(String name) throws GuestException, InterruptedException {
    return drivers
        .await(name, SERVICE_WAIT)
        .orElseThrow(() ->
            new GuestException(
                guest,
                "driver",
                "there is no driver for the monitor \""
                    + name
                    + "\"; its bundle vmm-"
                    + name
                    + " is not active"));
  }

  private VmmSpec fromImage(Definition definition)
      throws GuestException, ImageException, IOException, InterruptedException {
    Images service =
        images
            .await("images", SERVICE_WAIT)
            .orElseThrow(
                () -> new GuestException(guest, "image", "the bundle images is not active"));
    GuestImage image = service.resolve(definition.image().orElseThrow());
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
        HOTPLUG_PORTS);
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

  @Override
  public void attach(Vmm of, Definition definition, Consumer<Marker> heard) throws GuestException {
    vmm = definition.vmm();
    try {
      new RunRecord(definition.vmm(), definition.origin().file(), definition.origin().text())
          .write(runDirectory);
    } catch (IOException e) {
      LOG.warn("A later Lodge will not know this definition: {}", e.toString());
    }
    try {
      console = new ConsolePump(guest, connect(of.consoleSocket()), heard).start();
    } catch (IOException e) {
      throw new GuestException(
          guest,
          "console",
          "its console " + of.consoleSocket() + " can't be reached: " + e,
          List.of(),
          e);
    }
  }

  private static SocketChannel connect(Path socket) throws IOException {
    SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      channel.connect(UnixDomainSocketAddress.of(socket));
      return channel;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  @Override
  public Optional<Definition> inForce() {
    return record().flatMap(r -> DefinitionReader.readInForce(r.file(), guest, r.text(), schema));
  }

  @Override
  public Optional<Vmm> adopt(VmmListener listener, Consumer<Marker> heard) throws GuestException {
    if (!Files.isDirectory(runDirectory)) {
      return Optional.empty();
    }
    vmm = record().map(RunRecord::vmm).orElse(vmm);
    Optional<Vmm> found;
    try {
      found = driver(vmm).adopt(runDirectory, listener, ADOPT_LIMIT);
    } catch (VmmException e) {
      throw new GuestException(guest, e.stage(), e.getMessage(), e.lastLines(), e);
    } catch (InterruptedException e) {
      throw new GuestException(guest, "adopt", "was interrupted", List.of(), e);
    }
    if (found.isEmpty()) {
      return Optional.empty();
    }
    try {
      console = new ConsolePump(guest, connect(found.get().consoleSocket()), heard).start();
    } catch (IOException e) {
      LOG.warn("Its console can't be reached until it is restarted: {}", e.toString());
    }
    return found;
  }

  private Optional<RunRecord> record() {
    try {
      return RunRecord.read(runDirectory);
    } catch (IOException e) {
      LOG.warn("What it was started with can't be read: {}", e.toString());
      return Optional.empty();
    }
  }

  @Override
  public void killLeftBehind() throws GuestException {
    try {
      driver(record().map(RunRecord::vmm).orElse(vmm)).killLeftBehind(runDirectory, ADOPT_LIMIT);
    } catch (VmmException e) {
      throw new GuestException(guest, e.stage(), e.getMessage(), e.lastLines(), e);
    } catch (InterruptedException e) {
      throw new GuestException(guest, "kill", "was interrupted", List.of(), e);
    }
  }

  @Override
  public void drainConsole() {
    ConsolePump pump = console;
    if (pump != null) {
      try {
        pump.awaitEnd(DRAIN_LIMIT);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      pump.close();
    }
  }

  @Override
  public void closeConsole() {
    ConsolePump pump = console;
    if (pump != null) {
      pump.close();
    }
  }

  @Override
  public List<String> lastLines() {
    ConsolePump pump = console;
    return pump == null ? List.of() : pump.lastLines();
  }

  Console openConsole() throws GuestException {
    ConsolePump pump = console;
    try {
      if (pump != null) {
        return pump.attach();
      }
    } catch (IOException e) {
      LOG.debug("No console", e);
    }
    throw new GuestException(guest, "console", "has no console now; it is not running");
  }
}
