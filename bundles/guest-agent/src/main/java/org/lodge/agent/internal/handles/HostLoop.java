package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.lodge.linux.Epoll;
import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for descriptors of this process, so that virtual threads wait for them without holding a
 * thread of the system. One thread for all. Thread-safe.
 */
final class HostLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(HostLoop.class);
  private static final long STOP = 0;

  private record Wait(Fd fd, long token, CompletableFuture<Void> ready) {}

  private final Epoll epoll;
  private final EventFd stop;
  private final AtomicLong lastToken = new AtomicLong(STOP);
  private final Map<Long, Wait> byToken = new ConcurrentHashMap<>();
  private final Map<Fd, Wait> byFd = new ConcurrentHashMap<>();

  HostLoop() throws LinuxException {
    epoll = Epoll.create();
    stop = EventFd.create();
    epoll.add(stop, Epoll.READABLE, STOP);
    Thread.ofPlatform().daemon().name("host-sockets").start(this::run);
  }

  /**
   * Completes once the descriptor is ready, on the loop's thread: what follows must not wait. One
   * wait for a descriptor at a time.
   *
   * @param interest as {@link Epoll} has it
   */
  CompletableFuture<Void> ready(Fd fd, int interest) throws IOException {
    Wait wait = new Wait(fd, lastToken.incrementAndGet(), new CompletableFuture<>());
    byToken.put(wait.token(), wait);
    byFd.put(fd, wait);
    try {
      epoll.add(fd, interest, wait.token());
    } catch (LinuxException | IllegalStateException e) {
      take(wait);
      throw new IOException(fd + " is closed", e);
    }
    return wait.ready();
  }

  /** Waits until the descriptor is ready. */
  void await(Fd fd, int interest) throws IOException {
    try {
      ready(fd, interest).get();
    } catch (ExecutionException e) {
      throw new IOException(e.getCause().getMessage(), e.getCause());
    } catch (InterruptedException e) {
      forget(fd);
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(fd + " was waited for");
    }
  }

  /** Closes a descriptor; whoever waits for it fails. */
  void close(Fd fd) {
    forget(fd);
    fd.close();
    forget(fd);
  }

  private void forget(Fd fd) {
    Wait wait = byFd.get(fd);
    if (wait != null && take(wait)) {
      remove(fd);
      Thread.startVirtualThread(
          () -> wait.ready().completeExceptionally(new IOException(fd + " was closed")));
    }
  }

  private boolean take(Wait wait) {
    byFd.remove(wait.fd(), wait);
    return byToken.remove(wait.token()) != null;
  }

  private void remove(Fd fd) {
    try {
      epoll.remove(fd);
    } catch (LinuxException | IllegalStateException closed) {
      LOG.debug("{} was not watched any more: {}", fd, closed.getMessage());
    }
  }

  private void run() {
    try (epoll;
        stop) {
      while (true) {
        int count = epoll.await(-1);
        for (int i = 0; i < count; i++) {
          if (epoll.token(i) == STOP) {
            return;
          }
          Wait wait = byToken.get(epoll.token(i));
          if (wait != null && take(wait)) {
            remove(wait.fd());
            wait.ready().complete(null);
          }
        }
      }
    } catch (LinuxException e) {
      LOG.error("Connections to servers of this host stand still", e);
    }
  }

  @Override
  public void close() {
    stop.signal();
  }
}
