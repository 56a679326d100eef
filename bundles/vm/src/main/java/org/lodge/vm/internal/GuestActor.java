package org.lodge.vm.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vmm.Vmm;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One guest: its state, a mailbox, and one reader of that mailbox that never blocks. What may block
 * runs as a {@link Jobs job} and posts its result; so every command can come at every instant, and
 * each is either done now, kept until it can be, or refused with a reason.
 *
 * <pre>
 * state                   handled by   waits for
 * DEFINED STOPPED FAILED  Idle         commands; adoption; those it requires; the next automatic start
 * CREATED READY           Starting     CREATE (image, monitor, devices), BOOT (console, CPUs)
 * RUNNING PAUSED          Up           commands; one CONTROL at a time; READY on the console
 * STOPPING                Stopping     the process's end: agent, power button, quit, then kill
 * UNKNOWN                 Lost         an answer, asked for again and again
 * </pre>
 *
 * The steps allowed between the states are those of {@link GuestState}.
 */
final class GuestActor {
  private static final Logger LOG = LoggerFactory.getLogger(GuestActor.class);
  static final Duration COMMAND_LIMIT = Duration.ofSeconds(20);

  /** What a guest needs of its fellows and tells them. Never blocks. */
  interface Others {
    CompletableFuture<Void> startAll(List<String> guests);

    /** How long that may take at most. */
    Duration startLimit(List<String> guests);

    void changed(GuestStatus status, GuestState before);

    /** Its definition is gone and so is its process. */
    void gone(GuestActor guest);

    void bug(String what);
  }

  final String name;
  final World world;
  final Machine machine;
  final Others others;
  final Jobs jobs;

  /** The newest good definition; null once its file is gone. */
  Definition definition;

  Path file;

  /** What is wrong with the file as it is now; null if nothing. */
  String refusal;

  GuestState state = GuestState.DEFINED;
  Run run;
  GuestStatus.Failure failure;
  int restarts;
  boolean released;

  /** A creation did not come back in time and may still leave a process. */
  boolean creationLost;

  final List<CompletableFuture<GuestStatus>> starters = new ArrayList<>();
  final List<CompletableFuture<GuestStatus>> stoppers = new ArrayList<>();
  final Deque<Message.Control> controls = new ArrayDeque<>();
  final List<Message.Command> deferred = new ArrayList<>();
  final LettingGo letting = new LettingGo(this);

  final Idle idle = new Idle(this);
  private final Starting starting = new Starting(this);
  final Up up = new Up(this);
  private final Stopping stopping = new Stopping(this);
  final Lost lost = new Lost(this);
  private final Mailbox mailbox;
  private Run lastRun;
  private Instant since;
  private boolean looksForProcess;
  private final CompletableFuture<Void> looked = new CompletableFuture<>();
  private volatile GuestStatus status;
  private volatile Definition declared;

  GuestActor(
      String name, Definition definition, Path file, World world, Machine machine, Others others) {
    this.name = name;
    this.definition = definition;
    this.declared = definition;
    this.file = file;
    this.world = world;
    this.machine = machine;
    this.others = others;
    this.mailbox = new Mailbox(name, world, this::handleSafely);
    this.jobs = new Jobs(name, world, this::post);
    this.since = world.now();
    this.status = Snapshot.of(this, since, null);
  }

  /** As it was after the last message; from any thread. */
  GuestStatus status() {
    return status;
  }

  /** Done when it is known whether an earlier Lodge left a process; from any thread. */
  CompletableFuture<Void> looked() {
    return looked;
  }

  /** The newest good definition, as far as it is known; from any thread. */
  Definition declared() {
    return declared;
  }

  /** From any thread. */
  void post(Message message) {
    mailbox.post(message);
  }

  private void handleSafely(Message message) {
    try {
      handle(message);
    } catch (RuntimeException e) {
      LOG.error("A bug of Lodge: in state {} on {}", state, message, e);
      others.bug("in state " + state + " on " + message + ": " + e);
      if (message instanceof Message.Command command) {
        fail(command.done(), problem("internal", "a bug of Lodge, see its log: " + e));
      }
    }
    publish(state);
    looksForProcess |= message instanceof Message.Adopt;
    if (looksForProcess && !jobs.running(Jobs.Step.ADOPT)) {
      looked.complete(null);
    }
  }

  void handle(Message message) {
    switch (message) {
      case Message.Define define -> define(define);
      case Message.Refuse refuse -> {
        refusal = refuse.problem();
        file = refuse.file();
      }
      case Message.Undefine undefine -> undefine();
      case Message.Release release -> letting.go(release);
      case Message.Adopt adopt when released -> {}
      case Message.Command command when released ->
          fail(command.done(), problem("release", "Lodge is letting go of its guests"));
      case Message.Done done when !jobs.isCurrent(done) -> late(done);
      case Message.Done done -> {
        jobs.finished(done);
        dispatch(done);
      }
      case Message.TimeUp timeUp when !jobs.expired(timeUp) -> {}
      case Message.Said said when said.run() != run -> {}
      case Message.Heard heard when heard.run() != run -> {}
      case Message.Exited exited when exited.run() != run -> {}
      case Message.Heard heard -> heard(heard.marker());
      case Message.HeardInside heard when run == null -> {}
      case Message.HeardInside heard -> heardInside(heard.marker());
      case Message.Rebooted rebooted -> LOG.info("The guest rebooted itself");
      default -> dispatch(message);
    }
  }

  private void dispatch(Message message) {
    switch (state) {
      case DEFINED, STOPPED, FAILED -> idle.handle(message);
      case CREATED, READY -> starting.handle(message);
      case RUNNING, PAUSED -> up.handle(message);
      case STOPPING -> stopping.handle(message);
      case UNKNOWN -> lost.handle(message);
    }
  }

  private void define(Message.Define define) {
    definition = define.definition();
    declared = definition;
    file = define.file();
    refusal = null;
  }

  private void undefine() {
    definition = null;
    refusal = null;
    file = null;
    if (!state.hasProcess()) {
      idle.undefined();
    }
  }

  /** A marker may come in any state of a live run, also while a pause is under way. */
  void heard(Machine.Marker marker) {
    if (marker == Machine.Marker.USER_SPACE && run.userSpace.isEmpty()) {
      run.userSpace = run.since(world.nanos());
    }
    // How long a guest took that was found running is not known.
    boolean adopted = run.reachedRunning && run.created.isEmpty();
    if (marker == Machine.Marker.READY && run.ready.isEmpty() && !adopted) {
      run.ready = run.since(world.nanos());
      run.isReady = true;
      LOG.info("Ready after {} ms", run.ready.get().toMillis());
      if (state == GuestState.RUNNING || state == GuestState.PAUSED) {
        up.ready();
      }
    }
  }

  /** An agent is there, or says that the guest has come up; for some the one is the other. */
  private void heardInside(Machine.Marker marker) {
    heard(marker);
    Definition inForce = run.definition;
    if (inForce != null && inForce.ready() == Definition.Ready.AGENT) {
      heard(Machine.Marker.READY);
    }
  }

  /** Came back when nobody waited any more: it must leave nothing behind. */
  private void late(Message.Done done) {
    switch (done.result()) {
      case Vmm vmm -> world.work("guest-" + name + "-kill", vmm::kill);
      case Adoption adoption when isWanted(adoption) -> lost.foundLate(done);
      case Adoption adoption -> adoption.letGo(world, name);
      case null, default -> {}
    }
    if (done.job().step == Jobs.Step.CREATE && !done.overdue()) {
      creationLost = false;
    }
  }

  /** A second look would find the monitor taken by the first. */
  private boolean isWanted(Adoption adoption) {
    return state == GuestState.UNKNOWN
        && adoption.of() == run
        && run.vmm == null
        && adoption.vmm().isPresent();
  }

  void become(GuestState next) {
    if (!state.mayBecome(next)) {
      LOG.error("A bug of Lodge: {} may not become {}", state, next);
      others.bug(state + " may not become " + next);
    }
    GuestState before = state;
    state = next;
    since = world.now();
    LOG.info("{} -> {}", before, next);
    publish(before);
  }

  private void publish(GuestState before) {
    GuestStatus next = Snapshot.of(this, since, run == null ? lastRun : run);
    if (!next.equals(status)) {
      status = next;
      others.changed(next, before);
    }
  }

  /** The process is gone, or never was: settles everyone who waits, then decides what is next. */
  void finish(GuestState how, Run.Ending ending) {
    Run ended = run;
    failure = ending == null ? failure : Snapshot.failure(this, ended, ending);
    if (ending == null && how == GuestState.STOPPED) {
      failure = null;
    }
    endRun();
    become(how);
    if (ending != null) {
      LOG.warn("Failed at {}: {}", failure.stage(), failure.cause());
    }
    stoppers.forEach(this::succeed);
    stoppers.clear();
    failWaiting(
        ending == null
            ? problem("stop", "was stopped before that could be done")
            : new GuestException(
                name, failure.stage(), failure.cause(), failure.lastLines(), null));
    letting.settle();
    idle.arrived(ended);
  }

  void endRun() {
    jobs.forgetAll();
    lastRun = run == null ? lastRun : run;
    run = null;
  }

  /** Starts and controls that wait; not those that were kept for the time after a stop. */
  void failWaiting(GuestException why) {
    starters.forEach(done -> fail(done, why));
    starters.clear();
    controls.forEach(control -> fail(control.done(), why));
    controls.clear();
    if (released) {
      up.abandonControls(why);
      deferred.forEach(command -> fail(command.done(), why));
      deferred.clear();
      stoppers.forEach(done -> fail(done, why));
      stoppers.clear();
    }
  }

  void replayDeferred() {
    List<Message.Command> commands = List.copyOf(deferred);
    deferred.clear();
    commands.forEach(this::handle);
  }

  void succeed(CompletableFuture<GuestStatus> done) {
    publish(state);
    GuestStatus now = status;
    world.execute(() -> done.complete(now));
  }

  void fail(CompletableFuture<GuestStatus> done, GuestException why) {
    world.execute(() -> done.completeExceptionally(why));
  }

  GuestException problem(String stage, String message) {
    return new GuestException(name, stage, message);
  }
}
