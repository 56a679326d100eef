package org.lodge.vm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vmm.VmmState;

class LifecycleTest {
  private final GuestHarness h = new GuestHarness(Example.guest("work"));

  private GuestHarness with(Definition.Policy policy) {
    return new GuestHarness(Example.guest("work", policy, true));
  }

  @Test
  void aStartPassesEveryStateAndIsDoneWhenTheGuestSaysItIsReady() {
    CompletableFuture<GuestStatus> started = h.start();
    h.world.runWorks();
    assertEquals(GuestState.RUNNING, h.state());
    assertFalse(started.isDone());
    h.sayReady();
    assertTrue(started.join().startTimes().ready().isPresent());
    assertEquals(List.of(GuestState.CREATED, GuestState.READY, GuestState.RUNNING), h.states);
    assertEquals(Optional.of("tcg: a test"), started.join().accelerator());
  }

  @Test
  void aGuestThatNeedNotSaySoIsReadyOnceItRuns() {
    GuestHarness g = new GuestHarness(Example.guest("work", Definition.Policy.NEVER, false));
    CompletableFuture<GuestStatus> started = g.start();
    g.world.runWorks();
    assertTrue(started.join().startTimes().ready().isPresent());
  }

  @Test
  void aSecondStartJoinsTheFirst() {
    CompletableFuture<GuestStatus> first = h.start();
    CompletableFuture<GuestStatus> second = h.start();
    h.world.runWorks();
    h.sayReady();
    assertTrue(first.isDone() && second.isDone());
    assertEquals(1, h.machine.made.size());
  }

  @Test
  void aGuestThatDoesNotSayItIsReadyFailsItsStartAndRunsOn() {
    CompletableFuture<GuestStatus> started = h.start();
    h.world.runWorks();
    assertTrue(h.world.nextTimer(Duration.ofSeconds(70)) && h.world.nextTimer());
    GuestException failure = GuestHarness.failure(started);
    assertEquals("ready", failure.stage());
    assertTrue(failure.getMessage().contains("limits.readySeconds"), failure.getMessage());
    assertEquals(GuestState.RUNNING, h.state());
  }

  @Test
  void aDeviceThatTheGuestHasLetGoOfIsSeenToInTurn() {
    h.bringUp();
    h.machine.last().listener.deviceGone("data");
    h.world.runWorks();
    assertEquals("gone data", h.log.getLast());
  }

  @Test
  void aPauseBeforeTheGuestRunsWaitsUntilItDoes() {
    h.start();
    CompletableFuture<GuestStatus> paused = h.pause();
    assertFalse(paused.isDone());
    h.world.runWorks();
    assertEquals(GuestState.PAUSED, paused.join().state());
  }

  @Test
  void aPauseBeforeAStartThatFailsFailsWithIt() {
    h.machine.failCreate = "the kernel is not there";
    CompletableFuture<GuestStatus> started = h.start();
    CompletableFuture<GuestStatus> paused = h.pause();
    h.world.runWorks();
    assertEquals("the kernel is not there", GuestHarness.failure(paused).getMessage());
    assertEquals("qmp-greeting", GuestHarness.failure(started).stage());
    GuestStatus.Failure failure = h.actor.status().failure().orElseThrow();
    assertEquals(List.of("qemu: monitor's word"), failure.lastLines());
  }

  @Test
  void aStopDuringCreationLeavesNoProcess() {
    CompletableFuture<GuestStatus> started = h.start();
    CompletableFuture<GuestStatus> stopped = h.stop();
    assertEquals(GuestState.STOPPING, h.state());
    h.world.runWorks();
    assertEquals(GuestState.STOPPED, stopped.join().state());
    assertEquals("stop", GuestHarness.failure(started).stage());
    assertEquals(0, h.machine.alive());
  }

  @Test
  void aStopAfterAStartWhileStoppingIsTheLastWord() {
    h.start();
    h.world.runWorks();
    h.sayReady();
    h.stop();
    CompletableFuture<GuestStatus> again = h.start();
    CompletableFuture<GuestStatus> stopped = h.stop();
    h.world.runWorks();
    assertEquals(GuestState.STOPPED, stopped.join().state());
    assertEquals("stop", GuestHarness.failure(again).stage());
    assertEquals(GuestState.STOPPED, h.state());
    assertEquals(1, h.machine.made.size());
  }

  @Test
  void aStartWhileStoppingWaitsAndStartsAnew() {
    h.bringUp();
    h.stop();
    CompletableFuture<GuestStatus> again = h.start();
    h.world.runWorks();
    h.sayReady();
    assertEquals(GuestState.RUNNING, again.join().state());
    assertEquals(2, h.machine.made.size());
  }

  @Test
  void aGuestThatIgnoresThePowerButtonIsEndedAfterTheLimit() {
    h.machine.ignoresPowerButton = true;
    h.bringUp();
    CompletableFuture<GuestStatus> stopped = h.stop();
    h.world.runWorks();
    assertFalse(stopped.isDone());
    while (!stopped.isDone() && h.world.nextTimer()) {
      h.world.runWorks();
    }
    assertEquals(GuestState.STOPPED, stopped.join().state());
  }

  @Test
  void anAgentIsAskedBeforeThePowerButtonIsPressed() {
    h.machine.agentPowersOff = true;
    h.bringUp();
    CompletableFuture<GuestStatus> stopped = h.stop();
    h.world.runWorks();
    assertEquals(GuestState.STOPPED, stopped.join().state());
    assertTrue(h.log.contains("agent work"));
    assertFalse(h.log.contains("power-down work"));
  }

  @Test
  void aGuestThatDoesNotKeepItsAgentsWordGetsThePowerButtonAndThenItsEnd() {
    h.machine.agentPowersOff = true;
    h.machine.ignoresPowerButton = true;
    h.bringUp();
    CompletableFuture<GuestStatus> stopped = h.stop();
    h.world.runWorks();
    while (!stopped.isDone() && h.world.nextTimer()) {
      h.world.runWorks();
    }
    assertEquals(GuestState.STOPPED, stopped.join().state());
    assertTrue(h.log.indexOf("agent work") < h.log.indexOf("power-down work"));
    assertEquals(1, h.log.stream().filter("agent work"::equals).count());
  }

  @Test
  void aGuestIsReadyOnceItsAgentSaysSo() {
    CompletableFuture<GuestStatus> started = h.start();
    h.world.runWorks();
    assertFalse(started.isDone());
    h.actor.post(new Message.HeardInside(Machine.Marker.READY));
    h.world.runWorks();
    assertEquals(GuestState.RUNNING, started.join().state());
    assertTrue(started.join().startTimes().ready().isPresent());
  }

  @Test
  void anAgentThatSpeaksOfAGuestThatIsGoneIsNotHeard() {
    h.actor.post(new Message.HeardInside(Machine.Marker.READY));
    h.world.runWorks();
    assertEquals(GuestState.DEFINED, h.actor.status().state());
  }

  @Test
  void aPausedGuestIsLetRunToPowerOff() {
    h.bringUp();
    h.pause();
    h.world.runWorks();
    CompletableFuture<GuestStatus> stopped = h.stop();
    h.world.runWorks();
    assertEquals(GuestState.STOPPED, stopped.join().state());
    assertTrue(h.log.contains("power-down work"));
  }

  @Test
  void aGuestThatPowersItselfOffIsStopped() {
    GuestHarness g = with(Definition.Policy.ON_FAILURE);
    g.bringUp();
    g.machine.last().powerOffItself();
    g.world.runWorks();
    assertEquals(GuestState.STOPPED, g.state());
    assertFalse(g.world.nextTimer());
  }

  @Test
  void aCrashTellsStageCauseAndLastLines() {
    h.bringUp();
    h.machine.last().exit(false, "killed by signal 11");
    h.world.runWorks();
    GuestStatus.Failure failure = h.actor.status().failure().orElseThrow();
    assertEquals(GuestState.FAILED, h.state());
    assertEquals("running", failure.stage());
    assertEquals("killed by signal 11", failure.cause());
    assertEquals(List.of("qemu: monitor's last word", "guest: guest's word"), failure.lastLines());
  }

  @Test
  void aCrashedGuestIsStartedAgainEverMoreSlowlyAndNotForEver() {
    GuestHarness g = with(Definition.Policy.ON_FAILURE);
    g.bringUp();
    for (int attempt = 0; attempt < 3; attempt++) {
      g.machine.last().exit(false, "crash");
      g.world.runWorks();
      assertEquals(GuestState.FAILED, g.state());
      long before = g.world.nanos();
      assertTrue(g.world.nextTimer());
      assertEquals(Duration.ofSeconds(1L << attempt).toNanos(), g.world.nanos() - before);
      g.world.runWorks();
      assertEquals(GuestState.RUNNING, g.state());
      assertEquals(attempt + 1, g.actor.status().restarts());
    }
    g.machine.last().exit(false, "crash");
    g.world.runWorks();
    assertFalse(g.world.nextTimer());
  }

  @Test
  void aMinuteOfRunningForgivesEarlierCrashes() {
    GuestHarness g = with(Definition.Policy.ON_FAILURE);
    g.bringUp();
    for (int attempt = 0; attempt < 6; attempt++) {
      g.machine.last().exit(false, "crash");
      g.world.runWorks();
      assertTrue(g.world.nextTimer());
      g.world.runWorks();
      g.sayReady();
      assertTrue(g.world.nextTimer());
      assertEquals(GuestState.RUNNING, g.state());
    }
    assertEquals(6, g.actor.status().restarts());
  }

  @Test
  void aStopCancelsAnAutomaticStart() {
    GuestHarness g = with(Definition.Policy.ALWAYS);
    g.bringUp();
    g.machine.last().exit(false, "crash");
    g.world.runWorks();
    assertTrue(g.stop().isDone());
    assertFalse(g.world.nextTimer());
  }

  @Test
  void aRequiredGuestThatFailsIsNamed() {
    GuestHarness g = new GuestHarness(Example.guest("work", "display"));
    g.requirements =
        CompletableFuture.failedFuture(new GuestException("display", "image", "is not built"));
    CompletableFuture<GuestStatus> started = g.start();
    GuestException failure = GuestHarness.failure(started);
    assertEquals("requires", failure.stage());
    assertEquals(
        "it requires display, which did not start: image: is not built", failure.getMessage());
    assertEquals(GuestState.FAILED, g.state());
  }

  @Test
  void anEditOfARunningGuestIsPendingUntilItsNextStart() {
    h.bringUp();
    h.post(new Message.Define(Example.guest("work"), GuestHarness.FILE));
    assertFalse(h.actor.status().pending());
    h.post(new Message.Define(Example.guest("work", "display"), GuestHarness.FILE));
    assertTrue(h.actor.status().pending());
    assertEquals(List.of(), h.actor.status().requires());
    h.stop();
    h.world.runWorks();
    assertFalse(h.actor.status().pending());
    assertEquals(List.of("display"), h.actor.status().requires());
  }

  @Test
  void aBadEditKeepsTheGuestAndRefusesTheNextStart() {
    h.bringUp();
    h.post(new Message.Refuse("its definition was refused: memory", GuestHarness.FILE));
    assertTrue(h.actor.status().pending());
    h.stop();
    h.world.runWorks();
    assertEquals(
        "its definition was refused: memory", GuestHarness.failure(h.start()).getMessage());
  }

  @Test
  void aRemovedGuestRunsOnAndGoesWhenItStops() {
    h.bringUp();
    h.post(new Message.Undefine());
    assertEquals(GuestState.RUNNING, h.state());
    assertTrue(h.actor.status().pending());
    assertEquals(Optional.empty(), h.actor.status().definitionFile());
    assertFalse(h.isGone);
    h.stop();
    h.world.runWorks();
    assertTrue(h.isGone);
  }

  @Test
  void anAdoptedGuestRunsOnWithTheDefinitionItWasStartedWith() {
    h.machine.leftBehind = h.machine.new ScriptedVmm(null);
    h.machine.leftBehind.state = VmmState.RUNNING;
    h.machine.leftBehindDefinition = Example.guest("work", "display");
    h.post(new Message.Adopt());
    h.world.runWorks();
    assertEquals(GuestState.RUNNING, h.state());
    assertTrue(h.actor.status().pending());
    assertTrue(h.start().isDone());
  }

  @Test
  void aProcessThatDoesNotAnswerIsUnknownUntilItDoes() {
    h.machine.leftBehind = h.machine.new ScriptedVmm(null);
    h.machine.leftBehind.state = VmmState.RUNNING;
    h.machine.leftBehindAnswers = false;
    h.post(new Message.Adopt());
    h.world.runWorks();
    assertEquals(GuestState.UNKNOWN, h.state());
    CompletableFuture<GuestStatus> paused = h.pause();
    h.world.runWorks();
    assertTrue(GuestHarness.failure(paused).getMessage().contains("lodge kill work"));
    h.machine.leftBehindAnswers = true;
    h.world.nextTimer();
    h.world.runWorks();
    assertEquals(GuestState.RUNNING, h.state());
  }

  /**
   * As on a host with much to do: the monitor serves one at a time, so nobody else could ask it.
   */
  @Test
  void aLookThatTakesTooLongStillFindsTheProcess() {
    h.machine.leftBehind = h.machine.new ScriptedVmm(null);
    h.machine.leftBehind.state = VmmState.RUNNING;
    h.post(new Message.Adopt());
    SimulatedWorld.Work first = h.world.works.getFirst();
    h.world.nextTimer();
    assertEquals(GuestState.UNKNOWN, h.state());
    h.world.nextTimer();
    assertEquals(2, h.world.works.size(), "it is looked for again");
    first.run();
    assertEquals(GuestState.RUNNING, h.state());
    h.machine.leftBehindAnswers = false;
    h.world.runWorks();
    assertEquals(GuestState.RUNNING, h.state());
    assertFalse(h.machine.leftBehind.released);
    CompletableFuture<GuestStatus> paused = h.pause();
    h.world.runWorks();
    assertEquals(GuestState.PAUSED, paused.join().state());
  }

  @Test
  void aKillEndsAProcessThatDoesNotAnswer() {
    h.machine.leftBehind = h.machine.new ScriptedVmm(null);
    h.machine.leftBehindAnswers = false;
    h.post(new Message.Adopt());
    h.world.runWorks();
    CompletableFuture<GuestStatus> killed = h.kill();
    h.world.runWorks();
    assertEquals(GuestState.STOPPED, killed.join().state());
    assertTrue(h.machine.leftBehind.exited.isDone());
  }

  @Test
  void aMonitorThatFallsSilentMakesTheGuestUnknownAndItsWordBringsItBack() {
    h.bringUp();
    h.machine.silent = true;
    CompletableFuture<GuestStatus> paused = h.pause();
    h.world.runWorks();
    assertEquals("qmp", GuestHarness.failure(paused).stage());
    assertEquals(GuestState.UNKNOWN, h.state());
    h.machine.silent = false;
    h.world.nextTimer();
    h.world.runWorks();
    assertEquals(GuestState.RUNNING, h.state());
  }

  @Test
  void aReleaseLeavesTheProcessAlone() {
    h.bringUp();
    h.release();
    h.world.runWorks();
    assertTrue(h.machine.last().released);
    assertEquals(1, h.machine.alive());
    assertEquals("release", GuestHarness.failure(h.stop()).stage());
  }
}
