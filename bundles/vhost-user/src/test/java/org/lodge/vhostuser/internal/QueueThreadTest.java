package org.lodge.vhostuser.internal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.linux.EventFd;
import org.lodge.virtio.Device;
import org.lodge.virtio.ring.Ring;

/** Which rings the thread serves when. */
@Timeout(60)
class QueueThreadTest {
  private final QueueThread thread;
  private final Semaphore served = new Semaphore(0);

  QueueThreadTest() throws Exception {
    thread = new QueueThread("work", "d", (vring, sentence) -> {});
    thread.use((Device) proxy(Device.class), Duration.ofSeconds(30));
  }

  @AfterEach
  void stop() {
    thread.stop();
  }

  @Test
  void aRingThatWasWokenWhileNobodyWatchedIsServedOnceItIsWatched() throws Exception {
    Vring early = vring(0);
    early.wake();
    thread.watch(vring(1));
    assertTrue(served.tryAcquire(10, TimeUnit.SECONDS), "the thread has seen the wake and gone on");
    thread.watch(early);
    assertTrue(served.tryAcquire(10, TimeUnit.SECONDS), "the early ring is served");
  }

  private Vring vring(int index) throws Exception {
    Vring vring = new Vring(index, thread);
    vring.ring = (Ring) proxy(Ring.class);
    vring.kick = new Held<>(EventFd.create(), "", null);
    return vring;
  }

  private Object proxy(Class<?> type) {
    return Proxy.newProxyInstance(
        type.getClassLoader(),
        new Class<?>[] {type},
        (self, method, arguments) -> {
          if (method.getName().equals("serve")) {
            served.release();
          }
          return null;
        });
  }
}
