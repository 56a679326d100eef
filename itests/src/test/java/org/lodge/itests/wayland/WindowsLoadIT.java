package org.lodge.itests.wayland;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.itests.wayland.Patience.until;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.itests.bench.Processors;

/**
 * Programs that come and die beside one that goes on, through two agents and the router, on sway.
 */
class WindowsLoadIT {
  private static final int CLIENTS = 100;
  private static final int AT_ONCE = 6;

  /** Of a processor, for all of an hour's load. */
  private static final double SHARE = 0.1;

  private static final Map<String, String> LIMITS =
      Map.of("connections", "24", "pixels", "32M", "color", "d33f49");

  @TempDir private Path folder;
  private Sway sway;
  private WaylandRig rig;
  private Path neighbour;
  private Path mortal;
  private final AtomicInteger pictures = new AtomicInteger();
  private final AtomicBoolean over = new AtomicBoolean();
  private Thread painter;
  private volatile int pauseMillis = 10;

  @BeforeEach
  void start() throws Exception {
    sway = new Sway(Files.createTempDirectory(Path.of("/var/tmp"), "lodge-sway."));
    rig = new WaylandRig(folder, sway.socket());
    neighbour = rig.addGuest("neighbour", Map.of("color", "2e86de"));
    mortal = rig.addGuest("mortal", LIMITS);
    painter = Thread.ofPlatform().name("neighbour").start(this::paint);
    until("the neighbour paints", () -> pictures.get() > 0);
    for (Death death : Death.values()) {
      death.die(sway, mortal, new Random(1));
    }
    untilAlone();
  }

  @AfterEach
  void stop() throws Exception {
    over.set(true);
    painter.join();
    rig.close();
    sway.close();
  }

  @Test
  void aHundredProgramsThatDieLeaveNothingAndTheirNeighbourGoesOn() throws Exception {
    Holding before = Holding.of(rig.agents());
    int painted = pictures.get();
    Random seeds = new Random(20261127);
    List<Future<?>> all = new ArrayList<>();
    try (ExecutorService few = Executors.newFixedThreadPool(AT_ONCE)) {
      for (int i = 0; i < CLIENTS; i++) {
        Death death = Death.values()[i % Death.values().length];
        Random random = new Random(seeds.nextLong());
        all.add(
            few.submit(() -> {
              death.die(sway, mortal, random);
              return death;
            }));
      }
    }
    for (Future<?> each : all) {
      each.get();
    }
    untilAlone();
    until("nothing is left", () -> Holding.of(rig.agents()).isAtMost(before));
    assertTrue(pictures.get() > painted, "the neighbour went on");
    // Nearly all that the guest may have: little of others can be left.
    try (PaintingClient large = new PaintingClient(mortal, 2800, 1400, 2, false)) {
      large.show(large.freeBuffer());
    }
  }

  @Test
  void aGuestWhoseAgentIsKilledTakesNoOtherWithIt() throws Exception {
    hearsOfIt(mortal, () -> rig.killAgent("mortal"));
    untilAlone();
    rig.startAgain("mortal");
    shows(mortal);
  }

  @Test
  void programsOfAllGuestsHearThatTheDisplaysAgentIsKilledAndTheNextAreShown() throws Exception {
    over.set(true);
    painter.join();
    hearsOfIt(neighbour, () -> hearsOfIt(mortal, () -> rig.killAgent("display")));
    rig.startAgain("display");
    shows(neighbour);
    shows(mortal);
  }

  private interface Blow {
    void fall() throws Exception;
  }

  /** A program with a window is told that its connection has ended. */
  private static void hearsOfIt(Path display, Blow blow) throws Exception {
    try (PaintingClient client = new PaintingClient(display, 300, 200, 2, false)) {
      client.show(client.freeBuffer());
      blow.fall();
      IOException told = assertThrows(IOException.class, client::sync);
      assertFalse(told.getMessage().contains("says nothing"), told.getMessage());
    }
  }

  private static void shows(Path display) throws IOException {
    try (PaintingClient next = new PaintingClient(display, 300, 200, 2, false)) {
      next.show(next.freeBuffer());
    }
  }

  /** Takes a tenth of a processor, and prints each minute what is held. */
  @Test
  @EnabledIfSystemProperty(named = "lodge.long", matches = "true")
  void anHourOfProgramsThatComeAndGoLeavesNothing() throws Exception {
    long minutes = Long.getLong("lodge.soak.minutes", 60);
    Random random = new Random(20261127);
    Holding before = Holding.of(rig.agents());
    long early = 0;
    long heap = 0;
    long lives = 0;
    long begin = System.nanoTime();
    double spent = spentSeconds();
    pauseMillis = 500;
    for (long minute = 1; minute <= minutes; minute++) {
      while (System.nanoTime() - begin < TimeUnit.MINUTES.toNanos(minute)) {
        Death.values()[random.nextInt(Death.values().length)].die(sway, mortal, random);
        lives++;
        double due = (spentSeconds() - spent) / SHARE - (System.nanoTime() - begin) / 1e9;
        Thread.sleep((long) Math.clamp(1000 * due, 50, 5_000));
      }
      untilAlone();
      System.gc();
      heap = usedKib();
      early = minute == Math.min(5, minutes) ? heap : early;
      System.out.printf(
          "minute %d: %d lives, %d pictures beside, heap %d KiB, resident %d KiB, agents %s KiB,"
              + " sway %d KiB, %s%n",
          minute,
          lives,
          pictures.get(),
          heap,
          Holding.residentKib(ProcessHandle.current().pid()),
          agentsKib(),
          Holding.residentKib(sway.pid()),
          Holding.of(rig.agents()));
    }
    until("nothing is left", () -> Holding.of(rig.agents()).isAtMost(before));
    assertTrue(heap < early + early / 4, "the heap has grown from " + early + " to " + heap);
  }

  /** Shows pictures without end; whoever looks at their number sees that it stops by a failure. */
  private void paint() {
    try (PaintingClient client = new PaintingClient(neighbour, 200, 100, 2, false)) {
      while (!over.get()) {
        client.show(client.freeBuffer());
        pictures.incrementAndGet();
        Thread.sleep(pauseMillis);
      }
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException("the neighbour was disturbed", e);
    }
  }

  private void untilAlone() throws Exception {
    until(
        "the neighbour's window alone is left, and painted",
        () -> {
          int painted = pictures.get();
          Thread.sleep(2 * pauseMillis);
          return rig.windows().list().size() == 1 && pictures.get() > painted;
        });
  }

  private double spentSeconds() throws IOException {
    double all = Processors.seconds(ProcessHandle.current().pid(), true);
    for (Process agent : rig.agents()) {
      all += Processors.seconds(agent.pid(), false);
    }
    return all + Processors.seconds(sway.pid(), false);
  }

  private List<Long> agentsKib() throws IOException {
    List<Long> all = new ArrayList<>();
    for (Process agent : rig.agents()) {
      all.add(Holding.residentKib(agent.pid()));
    }
    return all;
  }

  private static long usedKib() {
    Runtime runtime = Runtime.getRuntime();
    return (runtime.totalMemory() - runtime.freeMemory()) >> 10;
  }
}
