package org.lodge.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(20)
class DeadlinesTest {

  @Test
  void whatWasNotCancelledRunsOnce() throws Exception {
    try (Deadlines deadlines = new Deadlines()) {
      AtomicInteger runs = new AtomicInteger();
      CountDownLatch last = new CountDownLatch(1);
      deadlines.after(0, runs::incrementAndGet);
      deadlines.after(0, () -> runs.addAndGet(100)).cancel();
      deadlines.after(1, last::countDown);
      assertTrue(last.await(10, TimeUnit.SECONDS));
      assertEquals(1, runs.get());
    }
  }

  @Test
  void oneThatFailsDoesNotKeepOthersFromRunning() throws Exception {
    try (Deadlines deadlines = new Deadlines()) {
      CountDownLatch others = new CountDownLatch(2);
      deadlines.after(
          0,
          () -> {
            throw new IllegalStateException("on purpose");
          });
      deadlines.after(0, others::countDown);
      deadlines.after(0, others::countDown);
      assertTrue(others.await(10, TimeUnit.SECONDS));
    }
  }
}
