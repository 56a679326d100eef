package org.lodge.vhostuser.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.lodge.vhostuser.internal.MockFrontEnd.MODERN;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.vhostuser.Backend;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.Virtqueue;

/** What becomes of requests that a device hands back when its guest is paused. */
@Timeout(60)
class PauseTest {
  @TempDir Path directory;
  private final Keeping device = new Keeping();
  private FakeStore store;
  private Bench bench;
  private Backend backend;

  /** Keeps the first request until its queue is stopped, as a receive queue's buffers are kept. */
  private static final class Keeping extends Bench.Echo {
    final CountDownLatch keeps = new CountDownLatch(1);
    private DescriptorChain kept;

    Keeping() {
      super(1L << 5, 1);
    }

    @Override
    protected void handle(DescriptorChain chain) {
      if (keeps.getCount() > 0) {
        kept = chain;
        keeps.countDown();
      } else {
        super.handle(chain);
      }
    }

    @Override
    public boolean stopQueue(Virtqueue queue, Duration limit) {
      if (kept != null) {
        kept.handBack();
        kept = null;
      }
      return super.stopQueue(queue, limit);
    }
  }

  @BeforeEach
  void open() throws Exception {
    store = new FakeStore();
    bench = new Bench(directory, store);
    bench.deploy(
        new Bench.EchoFactory() {
          @Override
          public Device create(DeviceConfig config, DeviceContext itsContext) {
            return device;
          }
        },
        "1.0.0");
    backend = bench.open();
  }

  @AfterEach
  void close() throws Exception {
    bench.close();
    store.close();
  }

  /** One request is kept, and one behind it answered; then the guest is paused. */
  private int pauseWithOneKept(MockFrontEnd qemu) throws Exception {
    qemu.start(16, MODERN);
    qemu.ask(0, 16_384);
    device.keeps.await();
    qemu.echo(0, "behind it");
    backend.expectPause(true);
    return qemu.stop(0);
  }

  @Test
  void whatWasHandedBackIsGivenOutAgainAfterAPause() throws Exception {
    try (MockFrontEnd qemu = bench.connect()) {
      int base = pauseWithOneKept(qemu);
      qemu.reopen(0, base);
      qemu.awaitUsed(0);
      assertEquals(0, qemu.queues.getFirst().usedId());
      qemu.echo(0, "after");
    }
  }

  @Test
  void nothingOfItIsLeftOnceTheMonitorHasHungUp() throws Exception {
    try (MockFrontEnd qemu = bench.connect()) {
      pauseWithOneKept(qemu);
    }
    try (MockFrontEnd next = bench.connect()) {
      next.ask(Request.GET_FEATURES);
      assertEquals(
          List.of(),
          store.kept.keySet().stream().filter(name -> name.contains("inflight")).toList());
    }
  }
}
