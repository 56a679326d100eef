package org.lodge.keeper;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class RestartsTest {
  private final Restarts restarts = new Restarts();
  private long nowNanos;

  private int die(double afterSeconds, boolean wasReady) {
    long started = nowNanos;
    nowNanos += Duration.ofMillis((long) (afterSeconds * 1000)).toNanos();
    return restarts.pauseMillis(started, nowNanos, wasReady);
  }

  @Test
  void whatNeverBecomesReadyIsGivenUpAfterFiveDeaths() {
    assertEquals(200, die(1, false));
    assertEquals(400, die(1, false));
    assertEquals(800, die(1, false));
    assertEquals(1600, die(1, false));
    assertEquals(Restarts.GIVE_UP, die(1, false));
  }

  @Test
  void deathsFarApartAreNeverEnough() {
    for (int i = 0; i < 4; i++) {
      die(10, false);
    }
    assertEquals(3200, die(10, false));
    assertEquals(5000, die(10, false));
    assertEquals(5000, die(10, false));
  }

  @Test
  void whatWasReadyAndLastedComesBackAtOnceHoweverOftenItIsKilled() {
    for (int i = 0; i < 20; i++) {
      assertEquals(200, die(2, true));
    }
  }

  @Test
  void whatDiesRightAfterItWasReadyComesBackEverMoreSlowlyAndIsNotGivenUp() {
    int pause = 0;
    for (int i = 0; i < 20; i++) {
      pause = die(0.5, true);
    }
    assertEquals(5000, pause);
  }
}
