package org.lodge.connect.internal;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.lodge.connect.ByteStream;
import org.lodge.connect.ConnectException.Reason;
import org.lodge.connect.Connection;
import org.lodge.connect.ConnectionEvent;
import org.lodge.policy.Request;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection. Whatever it holds, be it a stream, a token or a place in a limit, is held by
 * {@link #onEnd}: it is let go exactly once, however and whenever the connection ends.
 */
final class Link implements Connection {
  private static final Logger LOG = LoggerFactory.getLogger(Link.class);

  private final long id;
  private final Request request;
  private final Instant since = Instant.now();
  private final CompletableFuture<Void> ended = new CompletableFuture<>();
  private final AtomicLong forwardBytes = new AtomicLong();
  private final AtomicLong backwardBytes = new AtomicLong();
  private final List<Consumer<Ending>> onEnd = new ArrayList<>();
  private final Queue<Runnable> toTell = new ConcurrentLinkedQueue<>();
  private final AtomicInteger telling = new AtomicInteger();
  private volatile LongSupplier joinForward = () -> 0;
  private volatile LongSupplier joinBackward = () -> 0;
  private volatile String target;
  private volatile Stage stage = Stage.DECIDING;

  /** Set when the stage becomes ENDED, under the lock. */
  private Ending ending;

  Link(long id, Request request) {
    this.id = id;
    this.request = request;
    this.target = request.target();
  }

  /**
   * Goes on to the next stage and tells of it.
   *
   * @param tell runs without a lock, after whatever was to be told before
   * @return false where it has ended
   */
  boolean advance(Stage next, Runnable tell) {
    synchronized (this) {
      if (stage == Stage.ENDED) {
        return false;
      }
      stage = next;
      toTell.add(tell);
    }
    tellInOrder();
    return true;
  }

  boolean advance(Stage next) {
    return advance(next, () -> {});
  }

  /** Runs this when the connection ends; at once where it has. */
  void onEnd(Consumer<Ending> action) {
    Ending now;
    synchronized (this) {
      if (stage != Stage.ENDED) {
        onEnd.add(action);
        return;
      }
      now = ending;
    }
    action.accept(now);
  }

  /** The stream ends with the connection. */
  void hold(ByteStream stream) {
    onEnd(how -> {
      if (how.orderly()) {
        stream.close();
      } else {
        stream.reset();
      }
    });
  }

  void end(Ending how) {
    synchronized (this) {
      if (stage == Stage.ENDED) {
        return;
      }
      stage = Stage.ENDED;
      ending = how;
      List<Consumer<Ending>> actions = List.copyOf(onEnd);
      onEnd.clear();
      actions.forEach(action -> toTell.add(() -> action.accept(how)));
      toTell.add(() -> ended.complete(null));
    }
    tellInOrder();
  }

  /** One thread at a time tells; whoever comes meanwhile leaves its part to that one. */
  private void tellInOrder() {
    if (telling.getAndIncrement() != 0) {
      return;
    }
    do {
      for (Runnable next = toTell.poll(); next != null; next = toTell.poll()) {
        try {
          next.run();
        } catch (RuntimeException e) {
          LOG.error("Connection {}: something it held or told failed", id, e);
        }
      }
    } while (telling.decrementAndGet() != 0);
  }

  /** A fault of ours or of a transport costs this connection, and leaves nobody waiting. */
  void guarded(Runnable step) {
    try {
      step.run();
    } catch (RuntimeException e) {
      LOG.error("Connection {} failed", id, e);
      end(Ending.failed(Reason.ENDED, "a fault in Lodge: " + e));
    }
  }

  void decidedOn(String name) {
    target = name;
  }

  void countForward(long bytes) {
    forwardBytes.addAndGet(bytes);
  }

  void countBackward(long bytes) {
    backwardBytes.addAndGet(bytes);
  }

  void countBy(LongSupplier forward, LongSupplier backward) {
    joinForward = forward;
    joinBackward = backward;
  }

  ConnectionEvent event(ConnectionEvent.Kind kind, String why) {
    return new ConnectionEvent(kind, id, request, target, why);
  }

  boolean concerns(String guest) {
    return request.source().equals(guest) || target.equals(guest);
  }

  @Override
  public long id() {
    return id;
  }

  @Override
  public Request request() {
    return request;
  }

  @Override
  public String target() {
    return target;
  }

  @Override
  public Stage stage() {
    return stage;
  }

  @Override
  public Instant since() {
    return since;
  }

  @Override
  public long forwardBytes() {
    return forwardBytes.get() + joinForward.getAsLong();
  }

  @Override
  public long backwardBytes() {
    return backwardBytes.get() + joinBackward.getAsLong();
  }

  @Override
  public CompletionStage<Void> ended() {
    return ended.minimalCompletionStage();
  }

  @Override
  public synchronized boolean isBroken() {
    return ending != null && !ending.orderly();
  }

  @Override
  public void reset(String why) {
    end(Ending.failed(Reason.ENDED, why));
  }
}
