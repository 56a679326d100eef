package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class EpollTest {

  @Test
  void eachEventNamesItsDescriptor() throws Exception {
    try (Epoll epoll = Epoll.create();
        EventFd first = EventFd.create();
        EventFd second = EventFd.create()) {
      epoll.add(first, Epoll.READABLE, 1);
      epoll.add(second, Epoll.READABLE, -2);
      assertEquals(0, epoll.await(0));
      second.signal();
      assertEquals(1, epoll.await(1000));
      assertEquals(-2, epoll.token(0));
      assertTrue((epoll.ready(0) & Epoll.READABLE) != 0);
      first.signal();
      assertEquals(2, epoll.await(1000));
      epoll.remove(second);
      assertEquals(1, epoll.await(1000));
      assertEquals(1, epoll.token(0));
    }
  }
}
