package org.lodge.vm.internal;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import org.lodge.vm.GuestListener;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells each listener of every change, in order, from a queue and thread of its own. */
final class Announcer {
  private static final Logger LOG = LoggerFactory.getLogger(Announcer.class);
  private static final int MAX_QUEUED = 1000;

  private record Change(GuestStatus status, GuestState before) {}

  private final World world;
  private final Map<GuestListener, Lane> lanes = new ConcurrentHashMap<>();

  Announcer(World world) {
    this.world = world;
  }

  void add(GuestListener listener) {
    lanes.put(listener, new Lane(listener));
  }

  void remove(GuestListener listener) {
    Lane lane = lanes.remove(listener);
    if (lane != null) {
      lane.close();
    }
  }

  void changed(GuestStatus status, GuestState before) {
    lanes.values().forEach(lane -> lane.offer(new Change(status, before)));
  }

  /** One listener's changes. It runs only while there is something to tell. */
  private final class Lane {
    private final GuestListener listener;
    private final Queue<Change> queue = new ArrayDeque<>();
    private boolean running;
    private boolean closed;

    Lane(GuestListener listener) {
      this.listener = listener;
    }

    synchronized void offer(Change change) {
      if (closed) {
        return;
      }
      if (queue.size() >= MAX_QUEUED) {
        LOG.warn("{} is too slow: the oldest change is dropped", listener.getClass().getName());
        queue.remove();
      }
      queue.add(change);
      if (!running) {
        running = true;
        world.execute(this::run);
      }
    }

    synchronized void close() {
      closed = true;
      queue.clear();
    }

    private synchronized Change next() {
      Change change = queue.poll();
      running = change != null;
      return change;
    }

    private void run() {
      for (Change change = next(); change != null; change = next()) {
        try {
          listener.guestChanged(change.status(), change.before());
        } catch (RuntimeException e) {
          LOG.error("{} failed on a change of {}", listener, change.status().name(), e);
        }
      }
    }
  }
}
