package org.lodge.vm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;

/** display <- work <- chat, and storage on its own. */
class SupervisorTest {
  private final SimulatedWorld world = new SimulatedWorld();
  private final List<String> log = new ArrayList<>();
  private final Map<String, ScriptedMachine> machines = new HashMap<>();
  private final Supervisor supervisor =
      new Supervisor(
          world,
          new Announcer(world),
          name -> machines.computeIfAbsent(name, n -> new ScriptedMachine(n, world, log)));

  SupervisorTest() {
    define(
        running("display"),
        running("work", "display"),
        running("chat", "work"),
        running("storage"));
  }

  private static Definition running(String name, String... requires) {
    return Example.guest(name, Definition.Policy.NEVER, false, requires);
  }

  private void define(Definition... definitions) {
    supervisor.apply(
        new DefinitionSet(
            new TreeMap<>(
                Stream.of(definitions).collect(Collectors.toMap(Definition::name, d -> d))),
            Stream.of(definitions)
                .collect(Collectors.toMap(Definition::name, d -> Path.of(d.name() + ".json"))),
            List.of()));
    world.settle();
  }

  private CompletableFuture<GuestStatus> start(String name) {
    CompletableFuture<GuestStatus> started = supervisor.send(name, Message.Start::new);
    world.runWorks();
    return started;
  }

  private GuestState state(String name) throws GuestException {
    return supervisor.find(name).status().state();
  }

  @Test
  void whatAGuestRequiresRunsBeforeItIsCreated() {
    assertTrue(start("chat").isDone());
    assertEquals(
        List.of(
            "create display", "run display", "create work", "run work", "create chat", "run chat"),
        log);
  }

  @Test
  void guestsThatDoNotRequireEachOtherStartSideBySide() {
    supervisor.startAll(List.of("display", "storage"));
    world.settle();
    assertEquals(2, world.works.size());
  }

  @Test
  void onlyAGuestThatStandsStillIsPaused() {
    start("storage");
    assertFalse(supervisor.isPaused("storage"));
    supervisor.send(
        "storage",
        done -> new Message.Control(Message.Control.Kind.PAUSE, vmm -> vmm.pause(), done));
    world.runWorks();
    assertTrue(supervisor.isPaused("storage"));
    assertFalse(supervisor.isPaused("display"));
    assertFalse(supervisor.isPaused("nobody"));
  }

  @Test
  void aStopEndsTheDependantsFirst() throws GuestException {
    start("chat");
    log.clear();
    CompletableFuture<GuestStatus> stopped = supervisor.stop("display", null);
    world.runWorks();
    assertEquals(GuestState.STOPPED, stopped.join().state());
    assertEquals(List.of("end chat", "end work", "end display"), ends());
  }

  private List<String> ends() {
    return log.stream().filter(line -> line.startsWith("end")).toList();
  }

  @Test
  void stopAllGoesInReverseAndEndsEverything() {
    start("chat");
    start("storage");
    CompletableFuture<Void> stopped = supervisor.stopAll();
    world.runWorks();
    assertTrue(stopped.isDone());
    assertEquals(4, ends().size());
    assertTrue(log.indexOf("end chat") < log.indexOf("end work"));
    assertTrue(log.indexOf("end work") < log.indexOf("end display"));
  }

  @Test
  void aGuestWhoseFileIsGoneCanNotBeStartedAgain() {
    start("display");
    assertNull(supervisor.hindrance("display"));
    define(running("storage"));
    assertEquals("its definition file is gone", supervisor.hindrance("display"));
    assertNull(supervisor.hindrance("storage"));
    assertNull(supervisor.hindrance("nobody"));
  }

  /** A command may have named several, and some only in passing. */
  @Test
  void anUnknownGuestIsNamed() {
    GuestException unknown = GuestHarness.failure(start("strage"));
    assertTrue(
        unknown.getMessage().contains("strage; there are chat, display"), unknown.getMessage());
  }

  /** Such as by a person who does not know that another ends Lodge, or by half of a restart. */
  @Test
  void noGuestStartsAfterStopAll() throws GuestException {
    start("chat");
    supervisor.stopAll();
    world.runWorks();
    GuestException refused = GuestHarness.failure(start("chat"));
    assertTrue(refused.getMessage().contains("Lodge is ending"), refused.getMessage());
    assertEquals(GuestState.STOPPED, state("chat"));
    assertEquals(GuestState.STOPPED, state("display"));
  }

  @Test
  void stopAllEndsAGuestThatServesOthersAfterThem() {
    supervisor.add(guest -> guest.equals("storage") ? Set.of("chat", "display") : Set.of());
    start("chat");
    start("storage");
    supervisor.stopAll();
    world.runWorks();
    assertEquals(List.of("end chat", "end work", "end display", "end storage"), ends());
  }

  @Test
  void toStopAGuestThatServesOthersStopsNoneOfThem() throws GuestException {
    supervisor.add(guest -> guest.equals("storage") ? Set.of("chat") : Set.of());
    start("chat");
    start("storage");
    supervisor.stop("storage", null);
    world.runWorks();
    assertEquals(List.of("end storage"), ends());
    assertEquals(GuestState.RUNNING, state("chat"));
  }

  @Test
  void aFailureBelowNamesTheWholeWay() throws GuestException {
    machines.get("display").failCreate = "no kernel";
    GuestException failure = GuestHarness.failure(start("chat"));
    assertTrue(failure.getMessage().contains("requires work"), failure.getMessage());
    assertTrue(failure.getMessage().contains("requires display"), failure.getMessage());
    assertTrue(failure.getMessage().contains("no kernel"), failure.getMessage());
    assertEquals(GuestState.DEFINED, state("storage"));
  }

  @Test
  void aGuestThatIsNotThereIsAnsweredWithThoseThatAre() {
    GuestException failure = GuestHarness.failure(start("wrok"));
    assertTrue(failure.getMessage().contains("chat, display, storage, work"), failure.getMessage());
  }

  @Test
  void aCircleMadeByEditsEndsWithAnError() {
    define(running("display", "chat"), running("work", "display"), running("chat", "work"));
    CompletableFuture<GuestStatus> started = start("chat");
    for (int i = 0; i < 10 && !started.isDone(); i++) {
      world.nextTimer();
    }
    assertEquals("requires", GuestHarness.failure(started).stage());
    CompletableFuture<Void> stopped = supervisor.stopAll();
    world.runWorks();
    assertTrue(stopped.isDone());
  }

  @Test
  void aDefinitionThatComesBackIsANewGuest() throws GuestException {
    define(running("display"));
    assertEquals(1, supervisor.actors().size());
    define(running("display"), running("work"));
    assertTrue(start("work").isDone());
    assertEquals(GuestState.RUNNING, state("work"));
  }

  @Test
  void anEditLeavesOtherGuestsUntouched() throws GuestException {
    start("display");
    GuestStatus before = supervisor.find("display").status();
    define(running("display"), running("work", "storage"), running("storage"));
    assertEquals(before, supervisor.find("display").status());
  }
}
