package org.lodge.device.blk.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ShowingTest {
  /** After how many of that many requests, each of which takes as long, they are shown. */
  private static List<Integer> shown(int requests, long eachNanos) {
    Showing showing = new Showing();
    long now = Long.MAX_VALUE - requests * eachNanos / 2;
    showing.begin(now);
    List<Integer> after = new ArrayList<>();
    for (int done = 1; done <= requests; done++) {
      now += eachNanos;
      if (showing.isDue(now, requests - done)) {
        after.add(done);
        showing.begin(now);
      }
    }
    return after;
  }

  @Test
  void halfOfWhatIsShortIsShownAtOnce() {
    assertEquals(16, shown(32, 2_000).getFirst());
    assertEquals(2, shown(4, 16_000).getFirst());
  }

  @Test
  void ofWhatTakesLongThreeQuartersAreDoneFirst() {
    assertEquals(24, shown(32, 16_000).getFirst());
    assertEquals(6, shown(8, 16_000).getFirst());
  }

  @Test
  void noneWaitsForLong() {
    assertEquals(List.of(1, 2, 3), shown(3, 1_000_000));
    assertEquals(41, shown(1000, 10_000).getFirst());
  }

  @Test
  void theDriverIsNotCalledForEachOfManyShortOnes() {
    assertEquals(List.of(51), shown(100, 400));
  }
}
