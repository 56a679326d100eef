package org.lodge.device.input.internal;

import java.util.BitSet;
import java.util.Optional;
import org.lodge.linux.EventFd;
import org.lodge.linux.LinuxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives what happens on a device of the host's to the guest, frame by frame, on a thread of its own
 * while the guest has a driver. What the guest could not be told (before it had one, or because the
 * kernel has dropped events) is made up for by the difference in keys and axes. When the device has
 * gone, all keys are let go.
 */
final class HostInput implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HostInput.class);
  private static final int FRAME_MAX = 64;
  private static final int SYN_REPORT = 0;
  private static final int SYN_DROPPED = 3;
  private static final int REPEATED = 2;

  /** The device. */
  interface Source extends AutoCloseable {
    void grab(boolean alone) throws LinuxException;

    boolean await(EventFd stop) throws LinuxException;

    int read(long[] into) throws LinuxException;

    BitSet keysDown() throws LinuxException;

    int axis(int code) throws LinuxException;

    void light(int code, boolean on) throws LinuxException;

    @Override
    void close();
  }

  private final Source source;
  private final boolean alone;
  private final InputModel model;
  private final EventQueue events;
  private final long[] batch = new long[FRAME_MAX];
  private final long[] frame = new long[FRAME_MAX];
  private int frameCount;
  private boolean incomplete;
  private EventFd stop;
  private Thread thread;
  private volatile String trouble;

  /**
   * Takes over the source.
   *
   * @param alone whether the host does not get the events too
   */
  HostInput(Source source, boolean alone, InputModel model, EventQueue events) {
    this.source = source;
    this.alone = alone;
    this.model = model;
    this.events = events;
  }

  /**
   * The guest listens from now on.
   *
   * @param news called after events were added, on another thread
   */
  synchronized void begin(Runnable news) {
    end();
    try {
      stop = EventFd.create();
    } catch (LinuxException e) {
      fail(e);
      return;
    }
    EventFd until = stop;
    thread = Thread.ofPlatform().daemon().name("lodge-input").start(() -> run(until, news));
  }

  /**
   * The guest listens no more, or another takes this one's place: the host has its device again.
   */
  synchronized void end() {
    if (thread == null) {
      return;
    }
    stop.signal();
    boolean interrupted = false;
    while (thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    stop.close();
    thread = null;
  }

  private void run(EventFd until, Runnable news) {
    try {
      if (alone) {
        source.grab(true);
      }
      try {
        trouble = null;
        incomplete = false;
        frameCount = 0;
        catchUp();
        news.run();
        while (source.await(until)) {
          take(source.read(batch));
          news.run();
        }
      } finally {
        if (alone) {
          source.grab(false);
        }
      }
    } catch (LinuxException e) {
      fail(e);
      events.become(new BitSet(), new int[0]);
      news.run();
    }
  }

  private void fail(LinuxException e) {
    trouble = "the host's device gives no events any more: " + e.getMessage();
    log.warn("{}", trouble);
  }

  private void take(int count) throws LinuxException {
    for (int i = 0; i < count; i++) {
      long event = batch[i];
      if (Event.type(event) == Event.SYN) {
        synchronize(Event.code(event));
      } else if (!incomplete && isForGuest(event)) {
        if (frameCount == FRAME_MAX) {
          incomplete = true;
        } else {
          frame[frameCount++] = event;
        }
      }
    }
  }

  private void synchronize(int code) throws LinuxException {
    if (code == SYN_DROPPED) {
      incomplete = true;
    } else if (code == SYN_REPORT) {
      if (incomplete) {
        incomplete = false;
        catchUp();
      } else if (frameCount > 0) {
        events.add(frame, frameCount);
      }
      frameCount = 0;
    }
  }

  /** The guest repeats keys by itself. */
  private boolean isForGuest(long event) {
    return model.has(Event.type(event), Event.code(event))
        && !(Event.type(event) == Event.KEY && Event.value(event) == REPEATED);
  }

  private void catchUp() throws LinuxException {
    BitSet down = source.keysDown();
    down.and(model.codes().getOrDefault(Event.KEY, new BitSet()));
    int[] axes = new int[EventQueue.AXES];
    for (int code : model.axes().keySet()) {
      axes[code] = source.axis(code);
    }
    events.become(down, axes);
  }

  /** The guest has switched a light. */
  void light(int code, boolean on) {
    try {
      source.light(code, on);
    } catch (LinuxException e) {
      log.debug("A light could not be switched: {}", e.getMessage());
    }
  }

  Optional<String> trouble() {
    return Optional.ofNullable(trouble);
  }

  @Override
  public void close() {
    end();
    source.close();
  }
}
