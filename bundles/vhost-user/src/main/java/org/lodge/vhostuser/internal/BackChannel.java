package org.lodge.vhostuser.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixStreamSocket;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Our requests to the front-end (vhost-user, "Back-end message types"). On a thread of its own,
 * because the front-end may ask something on the main connection, and wait, before it answers.
 */
final class BackChannel implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(BackChannel.class);
  private static final int CONFIG_CHANGED = 2;
  private static final int REPLY_LIMIT_MILLIS = 5000;

  private final UnixStreamSocket socket;
  private final boolean acknowledged;
  private final int limitMillis;
  private final Semaphore changes = new Semaphore(0);
  private volatile boolean closed;

  /**
   * @param acknowledged whether replies were negotiated
   */
  BackChannel(Fd socket, boolean acknowledged, String name) {
    this(socket, acknowledged, name, REPLY_LIMIT_MILLIS);
  }

  BackChannel(Fd socket, boolean acknowledged, String name, int limitMillis) {
    this.limitMillis = limitMillis;
    this.socket = UnixStreamSocket.adopt(socket);
    this.acknowledged = acknowledged;
    Thread.ofPlatform().daemon().name("lodge-back-channel-" + name).start(this::run);
  }

  /** Several before the first is sent are one. Never blocks. */
  void configurationChanged() {
    changes.release();
  }

  private void run() {
    try {
      while (!closed) {
        changes.acquire();
        changes.drainPermits();
        if (!closed) {
          send();
          if (acknowledged) {
            awaitReply();
          }
        }
      }
    } catch (LinuxException | IllegalStateException e) {
      if (!closed) {
        log.warn("The front-end can't be told of a change: {}", e.getMessage());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** A front-end that is slow to read is waited for: a request of 12 bytes goes whole or not. */
  private void send() throws LinuxException {
    boolean late = false;
    while (!closed) {
      try {
        socket.send(
            Message.request(CONFIG_CHANGED, acknowledged, new byte[0]), limitMillis, List.of());
        return;
      } catch (LinuxException e) {
        if (e.errno() != LinuxException.EAGAIN) {
          throw e;
        }
        late = tellLate(late);
      }
    }
  }

  /**
   * Waits for as long as it takes: a request sent meanwhile would take the late reply for its own,
   * and changes that come meanwhile are told by one request after it.
   */
  private void awaitReply() throws LinuxException {
    boolean late = false;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment reply = arena.allocate(Message.HEADER_BYTES + 8, 8);
      int done = 0;
      while (!closed && done < reply.byteSize()) {
        if (!socket.awaitReadable(limitMillis)) {
          late = tellLate(late);
          continue;
        }
        int count = socket.receive(reply.asSlice(done), Fd::close);
        if (count == UnixStreamSocket.END_OF_STREAM) {
          throw new LinuxException(
              "configuration change", LinuxException.EPIPE, "the front-end has closed");
        }
        done += Math.max(0, count);
      }
      if (!closed && reply.get(Message.LONG, Message.HEADER_BYTES) != 0) {
        log.warn("The front-end has refused the news of a changed configuration");
      }
    }
  }

  private boolean tellLate(boolean told) {
    if (!told && !closed) {
      log.warn("The front-end has not taken a changed configuration for {} ms", limitMillis);
    }
    return true;
  }

  @Override
  public void close() {
    closed = true;
    changes.release();
    socket.close();
  }
}
