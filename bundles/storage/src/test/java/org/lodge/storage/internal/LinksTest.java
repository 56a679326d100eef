package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Waiting for a storage guest that does not come. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class LinksTest {
  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch end = new CountDownLatch(1);
  private final Links links = new Links(this::neverConnects, "docs for work", Duration.ofHours(1));

  private Link neverConnects(int epoch, Duration limit) throws IOException {
    asked.countDown();
    try {
      end.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    throw new IOException("no such guest");
  }

  private CompletableFuture<Link> ask() throws InterruptedException {
    CompletableFuture<Link> link =
        CompletableFuture.supplyAsync(() -> links.await(links.deadline()));
    asked.await();
    return link;
  }

  @Test
  void aGuestThatEndsWaitsForNoConnectionThatIsBeingMade() throws Exception {
    CompletableFuture<Link> first = ask();
    CompletableFuture<Link> second = ask();
    links.hurry();
    assertNull(first.get());
    assertNull(second.get());
    end.countDown();
  }

  @Test
  void aShareThatIsTakenBackKeepsNobodyWaiting() throws Exception {
    CompletableFuture<Link> link = ask();
    links.close();
    assertNull(link.get());
    end.countDown();
  }

  @Test
  void whoeverHasWaitedAsLongAsTheShareSaysGivesUp() {
    assertNull(links.await(System.nanoTime() + 1_000_000));
    end.countDown();
  }

  private Links troubled() throws InterruptedException {
    end.countDown();
    CompletableFuture<Link> link = ask();
    while (links.trouble().isEmpty()) {
      Thread.sleep(1);
    }
    links.hurry();
    link.join();
    return links;
  }

  @Test
  void aShareThatIsTakenBackHasNoTrouble() throws Exception {
    assertEquals("no such guest", troubled().trouble());
    links.close();
    assertEquals("", links.trouble());
  }

  @Test
  void aTroubleEndsWhereItsGuestHasComeUp() throws Exception {
    assertEquals("no such guest", troubled().trouble());
    links.cameUp();
    assertEquals("", links.trouble());
  }

  @Test
  void whatWasInVainIsTriedAgain() throws Exception {
    CountDownLatch twice = new CountDownLatch(2);
    Links tried =
        new Links(
            (epoch, limit) -> {
              twice.countDown();
              throw new IOException("no such folder");
            },
            "docs for work",
            Duration.ofMillis(1));
    tried.tryAgain();
    assertEquals(2, twice.getCount(), "nobody has asked for it");
    tried.await(tried.deadline());
    while (tried.trouble().isEmpty()) {
      Thread.sleep(1);
    }
    tried.tryAgain();
    twice.await();
  }
}
