package org.lodge.nbd.internal;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.lodge.blocks.BlockIo;
import org.lodge.blocks.BlockLimits;
import org.lodge.blocks.BlockRequest;
import org.lodge.blocks.BlockSource.Count;
import org.lodge.connect.ByteStream;
import org.lodge.nbd.internal.Presence.Stage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One disk of an NBD server, over a connection that is made again whenever it is lost.
 *
 * <p>What comes while it is not open ({@link Presence}) waits, and fails once the disk has been
 * away for too long. What was on the wire is repeated: reads and flushes as they were, and writes
 * from the {@link WriteLog}, before anything else goes out, so that no read sees an older state
 * than one before.
 *
 * <p>One thread sends; for each connection one takes the replies. They and those who ask meet at
 * the lock, which is held while a write's data is copied into the log and never while anybody
 * waits. Who asked is told without it.
 */
final class NbdDisk {
  private static final Logger LOG = LoggerFactory.getLogger(NbdDisk.class);
  private static final int TRANSFER_MOST = 1 << 20;
  private static final long WATCH_MILLIS = 250;
  private static final Duration ANSWER = Duration.ofSeconds(120);
  private static final Duration LAST_FLUSH = Duration.ofSeconds(5);
  private static final Duration LOOK = Duration.ofMillis(10);

  private final BlockRequest request;
  private final String place;
  private final List<Runnable> resizeListeners = new CopyOnWriteArrayList<>();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition sendable = lock.newCondition();
  private final Traffic traffic;
  private final Presence presence;
  private ByteStream connection;
  private volatile BlockLimits limits;
  private boolean senderSleeps;
  private long connects;

  NbdDisk(BlockRequest request, String place) {
    this.request = request;
    this.place = place;
    traffic = new Traffic(request.unflushedBytes());
    String trouble =
        request.isFromHost()
            ? "it was not asked yet"
            : "that guest is not up; start it: lodge start " + request.from();
    presence = new Presence(lock, request.patience(), trouble);
    Thread.ofPlatform().daemon().name("nbd-send-" + request.guest()).start(this::send);
    Thread.ofVirtual().name("nbd-watch-" + request.guest()).start(this::watch);
  }

  Presence presence() {
    return presence;
  }

  /** Null until the first connection, or {@link #suppose}. */
  BlockLimits limits() {
    return limits;
  }

  /** What an earlier Lodge has learnt of the disk, until it is there again. */
  void suppose(BlockLimits known) {
    lock.lock();
    try {
      if (limits == null) {
        limits = known;
      }
    } finally {
      lock.unlock();
    }
  }

  void submit(BlockIo io) {
    boolean taken;
    lock.lock();
    try {
      taken = presence.isHopeful() && (Traffic.isReading(io) || !limits.readOnly());
      if (taken) {
        traffic.add(io);
        wakeSender();
      }
    } finally {
      lock.unlock();
    }
    if (!taken) {
      fail(io);
    }
  }

  private static void fail(BlockIo io) {
    BlockIo.Batch batch = io.batch();
    io.done(Nbd.EIO);
    batch.show();
  }

  private void wakeSender() {
    if (senderSleeps && presence.stage() != Stage.AWAY) {
      senderSleeps = false;
      sendable.signal();
    }
  }

  private void send() {
    Frame frame = new Frame();
    ByteStream to = gather(frame);
    while (to != null) {
      try {
        frame.send(to);
      } catch (IOException e) {
        // Who takes the replies sees the end of the connection and says why.
        to.reset();
      }
      frame.tellFailed();
      to = gather(frame);
    }
  }

  /** Waits for something to send; null where it is over. */
  private ByteStream gather(Frame frame) {
    lock.lock();
    try {
      while (presence.stage() != Stage.CLOSED) {
        frame.clear();
        if (presence.stage() == Stage.REPEATING && traffic.repeat(frame)) {
          presence.become(Stage.OPEN, "");
          LOG.info("The disk {} is there", place);
        }
        if (presence.stage() == Stage.OPEN) {
          traffic.fill(frame, !limits.readOnly());
        }
        if (!frame.isEmpty()) {
          return connection;
        }
        senderSleeps = true;
        sendable.awaitUninterruptibly();
      }
      return null;
    } finally {
      lock.unlock();
    }
  }

  /**
   * A connection was made; its replies are taken until it ends.
   *
   * @throws IOException where this can't be the same disk
   */
  void connected(ByteStream stream, Export export) throws IOException {
    boolean resized;
    lock.lock();
    try {
      if (presence.stage() != Stage.AWAY) {
        throw new IOException("it is not wanted any more");
      }
      resized = learn(export);
      connection = stream;
      presence.become(Stage.REPEATING, "");
      traffic.beginRepeating();
      connects++;
      wakeSender();
    } finally {
      lock.unlock();
    }
    Receiver receiver = new Receiver(this, stream, export.structured());
    Thread.ofPlatform().daemon().name("nbd-take-" + request.guest()).start(receiver::run);
    if (resized) {
      resizeListeners.forEach(Runnable::run);
    }
  }

  /** The server was asked again what its disk is like. */
  void grown(Export export) throws IOException {
    boolean resized;
    lock.lock();
    try {
      resized = learn(export);
    } finally {
      lock.unlock();
    }
    if (resized) {
      resizeListeners.forEach(Runnable::run);
    }
  }

  /** What the device was told can't change under it; the size may grow. */
  private boolean learn(Export export) throws IOException {
    int transfer = Math.min(TRANSFER_MOST, request.unflushedBytes() / 4);
    BlockLimits now = export.limits(request.readOnly(), transfer);
    BlockLimits before = limits;
    if (!now.readOnly() && !now.flushes()) {
      throw new IOException(
          "the server can't flush, so nothing written would be safe; say readOnly=true");
    }
    if (now.readOnly() && !request.readOnly()) {
      throw new IOException("the server gives it read-only; say readOnly=true");
    }
    if (before != null && !now.withSize(0).equals(before.withSize(0))) {
      throw new IOException("the server offers it in another way than before: " + now);
    }
    if (before != null && now.sizeBytes() < before.sizeBytes()) {
      throw new IOException(
          "it has %d bytes now and had %d, so it is not the same disk"
              .formatted(now.sizeBytes(), before.sizeBytes()));
    }
    limits = now;
    return before != null && now.sizeBytes() != before.sizeBytes();
  }

  Slot find(long untrustedCookie) {
    lock.lock();
    try {
      return traffic.find(untrustedCookie);
    } finally {
      lock.unlock();
    }
  }

  /** Tells who asked; gives the batch that is to be shown soon, or null. */
  BlockIo.Batch answered(Slot slot, int errno) {
    BlockIo io;
    int result;
    lock.lock();
    try {
      io = traffic.answered(slot, errno);
      result = traffic.result();
      wakeSender();
    } finally {
      lock.unlock();
    }
    if (io == null) {
      return null;
    }
    BlockIo.Batch batch = io.batch();
    io.done(result);
    return batch;
  }

  void lost(ByteStream stream, String why) {
    lock.lock();
    try {
      if (connection != stream || presence.stage() == Stage.CLOSED) {
        return;
      }
      LOG.warn("The disk {} is away: {}; waiting for it", place, why);
      connection = null;
      traffic.lost();
      presence.become(Stage.AWAY, why);
    } finally {
      lock.unlock();
    }
  }

  private void watch() {
    try {
      boolean on = true;
      while (on) {
        Thread.sleep(WATCH_MILLIS);
        on = look();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean look() {
    List<BlockIo> over = List.of();
    lock.lock();
    try {
      if (connection != null && traffic.anyOlderThan(ANSWER.toNanos(), System.nanoTime())) {
        connection.reset();
      }
      if (presence.expires()) {
        over = traffic.takeWaiting(io -> true, true);
        LOG.error(
            "The disk {} has been away for too long: {}; requests fail until it is back",
            place,
            presence.reason());
      }
    } finally {
      lock.unlock();
    }
    over.forEach(NbdDisk::fail);
    return presence.stage() != Stage.CLOSED;
  }

  void withdraw(Predicate<BlockIo> which) {
    List<BlockIo> taken;
    lock.lock();
    try {
      taken = presence.stage().isAway() ? traffic.takeWaiting(which, false) : List.of();
    } finally {
      lock.unlock();
    }
    taken.forEach(BlockIo::withdrawn);
  }

  void onResize(Runnable action) {
    resizeListeners.add(action);
  }

  void noMoreResize(Runnable action) {
    resizeListeners.remove(action);
  }

  String place() {
    return place;
  }

  List<Count> counts() {
    lock.lock();
    try {
      return List.of(
          new Count("source.connects", "connections", connects),
          new Count("source.repeated", "writes", traffic.repeated()),
          new Count("source.unconfirmed", "writes", traffic.unconfirmed()));
    } finally {
      lock.unlock();
    }
  }

  /** No request is out. What is not confirmed yet is flushed, where that is soon done. */
  void close() {
    Thread.ofVirtual().name("nbd-close-" + request.guest()).start(this::closeAfterFlush);
  }

  private void closeAfterFlush() {
    lock.lock();
    try {
      long left = LAST_FLUSH.toNanos();
      if (traffic.unconfirmed() > 0) {
        traffic.wantFlush();
        wakeSender();
      }
      while (presence.stage() == Stage.OPEN && traffic.unconfirmed() > 0 && left > 0) {
        left -= LOOK.toNanos();
        presence.pause(LOOK);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      presence.become(Stage.CLOSED, "closed");
      sendable.signal();
      if (connection != null) {
        connection.close();
      }
      lock.unlock();
    }
  }
}
