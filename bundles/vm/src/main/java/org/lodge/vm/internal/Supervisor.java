package org.lodge.vm.internal;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.StopOrder;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All actors by name, kept in step with the definitions, and what takes several of them. */
final class Supervisor implements GuestActor.Others {
  private static final Logger LOG = LoggerFactory.getLogger(Supervisor.class);
  private static final Duration SLACK = Duration.ofSeconds(60);

  private final World world;
  private final Announcer announcer;
  private final Function<String, Machine> machines;
  private final ConcurrentSkipListMap<String, GuestActor> actors = new ConcurrentSkipListMap<>();
  private final List<StopOrder> orders = new CopyOnWriteArrayList<>();
  private DefinitionSet latest;

  /** Lodge is ending: what started now would be left behind. */
  private volatile boolean ending;

  Supervisor(World world, Announcer announcer, Function<String, Machine> machines) {
    this.world = world;
    this.announcer = announcer;
    this.machines = machines;
  }

  void add(StopOrder order) {
    orders.add(order);
  }

  void remove(StopOrder order) {
    orders.remove(order);
  }

  Map<String, GuestActor> actors() {
    return actors;
  }

  /** Brings the actors in step with the files; a running guest only learns that it is pending. */
  synchronized void apply(DefinitionSet set) {
    latest = set;
    Set<String> names = new TreeSet<>(actors.keySet());
    names.addAll(set.good().keySet());
    names.forEach(this::applyTo);
  }

  private void applyTo(String name) {
    Definition definition = latest.good().get(name);
    Path file = latest.files().get(name);
    GuestActor actor = actors.get(name);
    if (actor == null) {
      if (definition != null) {
        actors.put(name, actor(name, definition, file));
      }
    } else if (definition != null) {
      actor.post(new Message.Define(definition, file));
    } else if (file != null) {
      actor.post(new Message.Refuse(refusal(name), file));
    } else {
      actor.post(new Message.Undefine());
    }
  }

  private GuestActor actor(String name, Definition definition, Path file) {
    return new GuestActor(name, definition, file, world, machines.apply(name), this);
  }

  /** Why its definition file is not good, or null. */
  synchronized String refusal(String name) {
    if (latest == null || !latest.files().containsKey(name)) {
      return null;
    }
    List<String> problems = latest.problems(name).stream().map(Catalog::sentence).toList();
    return problems.isEmpty() ? null : "its definition was refused: " + String.join("; ", problems);
  }

  /** Why it could not be started again once it is stopped, or null. */
  synchronized String hindrance(String name) {
    return latest != null && actors.containsKey(name) && !latest.files().containsKey(name)
        ? "its definition file is gone"
        : refusal(name);
  }

  /**
   * Looks for what an earlier Lodge left running; commands wait for the answer.
   *
   * @return done when every guest's answer is in
   */
  synchronized CompletableFuture<Void> adopt(Path run) {
    List<CompletableFuture<Void>> looked = new ArrayList<>();
    try (DirectoryStream<Path> directories =
        Files.newDirectoryStream(run.resolve("vm"), Files::isDirectory)) {
      for (Path directory : directories) {
        String name = directory.getFileName().toString();
        if (name.matches(DefinitionReader.NAME)) {
          GuestActor actor = actors.computeIfAbsent(name, n -> actor(n, null, null));
          looked.add(actor.looked());
          actor.post(new Message.Adopt());
          applyTo(name);
        }
      }
    } catch (IOException e) {
      LOG.debug("No guest was left running", e);
    }
    return CompletableFuture.allOf(looked.toArray(CompletableFuture<?>[]::new));
  }

  /** Whether the process of a guest is there and could not be asked yet. */
  boolean isLooking() {
    return statuses().stream().anyMatch(guest -> guest.state() == GuestState.UNKNOWN);
  }

  /** Nothing happens where there is no guest of this name. */
  void tell(String name, Message message) {
    GuestActor actor = actors.get(name);
    if (actor != null) {
      actor.post(message);
    }
  }

  /** A driver has come: those that could not be asked without it are asked again. */
  void askUnknown() {
    for (GuestActor actor : actors.values()) {
      if (actor.status().state() == GuestState.UNKNOWN) {
        actor.post(new Message.Adopt());
      }
    }
  }

  boolean isKnown(String name) {
    return actors.containsKey(name);
  }

  boolean isPaused(String name) {
    GuestActor actor = actors.get(name);
    return actor != null && actor.status().state() == GuestState.PAUSED;
  }

  GuestActor find(String name) throws GuestException {
    GuestActor actor = actors.get(name);
    if (actor != null) {
      return actor;
    }
    String refused = refusal(name);
    if (refused != null) {
      throw new GuestException(name, "definition", refused);
    }
    throw new GuestException(
        name,
        "definition",
        "no guest is called "
            + name
            + "; there "
            + (actors.isEmpty() ? "is none" : "are " + String.join(", ", actors.keySet())));
  }

  CompletableFuture<GuestStatus> send(
      String name, Function<CompletableFuture<GuestStatus>, Message> command) {
    CompletableFuture<GuestStatus> done = new CompletableFuture<>();
    try {
      Message message = command.apply(done);
      if (ending && message instanceof Message.Start) {
        throw new GuestException(name, "start", "Lodge is ending, and no guest starts any more");
      }
      find(name).post(message);
    } catch (GuestException e) {
      done.completeExceptionally(e);
    }
    return done;
  }

  @Override
  public CompletableFuture<Void> startAll(List<String> guests) {
    return CompletableFuture.allOf(
        guests.stream()
            .map(guest -> send(guest, Message.Start::new))
            .toArray(CompletableFuture<?>[]::new));
  }

  /** The sum over all that may have to start, one after the other, each perhaps after its stop. */
  @Override
  public Duration startLimit(List<String> guests) {
    Set<String> all = new HashSet<>();
    guests.forEach(guest -> collect(guest, all));
    Duration sum = SLACK;
    for (String guest : all) {
      GuestActor actor = actors.get(guest);
      Definition.Limits limits = limits(actor == null ? null : actor.declared());
      sum = sum.plus(limits.create()).plus(limits.ready()).plus(limits.stop()).plus(SLACK);
    }
    return sum;
  }

  private static Definition.Limits limits(Definition definition) {
    return definition == null
        ? new Definition.Limits(Duration.ZERO, Duration.ZERO, Duration.ZERO)
        : definition.limits();
  }

  private void collect(String guest, Set<String> all) {
    GuestActor actor = actors.get(guest);
    if (actor != null && all.add(guest)) {
      actor.status().requires().forEach(next -> collect(next, all));
    }
  }

  /** Those that require it first, then itself. */
  CompletableFuture<GuestStatus> stop(String name, Duration limit) {
    return stop(name, limit, false, new HashMap<>());
  }

  /**
   * Every guest, those that require or use others first; goes on where one does not stop. None
   * starts after that.
   */
  CompletableFuture<Void> stopAll() {
    ending = true;
    Map<String, CompletableFuture<GuestStatus>> stops = new HashMap<>();
    return CompletableFuture.allOf(
        List.copyOf(actors.keySet()).stream()
            .map(name -> stop(name, null, true, stops))
            .toArray(CompletableFuture<?>[]::new));
  }

  private CompletableFuture<GuestStatus> stop(
      String name,
      Duration limit,
      boolean goOn,
      Map<String, CompletableFuture<GuestStatus>> stops) {
    CompletableFuture<GuestStatus> known = stops.get(name);
    if (known != null) {
      return known;
    }
    // A circle can't be declared; were there one through edits, it would not wait for itself.
    stops.put(name, CompletableFuture.completedFuture(null));
    Set<String> users = goOn ? users(name) : Set.of();
    List<CompletableFuture<GuestStatus>> dependants =
        actors.values().stream()
            .filter(actor -> !actor.name.equals(name))
            .filter(actor -> actor.status().requires().contains(name) || users.contains(actor.name))
            .map(actor -> stop(actor.name, null, goOn, stops))
            .toList();
    CompletableFuture<Void> first =
        CompletableFuture.allOf(dependants.toArray(CompletableFuture<?>[]::new));
    CompletableFuture<GuestStatus> stop =
        (goOn ? first.exceptionally(failure -> null) : first)
            .thenCompose(done -> send(name, d -> new Message.Stop(limit, d)));
    stops.put(name, stop);
    return stop;
  }

  private Set<String> users(String name) {
    Set<String> users = new HashSet<>();
    orders.forEach(order -> users.addAll(order.stopBefore(name)));
    return users;
  }

  CompletableFuture<Void> release() {
    return CompletableFuture.allOf(
        actors.values().stream()
            .map(actor -> {
              CompletableFuture<Void> done = new CompletableFuture<>();
              actor.post(new Message.Release(done));
              return done;
            })
            .toArray(CompletableFuture<?>[]::new));
  }

  List<GuestStatus> statuses() {
    return actors.values().stream()
        // A run directory alone is no guest, until a process is found there.
        .filter(actor -> actor.declared() != null || actor.status().state() != GuestState.DEFINED)
        .map(GuestActor::status)
        .toList();
  }

  @Override
  public void changed(GuestStatus status, GuestState before) {
    announcer.changed(status, before);
  }

  /** A definition that came back meanwhile begins a new actor; the old one takes no command. */
  @Override
  public synchronized void gone(GuestActor guest) {
    if (actors.remove(guest.name, guest) && latest != null) {
      applyTo(guest.name);
    }
  }

  @Override
  public void bug(String what) {
    LOG.error("Please report this bug of Lodge: {}", what);
  }
}
