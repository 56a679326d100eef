package org.lodge.storage.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.lodge.agent.AgentException;
import org.lodge.agent.Agents;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystems;
import org.lodge.storage.ShareException;
import org.lodge.storage.ShareRequest;
import org.lodge.storage.ShareStatus;
import org.lodge.storage.ShareStatus.State;
import org.lodge.storage.Shares;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestException;
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
  private static final Duration LET_GO = Duration.ofSeconds(10);
  private static final Duration ASK_AGAIN = Duration.ofSeconds(3);

  /** What a request has that says nothing of it. */
  private static final String CACHE = "auto";

  private static final Duration SOON = Duration.ofSeconds(3);

  private final ShareDefinitions definitions;
  private final Offers offers;
  private final LiveGrants live;
  private final FileSystems fileSystems;
  private final Guests guests;
  private final Devices devices;
  private final Mounts mounts;
  private final ComingUp comingUp;
  private final Runnable follower = this::definitionsChanged;
  private final Consumer<String> arrivals = this::cameUp;
  private final Map<String, GuestShares> byGuest = new ConcurrentHashMap<>();

  /** Notified when a guest's shares are what its definitions say. */
  private final Object settled = new Object();

  /**
   * A share that a guest has, or should have.
   *
   * @param boot of the guest since which it is mounted; empty where it is not
   */
  private record Given(Grant grant, State state, String trouble, String boot) {
    Given(Grant grant, State state, String trouble) {
      this(grant, state, trouble, "");
    }
  }

  /** One guest's; its monitor makes acts on the guest follow each other. */
  private static final class GuestShares {
    final Map<String, Given> given = new ConcurrentSkipListMap<>();

    /** Declared ones whose storage guest does not run or lacks their directory, asked for again. */
    final Set<String> missing = new TreeSet<>();

    boolean asksAgain;
    boolean restored;

    /** The boot in which mounts were tried last. */
    String boot = "";

    /** What its definitions said when it came up has been tried. */
    volatile boolean reconciled;

    synchronized void put(Given value) {
      given.put(value.grant().share(), value);
    }
  }

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
    this.fileSystems = fileSystems;
    this.guests = guests;
    this.devices = devices;
    mounts = new Mounts(agents);
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
    if (status.state() != before && !mayAnswer(status.state())) {
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

  private static boolean mayAnswer(GuestState state) {
    return state.hasProcess() && state != GuestState.STOPPING;
  }

  private boolean isGoing(String guest) {
    try {
      return !mayAnswer(guests.status(guest).state());
    } catch (GuestException e) {
      return true;
    }
  }

  /** A guest that ends must not wait for one that ends too, whichever of them began. */
  private void hurry(String going) {
    offers.hurry(
        grant -> grant.guest().equals(going) && !isGoing(grant.from()), links -> links.hurry(SOON));
    offers.hurry(
        grant ->
            grant.guest().equals(going) && isGoing(grant.from())
                || grant.from().equals(going) && isGoing(grant.guest()),
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
    Set<Given> unwanted = unwanted(shares, declared(guest));
    unwanted.forEach(given -> cutOff(given.grant()));
    Map<Grant, Optional<String>> refusals = refusals(shares, declared(guest));
    synchronized (shares) {
      List<Grant> wanted = declared(guest);
      unwanted.addAll(unwanted(shares, wanted));
      if (!shares.restored) {
        shares.restored = true;
        restore(shares, guest, wanted);
      }
      for (Given given : List.copyOf(shares.given.values())) {
        if (unwanted.stream().anyMatch(each -> each.grant().equals(given.grant()))) {
          if (!shares.missing.remove(given.grant().share())) {
            takeBack(shares, given);
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
            give(shares, grant);
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

  private List<Grant> declared(String guest) {
    return definitions.grants().stream().filter(grant -> grant.guest().equals(guest)).toList();
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
        && isWanted(given.grant());
  }

  /** Unlike what somebody has added in vain. */
  private boolean isWanted(Grant grant) {
    return grant.declared() || live.granted(grant.guest()).contains(grant);
  }

  private void giveWhatFailed(GuestShares shares, String keeper) {
    synchronized (shares) {
      for (Given given : List.copyOf(shares.given.values())) {
        if (hasFailed(shares, given, keeper)) {
          give(shares, given.grant());
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
          give(shares, given.grant());
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
    live.granted(guest).forEach(grant -> give(shares, grant));
  }

  private void give(GuestShares shares, Grant grant) {
    shares.missing.remove(grant.share());
    if (grant.isFromHost()) {
      LOG.warn(
          "Share {} gives guest {} the host's own directory {}: meant for development",
          grant.share(),
          grant.guest(),
          grant.path());
    }
    offers.grant(grant);
    try {
      plug(grant);
      shares.put(new Given(grant, State.GIVEN, ""));
      if (grant.mount().isPresent()) {
        shares.boot = mounts.boot(grant.guest()).orElse("");
        String boot = mounts.mount(grant, grant.mount().get());
        shares.boot = boot;
        shares.put(new Given(grant, State.MOUNTED, "", boot));
      }
      LOG.info("Guest {} has the share {}", grant.guest(), grant.share());
    } catch (IOException | ShareException e) {
      LOG.error(
          "Guest {} can't use the share {}: {}", grant.guest(), grant.share(), e.getMessage());
      shares.put(new Given(grant, State.FAILED, String.valueOf(e.getMessage())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * What the storage guests say to what is not given yet. Without the monitor, and side by side:
   * each of them may take its time to answer.
   */
  private Map<Grant, Optional<String>> refusals(GuestShares shares, List<Grant> wanted) {
    Map<Grant, FutureTask<Optional<String>>> asked = new HashMap<>();
    for (Grant grant : wanted) {
      Given given = shares.given.get(grant.share());
      if (given == null || given.state() == State.FAILED) {
        FutureTask<Optional<String>> task = new FutureTask<>(() -> refusal(grant));
        asked.put(grant, task);
        Thread.ofVirtual().name("share-probe-" + grant.share()).start(task);
      }
    }
    Map<Grant, Optional<String>> said = new HashMap<>();
    asked.forEach((grant, task) -> said.put(grant, outcome(task)));
    return said;
  }

  private static Optional<String> outcome(FutureTask<Optional<String>> task) {
    try {
      return task.get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
  }

  /** Why it can't be given now: its storage guest does not run, or says so. */
  private Optional<String> refusal(Grant grant) {
    try {
      if (isPlugged(grant)) {
        return Optional.empty();
      }
      Optional<String> away = away(grant);
      if (away.isEmpty()) {
        offers.probe(grant);
      }
      return away;
    } catch (AgentException e) {
      boolean saysNo = e.errno() != 0 && e.errno() != Errno.EAGAIN;
      return saysNo ? Optional.of(refusal(grant, e)) : Optional.empty();
    } catch (IOException | GuestException e) {
      return Optional.empty();
    }
  }

  /** Whom to start first; a mount would wait for it in vain, and so would who uses the mount. */
  private Optional<String> away(Grant grant) {
    String keeper = grant.from();
    if (grant.isFromHost() || !isGoing(keeper)) {
      return Optional.empty();
    }
    return Optional.of(
        "guest '%s', which keeps its files, does not run; start it: lodge start %s"
            .formatted(keeper, keeper));
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

  /** A guest that was running before this Lodge did has the device already. */
  private boolean isPlugged(Grant grant) throws GuestException {
    return devices.list(grant.guest()).stream()
        .anyMatch(device -> device.id().equals(grant.device()));
  }

  private void plug(Grant grant) throws ShareException, InterruptedException {
    try {
      if (!isPlugged(grant)) {
        Map<String, Object> config = new HashMap<>();
        config.put("share", grant.share());
        config.put("tag", grant.share());
        config.put("cache", grant.cache());
        config.put("acl", grant.rules().accessLists());
        grant.locks().ifPresent(locks -> config.put("locks", locks));
        devices.add(grant.guest(), grant.device(), "fs", config).get();
      }
    } catch (GuestException e) {
      throw new ShareException(e.getMessage(), e);
    } catch (ExecutionException e) {
      throw new ShareException(e.getCause().getMessage(), e.getCause());
    }
  }

  /**
   * Takes the files. To be done without the monitor: whoever has that may wait for the very guest,
   * which must not keep them for so long.
   */
  private void cutOff(Grant grant) {
    offers.withdraw(grant);
    fileSystems.revoke(grant.guest(), grant.share());
  }

  private void takeBack(GuestShares shares, Given given) {
    Grant grant = given.grant();
    cutOff(grant);
    String trouble = "";
    try {
      if (given.state() == State.MOUNTED) {
        mounts.unmount(grant, grant.mount().get(), SOON);
      }
    } catch (IOException e) {
      LOG.warn("Guest {} keeps {} mounted: {}", grant.guest(), grant.share(), e.getMessage());
    }
    try {
      devices.remove(grant.guest(), grant.device(), LET_GO).get();
    } catch (ExecutionException e) {
      trouble = "the guest keeps the empty device: " + e.getCause().getMessage();
      LOG.warn("Guest {}: {}", grant.guest(), trouble);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    shares.put(new Given(grant, State.REVOKED, trouble));
    LOG.info("Guest {} has the share {} no more", grant.guest(), grant.share());
  }

  @Override
  public ShareStatus grant(ShareRequest request) throws ShareException {
    Grant grant = grantOf(request);
    requireRunning(request.guest());
    GuestShares shares = of(request.guest());
    requireNotGiven(shares, grant);
    requireDirectory(grant);
    synchronized (shares) {
      requireNotGiven(shares, grant);
      Given before = shares.given.get(grant.share());
      give(shares, grant);
      Given given = shares.given.get(grant.share());
      if (given == null || given == before || given.state() == State.FAILED) {
        String trouble = given == null || given == before ? "interrupted" : given.trouble();
        undo(shares, grant, trouble);
        throw new ShareException(
            "guest '%s' can't use the share '%s': %s"
                .formatted(grant.guest(), grant.share(), trouble));
      }
      live.grant(grant);
      return status(given);
    }
  }

  private static void requireNotGiven(GuestShares shares, Grant grant) throws ShareException {
    Given given = shares.given.get(grant.share());
    if (given != null && given.state() != State.REVOKED && given.state() != State.FAILED) {
      throw new ShareException(
          "guest '%s' has a share '%s' already; see: lodge share ls"
              .formatted(grant.guest(), grant.share()));
    }
  }

  /** What is told as failed must not be there for the guest to mount it by itself. */
  private void undo(GuestShares shares, Grant grant, String trouble) {
    Given failed = new Given(grant, State.FAILED, trouble);
    cutOff(grant);
    try {
      if (isPlugged(grant)) {
        takeBack(shares, failed);
      }
    } catch (GuestException e) {
      LOG.debug("Guest {} is gone", grant.guest(), e);
    }
    shares.put(failed);
  }

  /** A device of a directory that is not there would be mounted, and each use of it fail later. */
  private void requireDirectory(Grant grant) throws ShareException {
    try {
      if (!grant.isFromHost()) {
        guests.status(grant.from());
      }
      Optional<String> away = away(grant);
      if (away.isPresent()) {
        throw new ShareException("share '%s': %s".formatted(grant.share(), away.get()));
      }
      offers.probe(grant);
    } catch (GuestException e) {
      throw new ShareException(
          "share '%s', guest '%s': %s".formatted(grant.share(), grant.from(), e.getMessage()), e);
    } catch (IOException e) {
      throw new ShareException("share '%s': %s".formatted(grant.share(), refusal(grant, e)), e);
    }
  }

  private static String refusal(Grant grant, IOException said) {
    String why = String.valueOf(said.getMessage()).replaceFirst("^guest '[^']*': ", "");
    return "guest '%s' can't give %s: %s".formatted(grant.from(), grant.path(), why);
  }

  private Grant grantOf(ShareRequest request) throws ShareException {
    if (!request.share().matches(ShareReader.NAME)) {
      throw new ShareException(
          "a share's name begins with a letter a-z and has at most 16 of a-z, 0-9 and -, unlike '"
              + request.share()
              + "'");
    }
    Optional<Grant> own =
        declared(request.guest()).stream()
            .filter(grant -> grant.share().equals(request.share()))
            .findFirst();
    if (own.isPresent() && request.from().isEmpty() && request.path().isEmpty()) {
      requireAsDeclared(request, own.get());
      return own.get();
    }
    Optional<Grant> declared =
        definitions.grants().stream().filter(g -> g.share().equals(request.share())).findFirst();
    Optional<String> from = request.from().or(() -> declared.map(Grant::from));
    Optional<String> path = request.path().or(() -> declared.map(Grant::path));
    if (from.isEmpty() || path.isEmpty()) {
      throw new ShareException(
          "no share '%s' is declared; say what it is: --from GUEST --path DIRECTORY, or --file FILE"
              .formatted(request.share()));
    }
    if (!path.get().startsWith("/")) {
      throw new ShareException("what is shared must be an absolute path, not " + path.get());
    }
    boolean file = request.path().isPresent() ? request.file() : declared.get().file();
    if (file && path.get().endsWith("/")) {
      throw new ShareException("a file has a name behind its last slash, unlike " + path.get());
    }
    if (from.get().equals(request.guest())) {
      throw new ShareException("guest '%s' has that directory itself".formatted(request.guest()));
    }
    return LiveGrants.granted(
        request.share(),
        request.guest(),
        from.get(),
        path.get(),
        file,
        request.readOnly(),
        request.mount(),
        request.cache());
  }

  /** What a definition says of it is more than a request can, such as names that it hides. */
  private static void requireAsDeclared(ShareRequest request, Grant own) throws ShareException {
    boolean same =
        (own.rules().readOnly() || !request.readOnly())
            && (request.mount().isEmpty() || request.mount().equals(own.mount()))
            && (request.cache().equals(CACHE) || request.cache().equals(own.cache()));
    if (!same) {
      throw new ShareException(
          ("share '%s' is declared for guest '%s', %s%s, and given as that: leave out --read-only, --mount and --cache,"
                  + " change its definition, or say --from and --path as well")
              .formatted(
                  own.share(),
                  own.guest(),
                  own.rules().readOnly() ? "read-only" : "read-write",
                  own.mount().map(mount -> " at " + mount).orElse("")));
    }
  }

  private void requireRunning(String guest) throws ShareException {
    try {
      GuestState state = guests.status(guest).state();
      if (state == GuestState.PAUSED) {
        throw new ShareException(
            "guest '%s' is paused; let it run on: lodge resume %s".formatted(guest, guest));
      }
      if (state != GuestState.RUNNING) {
        throw new ShareException(
            "guest '%s' does not run; start it: lodge start %s".formatted(guest, guest));
      }
    } catch (GuestException e) {
      throw new ShareException(e.getMessage(), e);
    }
  }

  @Override
  public ShareStatus revoke(String guest, String share) throws ShareException {
    requireRunning(guest);
    GuestShares shares = of(guest);
    Given before = shares.given.get(share);
    if (before != null && before.state() != State.REVOKED) {
      live.revoke(guest, share);
      cutOff(before.grant());
    }
    synchronized (shares) {
      Given given = shares.given.get(share);
      if (given == null || given.state() == State.REVOKED) {
        throw new ShareException(
            "guest '%s' has no share '%s'; see: lodge share ls".formatted(guest, share));
      }
      live.revoke(guest, share);
      shares.missing.remove(share);
      takeBack(shares, given);
      return status(shares.given.get(share));
    }
  }

  @Override
  public List<ShareStatus> list() {
    Map<String, Given> all = new TreeMap<>();
    for (Grant grant : definitions.grants()) {
      all.put(key(grant), new Given(grant, State.DECLARED, ""));
    }
    for (GuestShares shares : byGuest.values()) {
      // Not the monitor: whoever holds it may wait for a guest.
      for (Given given : List.copyOf(shares.given.values())) {
        if (!isOver(given)) {
          all.put(key(given.grant()), given);
        }
      }
    }
    List<ShareStatus> list = new ArrayList<>();
    all.values().forEach(given -> list.add(status(given)));
    return list;
  }

  /** It was taken back or added in vain, no definition names it, and the guest has let it go. */
  private boolean isOver(Given given) {
    boolean ended = given.state() == State.REVOKED || given.state() == State.FAILED;
    return ended && !isWanted(given.grant()) && !hasDevice(given.grant());
  }

  private boolean hasDevice(Grant grant) {
    try {
      return isPlugged(grant);
    } catch (GuestException e) {
      return false;
    }
  }

  private static String key(Grant grant) {
    return grant.share() + "/" + grant.guest();
  }

  private ShareStatus status(Given given) {
    Grant grant = given.grant();
    return new ShareStatus(
        grant.share(),
        grant.guest(),
        grant.from(),
        grant.path(),
        grant.rules().readOnly(),
        grant.cache(),
        grant.mount(),
        isMountedBefore(given) ? State.GIVEN : given.state(),
        grant.declared(),
        trouble(given),
        counters(grant));
  }

  /** Before the guest rebooted itself, if not since. */
  private boolean isMountedBefore(Given given) {
    return given.state() == State.MOUNTED
        && !mounts.boot(given.grant().guest()).equals(Optional.of(given.boot()));
  }

  private Optional<String> trouble(Given given) {
    Grant grant = given.grant();
    Optional<String> own =
        Optional.of(given.trouble())
            .filter(trouble -> !trouble.isEmpty())
            .filter(trouble -> given.state() != State.REVOKED || hasDevice(grant));
    Optional<String> refusal =
        grant.declared() ? definitions.refusal(grant.share()) : Optional.empty();
    boolean has = given.state() == State.GIVEN || given.state() == State.MOUNTED;
    return own.or(() -> refusal)
        .or(() -> has ? away(grant).or(() -> offers.trouble(grant)) : Optional.empty());
  }

  private List<DeviceStatus.Counter> counters(Grant grant) {
    try {
      return devices.list(grant.guest()).stream()
          .filter(device -> device.id().equals(grant.device()))
          .findFirst()
          .map(DeviceStatus::counters)
          .orElse(List.of());
    } catch (GuestException e) {
      return List.of();
    }
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
