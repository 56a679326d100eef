package org.lodge.storage.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.lodge.agent.Agents;
import org.lodge.filesystem.FileSystems;
import org.lodge.storage.ShareException;
import org.lodge.storage.ShareRequest;
import org.lodge.storage.ShareStatus;
import org.lodge.storage.ShareStatus.State;
import org.lodge.storage.Shares;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestListener;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.Guests;
import org.lodge.vm.StopOrder;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives running guests the shares that are declared for them or granted to them, and takes them
 * back. What is done to one guest is done one thing after the other, on threads that may wait.
 */
@Component(service = {Shares.class, GuestListener.class, StopOrder.class})
public final class SharesService implements Shares, GuestListener, StopOrder {
  private static final Logger LOG = LoggerFactory.getLogger(SharesService.class);
  private static final Duration ASK_AGAIN = Duration.ofSeconds(3);

  private static final Duration SOON = Duration.ofSeconds(3);

  private final ShareDefinitions definitions;
  private final Offers offers;
  private final LiveGrants live;
  private final Guests guests;
  private final Mounts mounts;
  private final ShareRequests requests;
  private final ShareGiver giver;
  private final StorageGuests keepers;
  private final ShareStatuses statuses;
  private final ComingUp comingUp;
  private final Runnable follower = this::definitionsChanged;
  private final Consumer<String> arrivals = this::cameUp;
  private final Map<String, GuestShares> byGuest = new ConcurrentHashMap<>();

  /** Notified when a guest's shares are what its definitions say. */
  private final Object settled = new Object();

  @Activate
  public SharesService(
      @Reference ShareDefinitions definitions,
      @Reference Offers offers,
      @Reference LiveGrants live,
      @Reference FileSystems fileSystems,
      @Reference Guests guests,
      @Reference Devices devices,
      @Reference Agents agents,
      @Reference ComingUp comingUp) {
    this.definitions = definitions;
    this.offers = offers;
    this.live = live;
    this.guests = guests;
    mounts = new Mounts(agents);
    requests = new ShareRequests(definitions, guests);
    giver = new ShareGiver(offers, fileSystems, devices, mounts);
    keepers = new StorageGuests(guests, offers, giver);
    statuses = new ShareStatuses(definitions, live, offers, devices, mounts, giver, keepers);
    this.comingUp = comingUp;
    comingUp.follow(arrivals);
    definitions.follow(follower);
    // Not here: the list waits for guests to be found, which may wait for bundles yet to start.
    Thread.ofVirtual().name("shares-begin").start(follower);
  }

  @Deactivate
  void deactivate() {
    comingUp.unfollow(arrivals);
    definitions.unfollow(follower);
    byGuest.clear();
  }

  private void definitionsChanged() {
    try {
      for (GuestStatus guest : guests.list()) {
        if (isUp(guest)) {
          begin(guest.name());
        }
      }
    } catch (CompletionException e) {
      LOG.warn("No guest gets its shares, which guests there are is not known: {}", e.getMessage());
    }
  }

  @Override
  public void guestChanged(GuestStatus status, GuestState before) {
    if (status.state() == GuestState.CREATED && before != GuestState.CREATED) {
      live.forget(status.name());
    }
    if (status.state() != before && !StorageGuests.mayAnswer(status.state())) {
      hurry(status.name());
    }
    if (isUp(status)) {
      giveWhatWaitsFor(status.name());
    }
    if (isUp(status) && !byGuest.containsKey(status.name())) {
      begin(status.name());
    } else if (!status.state().hasProcess() && before.hasProcess()) {
      GuestShares gone = byGuest.remove(status.name());
      if (gone != null) {
        List.copyOf(gone.given.values()).forEach(given -> offers.withdraw(given.grant()));
      }
    }
  }

  /** Its clients have come up before it. */
  private void giveWhatWaitsFor(String keeper) {
    byGuest.forEach((user, shares) -> {
      if (shares.given.values().stream()
          .anyMatch(given ->
              given.grant().declared()
                  && given.grant().from().equals(keeper)
                  && given.state() == State.FAILED)) {
        begin(user);
      }
    });
  }

  /** A guest that ends must not wait for one that ends too, whichever of them began. */
  private void hurry(String going) {
    offers.hurry(
        grant -> grant.guest().equals(going) && !keepers.isGoing(grant.from()),
        links -> links.hurry(SOON));
    offers.hurry(
        grant ->
            grant.guest().equals(going) && keepers.isGoing(grant.from())
                || grant.from().equals(going) && keepers.isGoing(grant.guest()),
        Links::hurry);
  }

  @Override
  public Set<String> stopBefore(String guest) {
    Set<String> users = new TreeSet<>();
    byGuest.forEach((user, shares) -> {
      if (shares.given.values().stream()
          .anyMatch(given ->
              given.grant().from().equals(guest) && !given.state().equals(State.REVOKED))) {
        users.add(user);
      }
    });
    return users;
  }

  /** Before, a guest may still be in its initial RAM disk, where a mount would be lost. */
  private static boolean isUp(GuestStatus guest) {
    boolean adopted = guest.startTimes().created().isEmpty();
    return guest.state() == GuestState.RUNNING
        && (adopted || guest.startTimes().ready().isPresent());
  }

  private void begin(String guest) {
    of(guest);
    Thread.ofVirtual().name("shares-" + guest).start(() -> reconcile(guest));
  }

  private GuestShares of(String guest) {
    return byGuest.computeIfAbsent(guest, name -> new GuestShares());
  }

  /** Makes what the guest has what its definitions say; what was granted beside them stays. */
  private void reconcile(String guest) {
    while (!reconciles(guest)) {
      LOG.debug("What guest {} is to have has changed meanwhile", guest);
    }
    synchronized (settled) {
      settled.notifyAll();
    }
  }

  /** False where there is more to ask storage guests for, which must not be done in the monitor. */
  private boolean reconciles(String guest) {
    GuestShares shares = of(guest);
    boolean all = true;
    Set<Given> unwanted = unwanted(shares, definitions.grants(guest));
    unwanted.forEach(given -> giver.cutOff(given.grant()));
    Map<Grant, Optional<String>> refusals = keepers.refusals(shares, definitions.grants(guest));
    synchronized (shares) {
      List<Grant> wanted = definitions.grants(guest);
      unwanted.addAll(unwanted(shares, wanted));
      if (!shares.restored) {
        shares.restored = true;
        restore(shares, guest, wanted);
      }
      for (Given given : List.copyOf(shares.given.values())) {
        if (unwanted.stream().anyMatch(each -> each.grant().equals(given.grant()))) {
          if (!shares.missing.remove(given.grant().share())) {
            giver.takeBack(shares, given);
          }
          shares.given.remove(given.grant().share());
        }
      }
      for (Grant grant : wanted) {
        boolean missing = shares.missing.contains(grant.share());
        if (missing || !shares.given.containsKey(grant.share())) {
          Optional<String> refusal = refusals.get(grant);
          if (refusal == null) {
            all = false;
          } else if (!isMissing(shares, grant, refusal)) {
            giver.give(shares, grant);
          }
        }
      }
      shares.reconciled |= all;
      if (!shares.missing.isEmpty() && !shares.asksAgain) {
        shares.asksAgain = true;
        Thread.ofVirtual().name("shares-" + guest).start(() -> askAgain(guest, shares));
      }
    }
    return all;
  }

  /** What the definitions gave it and do not any more. */
  private static Set<Given> unwanted(GuestShares shares, List<Grant> wanted) {
    return shares.given.values().stream()
        .filter(given -> given.grant().declared() && !wanted.contains(given.grant()))
        .collect(Collectors.toCollection(HashSet::new));
  }

  /** Also each time that it has rebooted itself. */
  private void cameUp(String guest) {
    GuestShares shares = byGuest.get(guest);
    if (shares != null) {
      Thread.ofVirtual().name("shares-" + guest).start(() -> mountAgain(guest, shares));
    }
    offers.cameUp(guest);
    byGuest.forEach((user, others) -> {
      if (others.given.values().stream().anyMatch(given -> hasFailed(others, given, guest))) {
        Thread.ofVirtual().name("shares-" + user).start(() -> giveWhatFailed(others, guest));
      }
    });
  }

  /** Whether it was plugged, and could not be mounted as its storage guest was away. */
  private boolean hasFailed(GuestShares shares, Given given, String keeper) {
    return given.state() == State.FAILED
        && given.grant().from().equals(keeper)
        && !shares.missing.contains(given.grant().share())
        && live.isWanted(given.grant());
  }

  private void giveWhatFailed(GuestShares shares, String keeper) {
    synchronized (shares) {
      for (Given given : List.copyOf(shares.given.values())) {
        if (hasFailed(shares, given, keeper)) {
          giver.give(shares, given.grant());
        }
      }
    }
  }

  /** A guest that has rebooted itself still has its devices, and has mounted none of them. */
  private void mountAgain(String guest, GuestShares shares) {
    synchronized (shares) {
      String boot = mounts.boot(guest).orElse("");
      if (boot.isEmpty() || boot.equals(shares.boot)) {
        return;
      }
      shares.boot = boot;
      for (Given given : List.copyOf(shares.given.values())) {
        if (given.grant().mount().isPresent()
            && given.state() != State.REVOKED
            && !shares.missing.contains(given.grant().share())) {
          giver.give(shares, given.grant());
        }
      }
    }
  }

  /** Whether what was missing has been made meanwhile. */
  private void askAgain(String guest, GuestShares shares) {
    try {
      Thread.sleep(ASK_AGAIN);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return;
    }
    synchronized (shares) {
      shares.asksAgain = false;
    }
    if (byGuest.get(guest) == shares) {
      reconcile(guest);
    }
  }

  @Override
  public List<ShareStatus> awaitDeclared(String guest, Duration limit) throws InterruptedException {
    long deadline = System.nanoTime() + limit.toNanos();
    if (definitions.grants().stream().anyMatch(grant -> grant.guest().equals(guest))) {
      synchronized (settled) {
        long leftMillis = limit.toMillis();
        while (leftMillis > 0 && !isReconciled(guest)) {
          settled.wait(leftMillis);
          leftMillis = (deadline - System.nanoTime()) / 1_000_000;
        }
      }
    }
    return list().stream()
        .filter(share -> share.guest().equals(guest) && share.declared())
        .toList();
  }

  private boolean isReconciled(String guest) {
    GuestShares shares = byGuest.get(guest);
    return shares != null && shares.reconciled;
  }

  /** What was granted and revoked before this Lodge came back to a guest that ran all the time. */
  private void restore(GuestShares shares, String guest, List<Grant> declared) {
    declared.stream()
        .filter(grant -> live.isRevoked(guest, grant.share()))
        .forEach(grant -> shares.put(new Given(grant, State.REVOKED, "")));
    live.granted(guest).forEach(grant -> giver.give(shares, grant));
  }

  private static boolean isMissing(GuestShares shares, Grant grant, Optional<String> refusal) {
    if (refusal.isPresent()) {
      if (shares.missing.add(grant.share())) {
        LOG.warn(
            "Guest {} can't have the share {}: {}", grant.guest(), grant.share(), refusal.get());
      }
      shares.put(new Given(grant, State.FAILED, refusal.get()));
    }
    return refusal.isPresent();
  }

  @Override
  public ShareStatus grant(ShareRequest request) throws ShareException {
    Grant grant = requests.grantOf(request);
    requests.requireRunning(request.guest());
    GuestShares shares = of(request.guest());
    ShareRequests.requireNotGiven(shares, grant);
    keepers.requireDirectory(grant);
    synchronized (shares) {
      ShareRequests.requireNotGiven(shares, grant);
      Given before = shares.given.get(grant.share());
      giver.give(shares, grant);
      Given given = shares.given.get(grant.share());
      if (given == null || given == before || given.state() == State.FAILED) {
        String trouble = given == null || given == before ? "interrupted" : given.trouble();
        giver.undo(shares, grant, trouble);
        throw new ShareException(
            "guest '%s' can't use the share '%s': %s"
                .formatted(grant.guest(), grant.share(), trouble));
      }
      live.grant(grant);
      return statuses.status(given);
    }
  }

  @Override
  public ShareStatus revoke(String guest, String share) throws ShareException {
    requests.requireRunning(guest);
    GuestShares shares = of(guest);
    Given before = shares.given.get(share);
    if (before != null && before.state() != State.REVOKED) {
      live.revoke(guest, share);
      giver.cutOff(before.grant());
    }
    synchronized (shares) {
      Given given = shares.given.get(share);
      if (given == null || given.state() == State.REVOKED) {
        throw new ShareException(
            "guest '%s' has no share '%s'; see: lodge share ls".formatted(guest, share));
      }
      live.revoke(guest, share);
      shares.missing.remove(share);
      giver.takeBack(shares, given);
      return statuses.status(shares.given.get(share));
    }
  }

  @Override
  public List<ShareStatus> list() {
    return statuses.list(byGuest.values());
  }

  @Override
  public List<Problem> problems() {
    return definitions.problems();
  }

  @Override
  public List<Problem> check(Path directory) {
    return definitions.check(directory);
  }
}
