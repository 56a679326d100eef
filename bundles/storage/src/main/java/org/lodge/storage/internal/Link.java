package org.lodge.storage.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.vsock.VsockStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to a process of the storage guest that serves a folder. Requests of many threads
 * go out one after the other; one thread takes the replies and checks that each is an answer to a
 * request that waits, before a byte of it reaches anybody. A guest that answers wrongly, or not in
 * time, loses the connection. What has no answer is held back, to go with the next request: it is
 * each packet that costs the guest most.
 */
final class Link {
  private static final Logger LOG = LoggerFactory.getLogger(Link.class);
  private static final int ERRNO_LIMIT = 512;
  private static final long WATCH_MILLIS = 500;
  private static final int HELD_BYTES = 4096;
  private static final long HELD_MILLIS = 20;

  final int epoch;
  final String bootId;
  private final VsockStream stream;
  private volatile long answerNanos;

  /** Null while nobody has asked. */
  private volatile Boolean lane;

  private volatile boolean readsClosedFiles = true;
  private volatile boolean listsClosed = true;

  private final ReentrantLock sending = new ReentrantLock();
  private final Condition told = sending.newCondition();

  /** Requests without answers that have not gone. Of whoever has {@link #sending}. */
  private final ByteBuffer held = ByteBuffer.allocateDirect(HELD_BYTES);

  private final Map<Long, Exchange> waiting = new HashMap<>();
  private long unique;
  private boolean ended;
  private String reason = "the connection was closed";

  /** A request's fate is not known, or it was never sent. */
  static final class LostException extends Exception {
    private static final long serialVersionUID = 1;

    final boolean sent;

    LostException(boolean sent) {
      super("the storage guest's connection is lost", null, false, false);
      this.sent = sent;
    }
  }

  /**
   * @param epoch counts connections of a share
   * @param bootId of the guest, new with each of its boots
   * @param answerNanos how long an answer may take
   */
  Link(int epoch, String bootId, VsockStream stream, long answerNanos) {
    this.epoch = epoch;
    this.bootId = bootId;
    this.stream = stream;
    this.answerNanos = answerNanos;
    Thread.ofVirtual().name("share-replies").start(this::takeReplies);
    Thread.ofVirtual().name("share-watch").start(this::watch);
    Thread.ofVirtual().name("share-held").start(this::sendHeldInTime);
  }

  boolean isOpen() {
    synchronized (waiting) {
      return !ended;
    }
  }

  /** Why it ended, for people. */
  String reason() {
    synchronized (waiting) {
      return reason;
    }
  }

  /** From now on, for what was asked already too. */
  void answerWithin(Duration limit) {
    answerNanos = limit.toNanos();
  }

  /** Sends a request and waits for its answer, which is in the exchange then. */
  void ask(Exchange exchange) throws LostException {
    synchronized (waiting) {
      if (ended) {
        throw new LostException(false);
      }
      exchange.begin(this, ++unique);
      waiting.put(exchange.unique(), exchange);
    }
    try {
      send(exchange);
    } catch (LostException e) {
      // An answer that came too early may be on its way into the asker's memory.
      exchange.await();
      throw e;
    }
    if (!exchange.await()) {
      throw new LostException(true);
    }
  }

  /** Whether the guest reads what is not open there; it is taken to, until it refuses. */
  boolean readsClosed(boolean directory) {
    return directory ? listsClosed : readsClosedFiles;
  }

  /**
   * Its agent is of an earlier Lodge and has refused, or its file system numbers a directory's
   * entries anew with each opening.
   */
  void refusesClosed(boolean directory) {
    if (directory) {
      listsClosed = false;
    } else {
      readsClosedFiles = false;
    }
  }

  /** Whether the guest has a lane; asks it the first time. */
  boolean hasLane(Exchange exchange) throws LostException {
    if (lane == null) {
      exchange.request(Op.LANE_PROBE, 0, 0, 0, 0, 0).put((byte) 0);
      ask(exchange);
      lane = exchange.error() == 0;
    }
    return lane;
  }

  /** Sends a small request that has no answer, before the next that has one and within 20 ms. */
  void tell(Exchange exchange) throws LostException {
    exchange.begin(this, 0);
    sending.lock();
    try {
      ByteBuffer request = exchange.head();
      if (request.remaining() > held.remaining()) {
        sendHeld();
      }
      if (held.position() == 0) {
        told.signal();
      }
      held.put(request);
    } catch (IOException e) {
      throw cut(e);
    } finally {
      sending.unlock();
    }
  }

  private void send(Exchange exchange) throws LostException {
    sending.lock();
    try {
      ByteBuffer request = exchange.head();
      if (held.position() > 0 && request.remaining() <= held.remaining()) {
        held.put(request);
      }
      sendHeld();
      if (request.hasRemaining()) {
        stream.write(request);
      }
      exchange.writeDataTo(stream);
    } catch (IOException e) {
      throw cut(e);
    } finally {
      sending.unlock();
    }
  }

  private void sendHeld() throws IOException {
    if (held.position() > 0) {
      stream.write(held.flip());
      held.clear();
    }
  }

  private LostException cut(IOException why) {
    end("it was cut: " + why.getMessage());
    return new LostException(true);
  }

  private void sendHeldInTime() {
    try {
      while (isOpen()) {
        if (awaitHeld()) {
          Thread.sleep(HELD_MILLIS);
          sendHeldNow();
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean awaitHeld() throws InterruptedException {
    sending.lock();
    try {
      return held.position() > 0 || told.await(WATCH_MILLIS, TimeUnit.MILLISECONDS);
    } finally {
      sending.unlock();
    }
  }

  private void sendHeldNow() {
    sending.lock();
    try {
      sendHeld();
    } catch (IOException e) {
      cut(e);
    } finally {
      sending.unlock();
    }
  }

  private void takeReplies() {
    ByteBuffer header = ByteBuffer.allocateDirect(16).order(ByteOrder.LITTLE_ENDIAN);
    try {
      while (true) {
        fill(header.clear());
        int untrustedLength = header.getInt(0);
        int untrustedError = header.getInt(4);
        Exchange exchange = claim(header.getLong(8));
        if (exchange == null) {
          end("an answer to nothing that was asked");
          return;
        }
        try {
          take(exchange, untrustedLength, untrustedError);
        } catch (IOException | RuntimeException e) {
          exchange.lose();
          throw e;
        }
      }
    } catch (IOException e) {
      end("it was cut: " + e.getMessage());
    } catch (RuntimeException e) {
      LOG.warn("A storage guest's answer", e);
      end("its answer could not be taken");
    }
  }

  private Exchange claim(long untrustedUnique) {
    synchronized (waiting) {
      return waiting.remove(untrustedUnique);
    }
  }

  private void take(Exchange exchange, int untrustedLength, int untrustedError) throws IOException {
    int body = untrustedLength - 16;
    boolean failed = untrustedError < 0;
    if (untrustedError > 0
        || untrustedError <= -ERRNO_LIMIT
        || body < 0
        || (failed ? body != 0 : body < exchange.leastBytes() || body > exchange.mostBytes())) {
      throw new IOException(
          "an answer of %d bytes with error %d to request %s"
              .formatted(untrustedLength, untrustedError, exchange));
    }
    for (int at = 0; at < body; ) {
      ByteBuffer into = exchange.room(at, body);
      int from = into.position();
      fill(into);
      at += into.position() - from;
    }
    exchange.complete(untrustedError, body);
  }

  private void fill(ByteBuffer into) throws IOException {
    while (into.hasRemaining()) {
      if (stream.read(into) < 0) {
        throw new IOException("the guest has closed it");
      }
    }
  }

  private void watch() {
    try {
      while (isOpen()) {
        Thread.sleep(WATCH_MILLIS);
        long now = System.nanoTime();
        boolean late;
        synchronized (waiting) {
          late =
              waiting.values().stream().anyMatch(each -> now - each.startedNanos() > answerNanos);
        }
        if (late) {
          end("no answer within %d s".formatted(answerNanos / 1_000_000_000));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void end(String why) {
    Map<Long, Exchange> lost;
    synchronized (waiting) {
      if (ended) {
        return;
      }
      ended = true;
      reason = why;
      lost = Map.copyOf(waiting);
      waiting.clear();
    }
    stream.reset();
    lost.values().forEach(Exchange::lose);
  }
}
