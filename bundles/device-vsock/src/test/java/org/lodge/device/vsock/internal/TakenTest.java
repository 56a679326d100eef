package org.lodge.device.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Virtqueue;

class TakenTest {
  @Test
  @Timeout(20)
  void whatIsKeptWakesItsQueueWithoutAThreadThatOutlivesTheBundle() throws Exception {
    var woken = new CountDownLatch(1);
    Virtqueue queue =
        fake(
            Virtqueue.class,
            (proxy, method, arguments) -> {
              if (method.getName().equals("wake")) {
                woken.countDown();
              }
              return null;
            });
    DescriptorChain chain = fake(DescriptorChain.class, (proxy, method, arguments) -> 44L);
    assertTrue(new Taken().keep(chain, queue));
    woken.await();
    assertTrue(
        Thread.getAllStackTraces().keySet().stream()
            .noneMatch(thread -> thread.getName().startsWith("vsock-")));
  }

  private static <T> T fake(Class<T> type, InvocationHandler answers) {
    return type.cast(
        Proxy.newProxyInstance(TakenTest.class.getClassLoader(), new Class<?>[] {type}, answers));
  }
}
