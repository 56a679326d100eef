package org.lodge.device.fs.internal;

import java.util.ArrayDeque;

/**
 * Threads that execute requests beside the queues' own, started when first needed. Handing over
 * allocates nothing once warm. The threads are never interrupted.
 */
final class Workers implements AutoCloseable {
  private final String name;
  private final int threadsMax;
  private final Server server;
  private final ArrayDeque<FsRequest> waiting = new ArrayDeque<>(256);
  private int threads;
  private int idle;
  private boolean closed;

  Workers(String name, int threadsMax, Server server) {
    this.name = name;
    this.threadsMax = threadsMax;
    this.server = server;
  }

  synchronized void submit(FsRequest request) {
    waiting.addLast(request);
    if (idle < waiting.size() && threads < threadsMax) {
      Thread.ofPlatform().daemon().name(name + "-" + threads++).start(this::work);
    } else {
      notify();
    }
  }

  private void work() {
    Lane lane = new Lane();
    FsRequest request = next();
    while (request != null) {
      try {
        server.run(request, lane);
        request = next();
      } catch (InternalError e) {
        // Memory whose file was truncated may be reported late, after the request was answered.
        request = next();
      }
    }
  }

  private synchronized FsRequest next() {
    while (waiting.isEmpty()) {
      if (closed) {
        return null;
      }
      idle++;
      try {
        wait();
      } catch (InterruptedException e) {
        continue;
      } finally {
        idle--;
      }
    }
    return waiting.removeFirst();
  }

  @Override
  public synchronized void close() {
    closed = true;
    notifyAll();
  }
}
