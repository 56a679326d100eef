package org.lodge.device.blk.internal;

/**
 * Threads that execute requests beside the queues' own, started when first needed. Handing over
 * allocates nothing. The threads are never interrupted.
 */
final class Workers implements AutoCloseable {
  private final String name;
  private final int threadsMax;
  private final Executor executor;
  private BlkRequest[] waiting = new BlkRequest[256];
  private int first;
  private int count;
  private int threads;
  private int idle;
  private boolean closed;

  Workers(String name, int threadsMax, Executor executor) {
    this.name = name;
    this.threadsMax = threadsMax;
    this.executor = executor;
  }

  synchronized void submit(BlkRequest request) {
    if (count == waiting.length) {
      grow();
    }
    waiting[(first + count) % waiting.length] = request;
    count++;
    if (idle >= count) {
      notify();
    } else if (threads < threadsMax) {
      Thread.ofPlatform().daemon().name(name + "-" + threads++).start(this::work);
    } else {
      notify();
    }
  }

  private void grow() {
    BlkRequest[] longer = new BlkRequest[2 * count];
    for (int i = 0; i < count; i++) {
      longer[i] = waiting[(first + i) % count];
    }
    waiting = longer;
    first = 0;
  }

  private void work() {
    Lane lane = new Lane();
    BlkRequest request = next();
    while (request != null) {
      try {
        executor.run(request, lane);
        request = next();
      } catch (InternalError e) {
        // Memory whose file was truncated may be reported late, after the request was answered.
        request = next();
      }
    }
  }

  private synchronized BlkRequest next() {
    while (count == 0) {
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
    BlkRequest request = waiting[first];
    first = (first + 1) % waiting.length;
    count--;
    return request;
  }

  @Override
  public synchronized void close() {
    closed = true;
    notifyAll();
  }
}
