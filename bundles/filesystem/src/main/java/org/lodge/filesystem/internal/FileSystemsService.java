package org.lodge.filesystem.internal;

import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.FileSystemException;
import org.lodge.filesystem.FileSystemOffer;
import org.lodge.filesystem.FileSystems;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Offered;
import org.lodge.filesystem.Rules;
import org.lodge.linux.LinuxException;
import org.lodge.linux.ServiceManager;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** Every file system in use, each kept from its first to its last user. */
@Component(service = FileSystems.class)
public final class FileSystemsService implements FileSystems {
  private static final Duration OFFER_WAIT = Duration.ofSeconds(2);
  private static final Duration OFFER_AGAIN = Duration.ofMillis(50);

  /** Longer than guests may take to be found again. */
  private static final Duration COMEBACK = Duration.ofSeconds(120);

  private final List<FileSystemOffer> offers = new CopyOnWriteArrayList<>();
  private final Map<Key, Use> uses = new HashMap<>();
  private final Map<String, LockTable> locks = new HashMap<>();

  /** Of guests whose devices did not come back yet after a death of Lodge. */
  private final Map<Ledger, LockTable.Session> left = new HashMap<>();

  private final Ledgers ledgers;
  private final BooleanSupplier goesOn;

  /**
   * @param what the share's name, or the settings of a directory
   */
  private record Key(String guest, String device, Object what) {}

  private static final class Use {
    final Ruled fileSystem;
    final LockTable.Session locks;
    final Ledger ledger;
    int users;

    Use(Offered offered, LockTable.Session locks, Ledger ledger) {
      fileSystem = new Ruled(offered.fileSystem(), offered.rules(), locks, ledger);
      this.locks = locks;
      this.ledger = ledger;
    }
  }

  private interface Maker {
    Offered make(Ledger ledger) throws FileSystemException;
  }

  /** Whatever is still in use while the whole of Lodge ends is wanted by the next one. */
  @Activate
  public FileSystemsService(@Reference ServiceManager manager, BundleContext context) {
    this(manager, () -> context.getBundle(0).getState() == Bundle.STOPPING);
  }

  private FileSystemsService(ServiceManager manager, BooleanSupplier goesOn) {
    ledgers = new Ledgers(manager, this::forget);
    this.goesOn = goesOn;
    CompletableFuture.delayedExecutor(COMEBACK.toSeconds(), TimeUnit.SECONDS)
        .execute(this::giveUpLeft);
  }

  /**
   * Outside the container.
   *
   * @param manager that keeps what guests know; null for none
   * @param goesOn whether file systems end now only for this process
   */
  public static FileSystemsService of(ServiceManager manager, BooleanSupplier goesOn) {
    return new FileSystemsService(manager, goesOn);
  }

  @Reference(
      cardinality = ReferenceCardinality.MULTIPLE,
      policy = ReferencePolicy.DYNAMIC,
      unbind = "removeOffer")
  void addOffer(FileSystemOffer offer) {
    offers.add(offer);
  }

  void removeOffer(FileSystemOffer offer) {
    offers.remove(offer);
  }

  @Override
  public Lease open(String guest, String device, String share) throws FileSystemException {
    return use(new Key(guest, device, share), ledger -> offered(guest, share, ledger));
  }

  @Override
  public Lease open(String guest, String device, DirectorySettings settings, Rules rules)
      throws FileSystemException {
    return use(
        new Key(guest, device, List.of(settings, rules)),
        ledger -> new Offered(directory(settings, ledger), rules));
  }

  @Override
  public FileSystem directory(DirectorySettings settings, Ledger ledger)
      throws FileSystemException {
    try {
      return new HostDirectory(settings, ledger);
    } catch (LinuxException e) {
      throw new FileSystemException(settings.path() + " can't be shared: " + e.getMessage(), e);
    }
  }

  /** While Lodge starts, a device may ask before whoever has the share is there. */
  private Offered offered(String guest, String share, Ledger ledger) throws FileSystemException {
    long deadline = System.nanoTime() + OFFER_WAIT.toNanos();
    while (true) {
      for (FileSystemOffer offer : offers) {
        Optional<Offered> offered = offer.open(guest, share, ledger);
        if (offered.isPresent()) {
          return offered.get();
        }
      }
      if (System.nanoTime() > deadline) {
        throw unknown(share);
      }
      LockSupport.parkNanos(OFFER_AGAIN.toNanos());
    }
  }

  private FileSystemException unknown(String share) {
    TreeSet<String> names = new TreeSet<>();
    offers.forEach(offer -> names.addAll(offer.names()));
    return new FileSystemException(
        "there is no share '%s'; there is %s"
            .formatted(share, names.isEmpty() ? "none" : String.join(", ", names)));
  }

  private synchronized Lease use(Key key, Maker maker) throws FileSystemException {
    Use use = uses.get(key);
    if (use == null) {
      use = make(key, maker);
      uses.put(key, use);
    }
    use.users++;
    return lease(key, use);
  }

  private Use make(Key key, Maker maker) throws FileSystemException {
    Ledger ledger;
    try {
      ledger = ledgers.open(key.guest(), key.device(), key.what());
    } catch (LinuxException e) {
      throw new FileSystemException("no memory for its files: " + e.getMessage(), e);
    }
    boolean made = false;
    try {
      Offered offered = maker.make(ledger);
      String place = offered.fileSystem().place();
      Ledgers.place(ledger, place);
      Use use = new Use(offered, session(place, ledger), ledger);
      made = true;
      return use;
    } finally {
      if (!made) {
        ledgers.close(ledger, true);
      }
    }
  }

  /** Before anybody takes a lock of a place, all that were held there are held again. */
  private LockTable.Session session(String place, Ledger ledger) {
    LockTable table = locks.get(place);
    if (table == null) {
      table = new LockTable();
      locks.put(place, table);
      for (Ledger each : ledgers.left(place)) {
        left.put(each, table.open(each));
      }
    }
    LockTable.Session before = left.remove(ledger);
    return before == null ? table.open(ledger) : before;
  }

  private void forget(Ledger ledger) {
    LockTable.Session locks = left.remove(ledger);
    if (locks != null) {
      locks.drop(true);
    }
  }

  /** Who did not come back by now holds no locks any more. */
  synchronized void giveUpLeft() {
    left.values().forEach(each -> each.drop(false));
    left.clear();
    ledgers.forgetLocks();
  }

  private Lease lease(Key key, Use use) {
    AtomicBoolean over = new AtomicBoolean();
    return new Lease() {
      @Override
      public FileSystem fileSystem() {
        return use.fileSystem;
      }

      @Override
      public void close() {
        if (over.compareAndSet(false, true)) {
          leave(key, use);
        }
      }
    };
  }

  private void leave(Key key, Use use) {
    synchronized (this) {
      if (--use.users > 0) {
        return;
      }
      uses.remove(key, use);
      boolean next = goesOn.getAsBoolean();
      if (next) {
        use.locks.stay();
      }
      use.fileSystem.close();
      ledgers.close(use.ledger, !next);
    }
  }

  @Override
  public synchronized void revoke(String guest, String share) {
    uses.forEach((key, use) -> {
      if (key.guest().equals(guest) && key.what().equals(share)) {
        use.fileSystem.revoke();
      }
    });
  }
}
