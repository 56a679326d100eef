package org.lodge.vm.internal;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.lodge.configuration.SchemaValidator;
import org.lodge.images.ImageException;
import org.lodge.images.Images;
import org.lodge.vhostuser.VhostUserBackends;
import org.lodge.vm.Console;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestVolumes;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmDriver;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmListener;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One guest's image, volumes, driver and console, as they are on this host. */
final class RealMachine implements Machine {
  private static final Logger LOG = LoggerFactory.getLogger(RealMachine.class);
  private static final Duration SERVICE_WAIT = Duration.ofSeconds(2);
  private static final Duration ADOPT_LIMIT = Duration.ofSeconds(5);
  private static final Duration DRAIN_LIMIT = Duration.ofMillis(300);
  private static final Duration END_LIMIT = Duration.ofSeconds(5);

  private final String guest;
  private final Path runDirectory;
  private final GuestSpecs specs;
  private final GuestDevices devices;
  private final Volumes volumes;
  private final Services<VmmDriver> drivers;
  private final Inside inside;
  private final SchemaValidator schema;
  private volatile String vmm = "qemu";
  private volatile ConsolePump console;

  RealMachine(
      String guest,
      Path run,
      Services<VmmDriver> drivers,
      Services<Images> images,
      Services<VhostUserBackends> backends,
      Volumes volumes,
      Inside inside,
      SchemaValidator schema) {
    this.guest = guest;
    this.runDirectory = run.resolve("vm").resolve(guest);
    this.specs = new GuestSpecs(guest, runDirectory, images);
    this.devices =
        new GuestDevices(
            guest, runDirectory, backends, volumes, serial -> inside.diskUse(guest, serial));
    this.volumes = volumes;
    this.drivers = drivers;
    this.inside = inside;
    this.schema = schema;
  }

  @Override
  public Vmm create(Definition definition, VmmListener listener) throws GuestException {
    try (GuestVolumes.Held held = volumes.start(guest, definition)) {
      VmmDriver driver = driver(definition.vmm());
      Vmm made = driver.create(specs.of(definition, held), listener, definition.limits().create());
      bringUpDevices(made, definition);
      return made;
    } catch (VmmException e) {
      throw new GuestException(guest, e.stage(), e.getMessage(), e.lastLines(), e);
    } catch (ImageException e) {
      throw new GuestException(guest, "image", e.getMessage(), List.of(), e);
    } catch (InterruptedException e) {
      throw new GuestException(guest, "create", "was stopped", List.of(), e);
    }
  }

  /** Comes after the driver has sealed the run directory: the sockets stand there. */
  private void bringUpDevices(Vmm made, Definition definition)
      throws GuestException, VmmException, InterruptedException {
    boolean up = false;
    try {
      devices.bringUp(made, definition.devices());
      up = true;
    } finally {
      if (!up) {
        made.kill();
        awaitEnd(made);
      }
    }
  }

  private void awaitEnd(Vmm made) {
    try {
      made.exited().get(END_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException | TimeoutException e) {
      LOG.error("Its process does not end although it was killed", e);
    }
  }

  GuestDevices devices() {
    return devices;
  }

  @Override
  public void closeDevices() {
    inside.gone(guest);
    devices.closeAll();
  }

  @Override
  public Message.Control.Action deviceGone(String id) {
    return devices.gone(id);
  }

  @Override
  public boolean powerOff() {
    return inside.powerOff(guest);
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

  @Override
  public void attach(Vmm of, Definition definition, Consumer<Marker> heard) throws GuestException {
    vmm = definition.vmm();
    try {
      new RunRecord(
              definition.vmm(),
              definition.origin().file(),
              definition.origin().text(),
              devices.declarations())
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
    Optional<RunRecord> record = record();
    vmm = record.map(RunRecord::vmm).orElse(vmm);
    Optional<Vmm> found;
    try {
      // First: a monitor that waits for a back-end's word does not answer its driver.
      devices.reopen(record.map(RunRecord::devices).orElse(List.of()));
      found = driver(vmm).adopt(runDirectory, listener, ADOPT_LIMIT);
    } catch (VmmException e) {
      throw new GuestException(guest, e.stage(), e.getMessage(), e.lastLines(), e);
    } catch (InterruptedException e) {
      throw new GuestException(guest, "adopt", "was interrupted", List.of(), e);
    }
    if (found.isEmpty()) {
      devices.closeAll();
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
      devices.closeAll();
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
    throw new GuestException(
        guest,
        "console",
        "has no console, as it is not running; start it with: lodge start " + guest);
  }
}
