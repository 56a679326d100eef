package org.lodge.vm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;

/** One actor in a simulated world, with all that was asked of it. */
final class GuestHarness implements GuestActor.Others {
  static final Path FILE = Path.of("/config/vm/work.json");

  final SimulatedWorld world = new SimulatedWorld();
  final List<String> log = new ArrayList<>();
  final ScriptedMachine machine = new ScriptedMachine("work", world, log);
  final List<String> bugs = new ArrayList<>();
  final List<GuestState> states = new ArrayList<>();
  final List<String> asked = new ArrayList<>();
  final List<CompletableFuture<?>> answers = new ArrayList<>();
  CompletableFuture<Void> requirements = CompletableFuture.completedFuture(null);
  boolean isGone;
  final GuestActor actor;

  GuestHarness(Definition definition) {
    actor = new GuestActor("work", definition, FILE, world, machine, this);
  }

  GuestState state() {
    return actor.status().state();
  }

  CompletableFuture<GuestStatus> start() {
    return ask("start", new CompletableFuture<>(), Message.Start::new);
  }

  CompletableFuture<GuestStatus> stop() {
    return ask("stop", new CompletableFuture<>(), done -> new Message.Stop(null, done));
  }

  CompletableFuture<GuestStatus> kill() {
    return ask("kill", new CompletableFuture<>(), Message.Kill::new);
  }

  CompletableFuture<GuestStatus> pause() {
    return ask(
        "pause",
        new CompletableFuture<>(),
        done -> new Message.Control(Message.Control.Kind.PAUSE, vmm -> vmm.pause(), done));
  }

  CompletableFuture<GuestStatus> resume() {
    return ask(
        "resume",
        new CompletableFuture<>(),
        done -> new Message.Control(Message.Control.Kind.RESUME, vmm -> vmm.resume(), done));
  }

  CompletableFuture<GuestStatus> screenshot() {
    return ask(
        "screenshot",
        new CompletableFuture<>(),
        done ->
            new Message.Control(
                Message.Control.Kind.OTHER, vmm -> vmm.screenshot(Path.of("x.png")), done));
  }

  CompletableFuture<Void> release() {
    return ask("release", new CompletableFuture<>(), Message.Release::new);
  }

  private <T> CompletableFuture<T> ask(
      String what,
      CompletableFuture<T> done,
      java.util.function.Function<CompletableFuture<T>, Message> command) {
    asked.add(what + " in " + state());
    answers.add(done);
    actor.post(command.apply(done));
    world.settle();
    return done;
  }

  void post(Message message) {
    actor.post(message);
    world.settle();
  }

  /** Starts and lets everything go well. */
  void bringUp() {
    CompletableFuture<GuestStatus> started = start();
    world.runWorks();
    sayReady();
    assertTrue(started.isDone());
    assertEquals(GuestState.RUNNING, state());
  }

  void sayReady() {
    machine.last().heard.accept(Machine.Marker.USER_SPACE);
    machine.last().heard.accept(Machine.Marker.READY);
    world.settle();
  }

  static GuestException failure(CompletableFuture<?> future) {
    assertTrue(future.isDone(), "not done");
    try {
      future.get();
    } catch (ExecutionException e) {
      return (GuestException) e.getCause();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    return fail("did not fail");
  }

  /** Lets everything end and says what is wrong with the end. */
  void assertNothingIsLeft(String story) {
    machine.silent = false;
    for (int i = 0; i < 200 && (i == 0 || !world.works.isEmpty() || world.nextTimer()); i++) {
      world.runWorks();
    }
    assertEquals(List.of(), bugs, story);
    for (int i = 0; i < answers.size(); i++) {
      assertTrue(answers.get(i).isDone(), story + ": unanswered: " + asked.get(i) + " of " + asked);
    }
    boolean mayLive = state().hasProcess() || actor.released;
    assertTrue(machine.alive() <= (mayLive ? 1 : 0), story + ": a process is left in " + state());
    assertTrue(world.works.isEmpty(), story + ": works " + world.works);
  }

  @Override
  public CompletableFuture<Void> startAll(List<String> guests) {
    return requirements;
  }

  @Override
  public Duration startLimit(List<String> guests) {
    return Duration.ofSeconds(100);
  }

  @Override
  public void changed(GuestStatus status, GuestState before) {
    if (before != status.state() || states.isEmpty()) {
      states.add(status.state());
    }
    if (before != status.state() && !before.mayBecome(status.state())) {
      bugs.add(before + " became " + status.state());
    }
  }

  @Override
  public void gone(GuestActor guest) {
    isGone = true;
  }

  @Override
  public void bug(String what) {
    bugs.add(what);
  }
}
