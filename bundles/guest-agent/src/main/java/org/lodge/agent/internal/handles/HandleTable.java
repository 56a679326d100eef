package org.lodge.agent.internal.handles;

import java.util.BitSet;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.HandleShare;

/** The handles of one connection by their numbers. Thread-safe. */
final class HandleTable {
  private final int most;
  private final HandleShare share;
  private final Map<Integer, FarHandle> handles = new ConcurrentHashMap<>();
  private final BitSet numbers = new BitSet(Frame.HANDLES_MAX);
  private boolean ended;

  HandleTable(int most, HandleShare share) {
    this.most = most;
    this.share = share;
  }

  FarHandle find(int id) {
    return handles.get(id);
  }

  /** False where there are too many, or one of that number. */
  boolean add(FarHandle handle) {
    return handles.size() < most && handles.putIfAbsent(handle.id, handle) == null;
  }

  /** A new handle under a number of the host; null where there are too many. */
  <H extends FarHandle> H addOfHost(Handle.Kind kind, IntFunction<H> maker) {
    synchronized (numbers) {
      int number = numbers.nextClearBit(0);
      boolean full = number >= Frame.HANDLES_MAX || handles.size() >= most || ended;
      if (full || !share.take(kind)) {
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
      FarHandle gone = handles.remove(id);
      if (gone != null && gone.isOfHost()) {
        numbers.clear(id & ~Frame.OF_HOST);
        giveBack(gone);
      }
    }
  }

  boolean hasRunningPipe() {
    return handles.values().stream()
        .anyMatch(handle -> handle instanceof FarPipe pipe && pipe.isRunning());
  }

  void end() {
    synchronized (numbers) {
      handles.values().stream().filter(FarHandle::isOfHost).forEach(this::giveBack);
      ended = true;
    }
    handles.values().forEach(FarHandle::ended);
  }

  private void giveBack(FarHandle handle) {
    if (!ended) {
      share.give(handle.kind());
    }
  }
}
