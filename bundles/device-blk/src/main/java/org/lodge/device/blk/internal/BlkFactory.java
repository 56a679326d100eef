package org.lodge.device.blk.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.lodge.blocks.BlockRequest;
import org.lodge.blocks.BlockSource;
import org.lodge.blocks.BlockSourceException;
import org.lodge.blocks.BlockSources;
import org.lodge.linux.FileLeases;
import org.lodge.linux.FileLeases.Lease;
import org.lodge.linux.IoUring;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceFactory;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes disks of files, block devices, and disks that others keep; {@link BlkSettings} says what
 * can be configured.
 */
@Component(
    property = {
      DeviceFactory.TYPE + "=" + BlkFactory.TYPE_NAME,
      DeviceFactory.VIRTIO_ID + ":Integer=2",
      DeviceFactory.VERSION + "=1.0.0"
    })
public final class BlkFactory implements DeviceFactory {
  static final String TYPE_NAME = "blk";
  private static final Logger log = LoggerFactory.getLogger(BlkFactory.class);
  private static final Duration SOURCES_WAIT = Duration.ofSeconds(20);

  private final Path disks;

  private final FileLeases leases;

  private BlockSources sources;

  @Activate
  public BlkFactory(@Reference FileLeases leases, BundleContext context) {
    this(leases, Path.of(Optional.ofNullable(context.getProperty("lodge.state")).orElse(".")));
    if (context.getProperty("lodge.state") != null) {
      makeFolder();
    }
  }

  /** For people to put their images into; what is read from it tells by itself where it fails. */
  private void makeFolder() {
    try {
      Files.createDirectories(disks);
    } catch (IOException e) {
      log.warn("The folder for disk images can't be made: {}", e.toString());
    }
  }

  BlkFactory(FileLeases leases, Path state) {
    this.leases = leases;
    disks = state.resolve("disks").toAbsolutePath();
  }

  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  synchronized void setSources(BlockSources service) {
    sources = service;
    notifyAll();
  }

  synchronized void unsetSources(BlockSources service) {
    if (sources == service) {
      sources = null;
    }
  }

  @Override
  public void check(DeviceConfig config) throws DeviceException {
    BlkSettings.read(config, disks);
  }

  @Override
  public Device create(DeviceConfig config, DeviceContext context) throws DeviceException {
    BlkSettings settings = BlkSettings.read(config, disks);
    BlkCounters counters = new BlkCounters();
    if (settings.elsewhere().isPresent()) {
      RemoteMedium medium =
          new RemoteMedium(settings, open(settings.elsewhere().get(), config), counters);
      BlkDevice device = new BlkDevice(settings, medium, counters, config, context);
      medium.onResize(device::sizeChanged);
      return device;
    }
    Lease lease = take(settings.path().get(), !settings.readOnly(), config);
    boolean made = false;
    try {
      Disk disk = Disk.open(settings, config);
      Medium medium = new FileMedium(settings, disk, lease, config, counters, IoUring::create);
      Device device = new BlkDevice(settings, medium, counters, config, context);
      made = true;
      return device;
    } finally {
      if (!made) {
        lease.close();
      }
    }
  }

  private BlockSource open(BlockRequest request, DeviceConfig config) throws DeviceException {
    try {
      return awaitSources(config).open(request);
    } catch (BlockSourceException e) {
      throw new DeviceException("open", config.fault("from", e.getMessage()).getMessage(), e);
    }
  }

  /** While Lodge starts, a device may be wanted before the sources are there. */
  private synchronized BlockSources awaitSources(DeviceConfig config) throws DeviceException {
    long end = System.nanoTime() + SOURCES_WAIT.toNanos();
    long left = SOURCES_WAIT.toNanos();
    try {
      while (sources == null && left > 0) {
        wait(left / 1_000_000 + 1);
        left = end - System.nanoTime();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (sources == null) {
      throw new DeviceException(
          "open",
          config
              .fault("from", "can't be used: no bundle has disks of others; is nbd active?")
              .getMessage());
    }
    return sources;
  }

  private Lease take(Path path, boolean writing, DeviceConfig config) throws DeviceException {
    String owner = "guest '%s', device '%s'".formatted(config.guest(), config.device());
    try {
      return leases.take(path, writing, owner);
    } catch (LinuxException e) {
      throw Unusable.of(path, writing, config, e);
    }
  }
}
