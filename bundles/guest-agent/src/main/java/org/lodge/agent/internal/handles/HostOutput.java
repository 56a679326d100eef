package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.linux.Epoll;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixStreamSocket;

/** Bytes and descriptors to a server of this host; what its socket does not take is queued. */
final class HostOutput {
  private static final int ROOM_BYTES = 65_536;

  /** What libwayland, which may be the reader, has room for in one message. */
  private static final int DESCRIPTORS_AT_ONCE = 28;

  /** As how much of the queue a descriptor counts: of this process there are few. */
  private static final int DESCRIPTOR_COST_BYTES = 2048;

  /** Bytes that wait, and the descriptors that go with the first of them. */
  private record Queued(ByteBuffer bytes, List<Fd> descriptors) {}

  private final HostLoop loop;
  private final UnixStreamSocket socket;

  /** The same socket, so that the loop waits for it to be readable and writable apart. */
  private final Fd writing;

  private final int queueBytesMax;
  private final Runnable onBroken;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final MemorySegment room = Arena.ofAuto().allocate(ROOM_BYTES);
  private final Deque<Queued> queue = new ArrayDeque<>();
  private List<Fd> passed = new ArrayList<>();
  private volatile int queuedBytes;
  private boolean ends;
  private boolean over;

  HostOutput(HostLoop loop, UnixStreamSocket socket, int queueBytesMax, Runnable onBroken)
      throws LinuxException {
    this.loop = loop;
    this.socket = socket;
    this.writing = socket.duplicate();
    this.queueBytesMax = queueBytesMax;
    this.onBroken = onBroken;
  }

  /** Takes over a descriptor that goes with the bytes that follow. */
  void pass(Fd descriptor) {
    lock.lock();
    try {
      if (over) {
        descriptor.close();
      } else {
        passed.add(descriptor);
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Sends all bytes, or queues them.
   *
   * @return false where the queue would exceed its limit
   */
  boolean send(ByteBuffer bytes) throws IOException {
    lock.lock();
    try {
      if (over || ends) {
        throw new IOException("nothing can be sent after the end");
      }
      while (bytes.hasRemaining()) {
        List<Fd> with = takePassed();
        boolean more = !passed.isEmpty();
        ByteBuffer part = bytes.slice(bytes.position(), more ? 1 : bytes.remaining());
        bytes.position(bytes.position() + part.remaining());
        if (queue.isEmpty()) {
          with = put(part, with);
        }
        if (part.hasRemaining() && !enqueue(part, with)) {
          return false;
        }
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  private List<Fd> takePassed() {
    if (passed.size() <= DESCRIPTORS_AT_ONCE) {
      List<Fd> all = passed;
      passed = all.isEmpty() ? all : new ArrayList<>();
      return all.isEmpty() ? List.of() : all;
    }
    List<Fd> first = new ArrayList<>(passed.subList(0, DESCRIPTORS_AT_ONCE));
    passed.subList(0, DESCRIPTORS_AT_ONCE).clear();
    return first;
  }

  /** Sends what the socket takes; the descriptors that have not gone are given back. */
  private List<Fd> put(ByteBuffer part, List<Fd> with) throws LinuxException {
    List<Fd> left = with;
    while (part.hasRemaining()) {
      int count = Math.min(ROOM_BYTES, part.remaining());
      room.asByteBuffer().put(part.slice(part.position(), count));
      int sent;
      try {
        sent = socket.sendNow(room.asSlice(0, count), left);
      } catch (LinuxException e) {
        left.forEach(Fd::close);
        throw e;
      }
      if (sent == UnixStreamSocket.NOTHING_YET) {
        return left;
      }
      part.position(part.position() + sent);
      left.forEach(Fd::close);
      left = List.of();
    }
    return left;
  }

  private boolean enqueue(ByteBuffer part, List<Fd> with) throws IOException {
    int cost = cost(part, with);
    if (queuedBytes + cost > queueBytesMax) {
      with.forEach(Fd::close);
      return false;
    }
    queuedBytes += cost;
    boolean first = queue.isEmpty();
    queue.add(
        new Queued(ByteBuffer.allocate(part.remaining()).put(part).flip(), List.copyOf(with)));
    if (first) {
      drainLater();
    }
    return true;
  }

  private static int cost(ByteBuffer bytes, List<Fd> descriptors) {
    return bytes.remaining() + descriptors.size() * DESCRIPTOR_COST_BYTES;
  }

  private void drainLater() throws IOException {
    loop.ready(writing, Epoll.WRITABLE).thenRun(this::drain);
  }

  private void drain() {
    lock.lock();
    try {
      while (!over && !queue.isEmpty()) {
        Queued next = queue.remove();
        int before = cost(next.bytes(), next.descriptors());
        List<Fd> left = put(next.bytes(), next.descriptors());
        queuedBytes -= before - cost(next.bytes(), left);
        if (next.bytes().hasRemaining()) {
          queue.addFirst(new Queued(next.bytes(), left));
          drainLater();
          break;
        }
      }
      if (ends && queue.isEmpty()) {
        socket.shutdownOutput();
      }
      changed.signalAll();
    } catch (IOException e) {
      Thread.startVirtualThread(onBroken);
    } finally {
      lock.unlock();
    }
  }

  int queuedBytes() {
    return queuedBytes;
  }

  void awaitQueuedBytes(int atMost) throws IOException, InterruptedException {
    if (queuedBytes <= atMost) {
      return;
    }
    lock.lock();
    try {
      while (queuedBytes > atMost) {
        if (over) {
          throw new IOException("the connection has ended");
        }
        changed.await();
      }
    } finally {
      lock.unlock();
    }
  }

  /** No more bytes follow what is queued. Idempotent. */
  void end() {
    lock.lock();
    try {
      if (!ends && !over) {
        ends = true;
        if (queue.isEmpty()) {
          socket.shutdownOutput();
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** Lets everything go; who waits is told. */
  void close() {
    lock.lock();
    try {
      over = true;
      passed.forEach(Fd::close);
      passed.clear();
      queue.forEach(queued -> queued.descriptors().forEach(Fd::close));
      queue.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    loop.close(writing);
  }
}
