package org.lodge.storage.internal;

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
}
