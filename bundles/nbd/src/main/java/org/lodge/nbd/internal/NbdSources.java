package org.lodge.nbd.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.lodge.agent.Agents;
import org.lodge.blocks.BlockIo;
import org.lodge.blocks.BlockLimits;
import org.lodge.blocks.BlockRequest;
import org.lodge.blocks.BlockSource;
import org.lodge.blocks.BlockSourceException;
import org.lodge.blocks.BlockSources;
import org.lodge.connect.Broker;
import org.lodge.vm.GuestListener;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.StopOrder;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Every disk that a guest has from elsewhere, each kept from its first to its last user, so that
 * new device logic goes on with the connection and with the log of writes. Thread-safe.
 */
@Component(service = {BlockSources.class, GuestListener.class, StopOrder.class})
public final class NbdSources implements BlockSources, GuestListener, StopOrder {
  private static final Duration FIRST = Duration.ofSeconds(10);
  private static final Duration KNOWN = Duration.ofSeconds(1);
  private static final Duration SOON = Duration.ofSeconds(3);

  private final Broker broker;
  private final Agents agents;
  private final Remembered remembered;
  private final Map<BlockRequest, Use> uses = new HashMap<>();

  private static final class Use {
    final NbdDisk disk;
    final Connector connector;
    int users;

    Use(NbdDisk disk, Connector connector) {
      this.disk = disk;
      this.connector = connector;
    }
  }

  @Activate
  public NbdSources(@Reference Broker broker, @Reference Agents agents, BundleContext context) {
    this(broker, agents, Path.of(context.getProperty("lodge.run")));
  }

  NbdSources(Broker broker, Agents agents, Path run) {
    this.broker = broker;
    this.agents = agents;
    remembered = new Remembered(run.resolve("nbd"));
  }

  @Deactivate
  synchronized void close() {
    uses.values().forEach(use -> use.disk.close());
    uses.clear();
  }

  @Override
  public BlockSource open(BlockRequest request) throws BlockSourceException {
    Use use;
    synchronized (this) {
      requireUnshared(request);
      use = uses.computeIfAbsent(request, this::begin);
      use.users++;
    }
    boolean usable = false;
    try {
      requireKnown(use.disk, request);
      usable = true;
      return new Lease(request, use);
    } finally {
      if (!usable) {
        leave(request, use);
      }
    }
  }

  /**
   * What one writes is nobody else's, as with files of this host; a device's next logic has it too.
   */
  private void requireUnshared(BlockRequest request) throws BlockSourceException {
    for (BlockRequest other : uses.keySet()) {
      boolean same =
          other.from().equals(request.from())
              && other.export().equals(request.export())
              && other.socket().equals(request.socket());
      boolean own =
          other.guest().equals(request.guest()) && other.device().equals(request.device());
      if (same && !own && !(other.readOnly() && request.readOnly())) {
        throw new BlockSourceException(
            "can't be used: the disk %s is %s by guest '%s', device '%s'"
                .formatted(
                    place(request),
                    other.readOnly() ? "read" : "written",
                    other.guest(),
                    other.device()));
      }
    }
  }

  private static String place(BlockRequest request) {
    String name = request.export().isEmpty() ? "the disk" : request.export();
    return request.isFromHost()
        ? "%s at %s".formatted(name, request.socket().orElseThrow())
        : "%s of guest %s".formatted(name, request.from());
  }

  private Use begin(BlockRequest request) {
    Dialer dialer =
        request.isFromHost()
            ? new HostDialer(request.socket().orElseThrow())
            : new GuestDialer(request, broker, agents);
    NbdDisk disk = new NbdDisk(request, place(request));
    Connector connector = new Connector(disk, dialer, request.export());
    connector.start();
    return new Use(disk, connector);
  }

  /** A device must know its disk before its driver sees it. */
  private void requireKnown(NbdDisk disk, BlockRequest request) throws BlockSourceException {
    if (disk.limits() != null) {
      return;
    }
    Optional<BlockLimits> known = remembered.read(request);
    // A driver may have it already; whoever takes guests over waits for all of their devices.
    if (isThere(disk, known.isPresent() ? KNOWN : FIRST)) {
      remembered.write(request, disk.limits());
    } else if (known.isPresent()) {
      disk.suppose(known.get());
    } else {
      throw new BlockSourceException(
          "can't be used: the disk %s is not there: %s"
              .formatted(disk.place(), disk.presence().reason()));
    }
    disk.onResize(() -> remembered.write(request, disk.limits()));
  }

  private static boolean isThere(NbdDisk disk, Duration limit) {
    try {
      return disk.presence().awaitOpen(limit);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void leave(BlockRequest request, Use use) {
    synchronized (this) {
      if (--use.users > 0 || !uses.remove(request, use)) {
        return;
      }
    }
    remembered.forget(request);
    use.disk.close();
  }

  @Override
  public void guestChanged(GuestStatus status, GuestState before) {
    boolean goes = !status.state().hasProcess() || status.state() == GuestState.STOPPING;
    if (goes && status.state() != before) {
      hurry(status.name());
    }
  }

  private synchronized void hurry(String guest) {
    uses.forEach((request, use) -> {
      if (request.guest().equals(guest)) {
        use.disk.presence().hurry(SOON);
      }
    });
  }

  @Override
  public synchronized Set<String> stopBefore(String guest) {
    Set<String> users = new TreeSet<>();
    uses.keySet().stream()
        .filter(request -> request.from().equals(guest))
        .forEach(request -> users.add(request.guest()));
    return users;
  }

  /** One device's hold on a disk. */
  private final class Lease implements BlockSource {
    private final BlockRequest request;
    private final Use use;
    private Runnable onResize = () -> {};
    private boolean over;

    Lease(BlockRequest request, Use use) {
      this.request = request;
      this.use = use;
    }

    @Override
    public BlockLimits limits() {
      return use.disk.limits();
    }

    @Override
    public void submit(BlockIo io) {
      use.disk.submit(io);
    }

    @Override
    public void withdraw(Predicate<BlockIo> which) {
      use.disk.withdraw(which);
    }

    @Override
    public void look() throws BlockSourceException {
      try {
        use.connector.look();
      } catch (IOException e) {
        throw new BlockSourceException(
            "the disk %s does not say how large it is: %s".formatted(place(), e.getMessage()), e);
      }
    }

    @Override
    public synchronized void onResize(Runnable action) {
      use.disk.noMoreResize(onResize);
      onResize = action;
      use.disk.onResize(action);
    }

    @Override
    public String place() {
      return use.disk.place();
    }

    @Override
    public Optional<String> trouble() {
      return use.disk.presence().trouble(place());
    }

    @Override
    public List<Count> counts() {
      return use.disk.counts();
    }

    @Override
    public void close() {
      synchronized (this) {
        if (over) {
          return;
        }
        over = true;
        use.disk.noMoreResize(onResize);
      }
      leave(request, use);
    }
  }
}
