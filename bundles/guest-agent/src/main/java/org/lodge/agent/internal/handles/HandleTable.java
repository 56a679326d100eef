package org.lodge.agent.internal.handles;

import java.util.BitSet;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;

/** The handles of one connection by their numbers. Thread-safe. */
final class HandleTable {
  private final int most;
  private final Map<Integer, FarHandle> handles = new ConcurrentHashMap<>();
  private final BitSet numbers = new BitSet(Frame.HANDLES_MAX);
  private boolean ended;

  HandleTable(int most) {
    this.most = most;
  }

  FarHandle find(int id) {
    return handles.get(id);
  }

  /** False where there are too many, or one of that number. */
  boolean add(FarHandle handle) {
    return handles.size() < most && handles.putIfAbsent(handle.id, handle) == null;
  }

  /** A new handle under a number of the host; null where there are too many. */
  <H extends FarHandle> H addOfHost(IntFunction<H> maker) {
    synchronized (numbers) {
      int number = numbers.nextClearBit(0);
      if (number >= Frame.HANDLES_MAX || handles.size() >= most || ended) {
        return null;
      }
      numbers.set(number);
      H handle = maker.apply(Frame.OF_HOST | number);
      handles.put(handle.id, handle);
      return handle;
    }
  }

  /** Nobody speaks of it any more: its number may be used again. */
  void forget(int id) {
    synchronized (numbers) {
      if (handles.remove(id) != null && id < 0) {
        numbers.clear(id & ~Frame.OF_HOST);
      }
    }
  }

  boolean hasRunningPipe() {
    return handles.values().stream()
        .anyMatch(handle -> handle instanceof FarPipe pipe && pipe.isRunning());
  }

  void end() {
    synchronized (numbers) {
      ended = true;
    }
    handles.values().forEach(FarHandle::ended);
  }
}
