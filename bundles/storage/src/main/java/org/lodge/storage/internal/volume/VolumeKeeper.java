package org.lodge.storage.internal.volume;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.lodge.linux.FileLeases;
import org.lodge.linux.LinuxException;
import org.lodge.storage.VolumeException;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestVolumes;
import org.lodge.vm.VolumeUse;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has the folder of volumes, says who may do something to which, and gives them to guests that
 * start. Nothing here needs to know which guests there are.
 */
@Component(service = {GuestVolumes.class, VolumeKeeper.class})
public final class VolumeKeeper implements GuestVolumes {
  private static final Logger LOG = LoggerFactory.getLogger(VolumeKeeper.class);
  static final String NAME = "[a-z][a-z0-9-]{0,30}";

  private final VolumeFolder folder;
  private final StartPoints points;
  private final FileLeases leases;

  /** Where earlier Lodges kept the layers of guests. */
  private final Path formerLayers;

  private final Map<String, Claim> claims = new HashMap<>();
  private final Map<String, FutureTask<Void>> finishing = new ConcurrentHashMap<>();
  private FileChannel owned;

  private record Claim(String what, int count) {}

  /** Something is done to a volume, and nothing else until it is closed. */
  interface Claimed extends AutoCloseable {
    @Override
    void close();
  }

  @Activate
  public VolumeKeeper(@Reference FileLeases leases, BundleContext context) {
    this(leases, Path.of(context.getProperty("lodge.state")).toAbsolutePath());
    // A container for one command stands beside the Lodge that has them.
    if (context.getProperty("lodge.oneshot") == null) {
      begin();
    }
  }

  private synchronized void begin() {
    try {
      own();
    } catch (VolumeException e) {
      LOG.error("{}", e.getMessage());
    }
  }

  VolumeKeeper(FileLeases leases, Path state) {
    this(leases, state, new DurableFiles());
  }

  VolumeKeeper(FileLeases leases, Path state, DurableFiles files) {
    this.leases = leases;
    folder = new VolumeFolder(state.resolve("volume"), files);
    points = new StartPoints(folder);
    formerLayers = state.resolve("vm");
  }

  /** What has begun is quick, and would be swept otherwise. */
  @Deactivate
  void deactivate() {
    finishing.values().forEach(VolumeKeeper::join);
    synchronized (this) {
      close(owned);
      owned = null;
    }
  }

  /** For looking; whoever changes it has claimed what he changes. */
  VolumeFolder folder() {
    return folder;
  }

  FileLeases leases() {
    return leases;
  }

  Optional<StartPoints.Start> lastStart(String guest) throws IOException {
    settle(guest);
    return points.last(guest);
  }

  /** Waits until what a start has left counts. */
  private void settle(String guest) {
    FutureTask<Void> task = finishing.get(guest);
    if (task != null) {
      join(task);
    }
  }

  private static void join(FutureTask<Void> task) {
    try {
      task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    }
  }

  /**
   * @param what is done to it, as in {@code cloned}
   * @throws VolumeException where something else is done to it
   */
  synchronized Claimed claim(String volume, String what) throws VolumeException {
    own();
    try {
      folder.settle(volume);
    } catch (IOException e) {
      throw undone(volume, e);
    }
    Claim before = claims.get(volume);
    if (before != null && !before.what().equals(what)) {
      throw new VolumeException(
          "volume '%s' is being %s; try again when that is done".formatted(volume, before.what()));
    }
    claims.put(volume, new Claim(what, before == null ? 1 : before.count() + 1));
    return () -> release(volume);
  }

  static VolumeException undone(String volume, IOException e) {
    return new VolumeException(
        "volume '%s' is being reverted, which is done as soon as it can be, before anything else: %s"
            .formatted(volume, e.getMessage()),
        e);
  }

  private synchronized void release(String volume) {
    claims.computeIfPresent(
        volume,
        (name, claim) -> claim.count() == 1 ? null : new Claim(claim.what(), claim.count() - 1));
  }

  /** One Lodge at a time; the first time it cleans up after the last one. */
  private void own() throws VolumeException {
    if (owned != null) {
      return;
    }
    FileChannel channel = null;
    boolean taken = false;
    try {
      Files.createDirectories(folder.root());
      channel =
          FileChannel.open(
              folder.root().resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock();
      if (lock == null) {
        throw inUse();
      }
      folder.recover();
      taken = true;
      owned = channel;
    } catch (OverlappingFileLockException e) {
      throw inUse();
    } catch (IOException e) {
      throw new VolumeException("the volumes in " + folder.root() + " can't be used: " + e, e);
    } finally {
      if (!taken) {
        close(channel);
      }
    }
  }

  private VolumeException inUse() {
    return new VolumeException("another Lodge has the volumes in " + folder.root());
  }

  private static void close(FileChannel channel) {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public Optional<String> problem(String volume) {
    // What a guest keeps is known when it is up.
    if (isKept(volume) || folder.exists(volume)) {
      return Optional.empty();
    }
    return Optional.of(
        "there is no volume of this name; make it: lodge volume create " + volume + " 10G");
  }

  private static boolean isKept(String volume) {
    return VolumeUse.keeper(volume).isPresent();
  }

  @Override
  public Held open(String guest, List<VolumeUse> uses) throws GuestException {
    return hold(guest, uses);
  }

  private Holding hold(String guest, List<VolumeUse> uses) throws GuestException {
    Holding held = new Holding();
    boolean all = false;
    try {
      for (VolumeUse use : uses) {
        // Guests that only read it start at the same time.
        String to = use.readOnly() ? "guests that read it" : "guest '" + guest + "'";
        held.claims.add(claim(use.volume(), "given to " + to));
        if (use.sizeBytes().isEmpty() && problem(use.volume()).isPresent()) {
          throw new VolumeException(
              "%s: volume '%s': %s"
                  .formatted(use.as(), use.volume(), problem(use.volume()).orElse("")));
        }
      }
      all = true;
      return held;
    } catch (VolumeException e) {
      throw new GuestException(guest, "volume", e.getMessage(), List.of(), e);
    } finally {
      if (!all) {
        held.close();
      }
    }
  }

  private final class Holding implements Held {
    final List<Claimed> claims = new ArrayList<>();

    @Override
    public Path file(String volume) {
      return folder.disk(volume);
    }

    @Override
    public void close() {
      claims.forEach(Claimed::close);
      claims.clear();
    }
  }

  @Override
  public Held start(String guest, List<VolumeUse> uses, int keep, Duration copy)
      throws GuestException {
    Holding held = hold(guest, uses);
    boolean ready = false;
    try {
      settle(guest);
      for (VolumeUse use : uses) {
        if (use.sizeBytes().isPresent()) {
          layer(guest, use.volume(), use.sizeBytes().getAsLong());
        }
        if (!isKept(use.volume())) {
          requireUnused(use);
        }
      }
      List<String> written =
          uses.stream().filter(use -> !use.readOnly()).map(VolumeUse::volume).distinct().toList();
      FutureTask<Void> finish = new FutureTask<>(points.take(guest, written, keep, copy), null);
      finishing.put(guest, finish);
      Thread.ofVirtual().name("volumes-" + guest).start(finish);
      ready = true;
      return held;
    } catch (IOException e) {
      throw new GuestException(guest, "volume", e.getMessage(), List.of(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new GuestException(guest, "volume", "was stopped", List.of(), e);
    } finally {
      if (!ready) {
        held.close();
      }
    }
  }

  /** A guest's own; it may grow with its definition, and never shrinks by it. */
  private void layer(String guest, String volume, long sizeBytes)
      throws IOException, InterruptedException {
    Path former = formerLayers.resolve(guest).resolve("state.img");
    if (Files.exists(former)) {
      folder.takeOver(former, volume);
    }
    if (!folder.exists(volume)) {
      folder.create(volume, sizeBytes);
    } else if (Files.size(folder.disk(volume)) < sizeBytes) {
      folder.resize(volume, sizeBytes);
    }
  }

  /** The monitor would say so too, in words of its own. */
  private void requireUnused(VolumeUse use) throws IOException {
    try {
      leases.take(folder.disk(use.volume()), !use.readOnly(), "a start").close();
    } catch (LinuxException e) {
      throw e.errno() == LinuxException.EAGAIN
          ? new IOException(
              "volume '%s', named as %s, is used by another guest or program; see: lodge volume show %s"
                  .formatted(use.volume(), use.as(), use.volume()),
              e)
          : e;
    }
  }
}
