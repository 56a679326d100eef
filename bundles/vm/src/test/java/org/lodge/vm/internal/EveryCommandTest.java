package org.lodge.vm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.lodge.vm.GuestState;

/**
 * Every control command at every instant: each is answered, nothing leaks, every state is legal.
 */
class EveryCommandTest {
  private static final Map<String, Consumer<GuestHarness>> COMMANDS = new LinkedHashMap<>();
  private static final Map<String, Consumer<GuestHarness>> EVENTS = new LinkedHashMap<>();

  static {
    COMMANDS.put("start", GuestHarness::start);
    COMMANDS.put("stop", GuestHarness::stop);
    COMMANDS.put("kill", GuestHarness::kill);
    COMMANDS.put("pause", GuestHarness::pause);
    COMMANDS.put("resume", GuestHarness::resume);
    COMMANDS.put("screenshot", GuestHarness::screenshot);
    COMMANDS.put("release", GuestHarness::release);
    EVENTS.put(
        "edit",
        h -> h.post(new Message.Define(Example.guest("work", "display"), GuestHarness.FILE)));
    EVENTS.put("bad edit", h -> h.post(new Message.Refuse("is wrong", GuestHarness.FILE)));
    EVENTS.put("remove", h -> h.post(new Message.Undefine()));
    EVENTS.put("power off", onVmm(ScriptedMachine.ScriptedVmm::powerOffItself));
    EVENTS.put("panic", onVmm(ScriptedMachine.ScriptedVmm::panic));
    EVENTS.put("killed", onVmm(vmm -> vmm.exit(false, "killed by signal 9")));
    EVENTS.put("silent", h -> h.machine.silent = true);
    EVENTS.put("speaks", h -> h.machine.silent = false);
    EVENTS.put("deaf", h -> h.machine.ignoresPowerButton = true);
    EVENTS.put("create fails", h -> h.machine.failCreate = "no");
    EVENTS.put("create works", h -> h.machine.failCreate = null);
    EVENTS.put("no console", h -> h.machine.failAttach = true);
  }

  private static Consumer<GuestHarness> onVmm(Consumer<ScriptedMachine.ScriptedVmm> event) {
    return h -> {
      if (!h.machine.made.isEmpty()) {
        event.accept(h.machine.last());
      }
      h.world.settle();
    };
  }

  /** The steps of an undisturbed life, from the start's request to the end of the process. */
  private static final List<Consumer<GuestHarness>> LIFE =
      List.of(
          GuestHarness::start,
          h -> h.requirements.complete(null),
          EveryCommandTest::work,
          EveryCommandTest::work,
          h -> {
            if (!h.machine.made.isEmpty()) {
              h.sayReady();
            }
          },
          GuestHarness::pause,
          EveryCommandTest::work,
          GuestHarness::resume,
          EveryCommandTest::work,
          GuestHarness::stop,
          EveryCommandTest::work,
          EveryCommandTest::work,
          EveryCommandTest::work);

  private static void work(GuestHarness h) {
    h.world.settle();
    if (!h.world.works.isEmpty()) {
      h.world.works.getFirst().run();
    }
  }

  private static void workLast(GuestHarness h) {
    h.world.settle();
    if (!h.world.works.isEmpty()) {
      h.world.works.getLast().run();
    }
  }

  /** How the world goes on after the commands: in order, in reverse, or with the driver hanging. */
  private static final Map<String, Consumer<GuestHarness>> AFTERMATHS =
      Map.of(
          "in order", h -> h.world.runWorks(),
          "in reverse", h -> repeat(h, EveryCommandTest::workLast),
          "driver hangs", h -> repeat(h, hanging -> hanging.world.nextTimer()),
          "monitor silent",
              h -> {
                h.machine.silent = true;
                h.world.runWorks();
                repeat(h, hanging -> hanging.world.nextTimer());
              });

  private static void repeat(GuestHarness h, Consumer<GuestHarness> step) {
    for (int i = 0; i < 12; i++) {
      step.accept(h);
    }
  }

  private static GuestHarness newGuest() {
    GuestHarness h =
        new GuestHarness(Example.guest("work", Definition.Policy.ON_FAILURE, true, "display"));
    h.requirements = new CompletableFuture<>();
    return h;
  }

  private static void finish(GuestHarness h, String story) {
    h.requirements.complete(null);
    h.assertNothingIsLeft(story);
    if (!h.actor.released) {
      h.kill();
      h.assertNothingIsLeft(story + ", kill");
      assertEquals(0, h.machine.alive(), story);
    }
  }

  @Test
  void everyCommandAtEveryInstant() {
    int stories = 0;
    for (int instant = 0; instant <= LIFE.size(); instant++) {
      for (var first : COMMANDS.entrySet()) {
        for (var aftermath : AFTERMATHS.entrySet()) {
          String story = "step " + instant + ", " + first.getKey() + ", " + aftermath.getKey();
          GuestHarness h = newGuest();
          LIFE.subList(0, instant).forEach(step -> step.accept(h));
          first.getValue().accept(h);
          aftermath.getValue().accept(h);
          LIFE.subList(instant, LIFE.size()).forEach(step -> step.accept(h));
          finish(h, story);
          stories++;
        }
      }
    }
    assertTrue(stories > 300);
  }

  @Test
  void everyTwoCommandsAtEveryInstant() {
    for (int instant = 0; instant <= LIFE.size(); instant++) {
      for (var first : COMMANDS.entrySet()) {
        for (var second : COMMANDS.entrySet()) {
          for (int between = 0; between <= 2; between++) {
            for (var aftermath : AFTERMATHS.entrySet()) {
              String story =
                  String.join(
                      ", ",
                      "step " + instant,
                      first.getKey(),
                      between + " steps",
                      second.getKey(),
                      aftermath.getKey());
              GuestHarness h = newGuest();
              LIFE.subList(0, instant).forEach(step -> step.accept(h));
              first.getValue().accept(h);
              for (int i = 0; i < between; i++) {
                work(h);
              }
              second.getValue().accept(h);
              aftermath.getValue().accept(h);
              finish(h, story);
            }
          }
        }
      }
    }
  }

  /** Everything that can happen, in any order; the seed tells which. */
  @Test
  void noOrderOfEventsLosesACommandOrAProcess() {
    List<Map.Entry<String, Consumer<GuestHarness>>> all =
        new java.util.ArrayList<>(COMMANDS.entrySet());
    all.removeIf(entry -> entry.getKey().equals("release"));
    all.addAll(EVENTS.entrySet());
    for (long seed = 0; seed < 4000; seed++) {
      Random random = new Random(seed);
      StringBuilder story = new StringBuilder("seed " + seed + ":");
      GuestHarness h =
          new GuestHarness(
              Example.guest(
                  "work",
                  Definition.Policy.values()[random.nextInt(3)],
                  random.nextBoolean(),
                  "display"));
      for (int i = 0; i < 40 && !h.isGone; i++) {
        int choice = random.nextInt(10);
        if (choice < 4) {
          var entry = all.get(random.nextInt(all.size()));
          story.append(' ').append(entry.getKey()).append(',');
          entry.getValue().accept(h);
        } else if (choice < 9 && !h.world.works.isEmpty()) {
          var work = h.world.works.get(random.nextInt(h.world.works.size()));
          story.append(" [").append(work).append("],");
          work.run();
        } else if (h.world.nextTimer()) {
          story.append(" time,");
        }
      }
      finish(h, story.toString());
    }
  }

  @Test
  void commandsWaitForAnAdoptionUnderWay() {
    for (boolean answers : new boolean[] {true, false}) {
      for (boolean left : new boolean[] {true, false}) {
        for (var first : COMMANDS.entrySet()) {
          for (var second : COMMANDS.entrySet()) {
            GuestHarness h = new GuestHarness(Example.guest("work"));
            if (left) {
              h.machine.leftBehind = h.machine.new ScriptedVmm(null);
              h.machine.leftBehind.state = org.lodge.vmm.VmmState.RUNNING;
              h.machine.leftBehindAnswers = answers;
              h.machine.made.add(h.machine.leftBehind);
            }
            String story =
                "left "
                    + left
                    + ", answers "
                    + answers
                    + ", "
                    + first.getKey()
                    + ", "
                    + second.getKey();
            h.post(new Message.Adopt());
            first.getValue().accept(h);
            second.getValue().accept(h);
            finish(h, story);
            if (!h.actor.released) {
              assertTrue(
                  h.state() == GuestState.STOPPED
                      || h.state() == GuestState.DEFINED
                      || h.state() == GuestState.FAILED,
                  () -> story + ": " + h.state());
            }
          }
        }
      }
    }
  }
}
