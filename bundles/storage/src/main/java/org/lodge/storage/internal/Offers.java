package org.lodge.storage.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.WeakHashMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.lodge.agent.AgentSession;
import org.lodge.agent.Agents;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.FileSystemException;
import org.lodge.filesystem.FileSystemOffer;
import org.lodge.filesystem.FileSystems;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Offered;
import org.lodge.lane.Lanes;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/**
 * Makes the file systems of shares when a guest's device asks for them: of the host's directory, or
 * of a folder that a storage guest's agent serves. Needs no guest to run. Thread-safe.
 */
@Component(service = {Offers.class, FileSystemOffer.class})
public final class Offers implements FileSystemOffer {
  private static final int DESCRIPTORS_MAX = 4096;
  private static final Duration ANSWER = Duration.ofSeconds(120);
  private static final Duration AGENT = Duration.ofSeconds(10);
  private static final Duration COMING_UP = Duration.ofSeconds(60);

  private final Agents agents;
  private final ShareDefinitions definitions;
  private final LiveGrants live;
  private final Lanes lanes;
  private final Map<String, Grant> granted = new HashMap<>();
  private final Map<Links, Grant> grantOf = new WeakHashMap<>();

  /** By storage guest. */
  private final Map<String, Neighbours> neighbours = new ConcurrentHashMap<>();

  private volatile FileSystems fileSystems;

  @Activate
  public Offers(
      @Reference Agents agents,
      @Reference ShareDefinitions definitions,
      @Reference LiveGrants live,
      @Reference Lanes lanes) {
    this.agents = agents;
    this.lanes = lanes;
    this.definitions = definitions;
    this.live = live;
  }

  /** Not needed to activate: the service waits for offers, not the other way round. */
  @Reference(cardinality = ReferenceCardinality.OPTIONAL, policy = ReferencePolicy.DYNAMIC)
  void setFileSystems(FileSystems service) {
    fileSystems = service;
  }

  void unsetFileSystems(FileSystems service) {
    if (fileSystems == service) {
      fileSystems = null;
    }
  }

  /** From now on the guest may have this. */
  synchronized void grant(Grant grant) {
    granted.put(grant.guest() + "/" + grant.share(), grant);
  }

  synchronized void withdraw(Grant grant) {
    granted.remove(grant.guest() + "/" + grant.share());
  }

  /** A guest that uses these is going: what it still asks must not wait for long. */
  synchronized void hurry(Predicate<Grant> which, Consumer<Links> how) {
    grantOf.forEach((links, grant) -> {
      if (which.test(grant)) {
        how.accept(links);
      }
    });
  }

  /**
   * Why calls to its storage guest get no answer just now, as far as somebody has tried; it is
   * tried again, so that who asks once more is told whether it still is so.
   */
  synchronized Optional<String> trouble(Grant grant) {
    Optional<String> found = Optional.empty();
    for (Map.Entry<Links, Grant> each : grantOf.entrySet()) {
      String trouble = each.getKey().trouble();
      if (each.getValue().equals(grant) && !trouble.isEmpty()) {
        each.getKey().tryAgain();
        found = Optional.of(trouble);
      }
    }
    return found;
  }

  /** A storage guest can be asked again. */
  synchronized void cameUp(String keeper) {
    grantOf.forEach((links, grant) -> {
      if (grant.from().equals(keeper)) {
        links.cameUp();
      }
    });
  }

  private synchronized Optional<Grant> find(String guest, String share) {
    Grant given = granted.get(guest + "/" + share);
    if (given != null) {
      return Optional.of(given);
    }
    // A Lodge that came back is asked for the devices of its guests before it gives any.
    Stream<Grant> possible =
        live.isRevoked(guest, share)
            ? Stream.empty()
            : Stream.concat(live.granted(guest).stream(), definitions.grants().stream());
    return possible
        .filter(grant -> grant.guest().equals(guest) && grant.share().equals(share))
        .findFirst();
  }

  @Override
  public Set<String> names() {
    Set<String> names = new TreeSet<>();
    definitions.grants().forEach(grant -> names.add(grant.share()));
    synchronized (this) {
      granted.values().forEach(grant -> names.add(grant.share()));
    }
    return names;
  }

  @Override
  public Optional<Offered> open(String guest, String name, Ledger ledger)
      throws FileSystemException {
    Optional<Grant> grant = find(guest, name);
    if (grant.isEmpty()) {
      if (names().contains(name)) {
        throw new FileSystemException(
            "share '%s' is not for guest '%s'; add the guest to its definition"
                .formatted(name, guest));
      }
      return Optional.empty();
    }
    return Optional.of(new Offered(files(grant.get(), ledger), grant.get().rules()));
  }

  private FileSystem files(Grant grant, Ledger ledger) throws FileSystemException {
    if (!grant.file()) {
      return folder(grant, grant.path(), grant.create(), ledger);
    }
    Path file = Path.of(grant.path());
    if (file.getNameCount() == 0) {
      throw new FileSystemException(grant.path() + " is no file that could be shared");
    }
    FileSystem folder = folder(grant, file.getParent().toString(), false, ledger);
    return new OneFile(folder, file.getFileName().toString(), ledger);
  }

  private FileSystem folder(Grant grant, String path, boolean create, Ledger ledger)
      throws FileSystemException {
    if (grant.isFromHost()) {
      return fileSystems.directory(
          new DirectorySettings(Path.of(path), grant.uid(), grant.ownerUid(), DESCRIPTORS_MAX),
          ledger);
    }
    Links links =
        new Links(
            (epoch, limit) -> connect(grant, path, create, epoch, limit),
            grant.share() + " for " + grant.guest(),
            grant.patience());
    synchronized (this) {
      grantOf.put(links, grant);
    }
    return new RemoteFiles(
        links,
        new RemoteSettings(grant.from(), grant.uid(), grant.ownerUid()),
        ledger,
        lanes,
        neighbours.computeIfAbsent(grant.from(), guest -> new Neighbours()));
  }

  /**
   * Whether the directory, or that of the file, is there, as far as its guest can be asked.
   *
   * @throws IOException with what the guest says
   */
  void probe(Grant grant) throws IOException {
    Optional<AgentSession> session =
        grant.isFromHost() ? Optional.empty() : agents.session(grant.from());
    boolean create = grant.create() && !grant.file();
    Path named = Path.of(grant.path());
    String path = (grant.file() ? named.getParent() : named).toString();
    if (session.isPresent()) {
      session.get().serveFolder(path, create, AGENT).reset();
    }
  }

  /**
   * Waits for a guest that may have been started a moment ago: what is mounted before it can answer
   * fails.
   */
  void awaitKeeper(Grant grant) throws IOException {
    if (!grant.isFromHost()) {
      agents.await(grant.from(), COMING_UP);
    }
  }

  private Link connect(Grant grant, String path, boolean create, int epoch, Duration limit)
      throws IOException {
    AgentSession session = agents.await(grant.from(), limit);
    Duration soon = limit.compareTo(AGENT) < 0 ? limit : AGENT;
    return new Link(
        epoch, session.info().bootId(), session.serveFolder(path, create, soon), ANSWER.toNanos());
  }
}
