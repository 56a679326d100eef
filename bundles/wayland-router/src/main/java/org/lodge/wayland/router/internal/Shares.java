package org.lodge.wayland.router.internal;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.HandleShare;

/**
 * What guests have at one display, whose agent has room for so much. Whoever has as much as is left
 * gets no more: so one guest alone can have half, and there is always something for the next one.
 * Thread-safe.
 */
final class Shares {
  /** All below what the agent has, which hears of an end later. */
  private static final int MOST_CONNECTIONS = 112;

  private static final int MOST_FILES = 8192;
  private static final int MOST_PIPES = 192;

  private final Pool connections = new Pool(MOST_CONNECTIONS);
  private final Pool files = new Pool(MOST_FILES);
  private final Pool pipes = new Pool(MOST_PIPES);
  private final Map<String, Share> guests = new ConcurrentHashMap<>();

  /** So many of something. */
  private static final class Pool {
    private int left;

    Pool(int most) {
      left = most;
    }

    /** One for who has so many; false where that would be more than its share. */
    synchronized boolean take(int[] had) {
      if (had[0] >= left) {
        return false;
      }
      left--;
      had[0]++;
      return true;
    }

    synchronized void give(int[] had) {
      left++;
      had[0]--;
    }
  }

  /** What one guest has, over all of its connections. */
  final class Share implements HandleShare {
    private final int[] ownConnections = {0};
    private final int[] ownFiles = {0};
    private final int[] ownPipes = {0};

    boolean takeConnection() {
      return connections.take(ownConnections);
    }

    void giveConnection() {
      connections.give(ownConnections);
    }

    @Override
    public boolean take(Handle.Kind kind) {
      return kind == Handle.Kind.PIPE ? pipes.take(ownPipes) : files.take(ownFiles);
    }

    @Override
    public void give(Handle.Kind kind) {
      if (kind == Handle.Kind.PIPE) {
        pipes.give(ownPipes);
      } else {
        files.give(ownFiles);
      }
    }
  }

  Share of(String guest) {
    return guests.computeIfAbsent(guest, name -> new Share());
  }
}
