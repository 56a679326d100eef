package org.lodge.storage.internal;

import java.util.HashMap;
import java.util.Map;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Ledger;

/** What a client guest has open, by a number of ours; the ledger has it too. Thread-safe. */
final class RemoteHandles {
  private static final int MAX = 16_384;

  private final Ledger ledger;
  private final Map<Long, RemoteHandle> all = new HashMap<>();
  private long last;

  RemoteHandles(Ledger ledger) {
    this.ledger = ledger;
    ledger.forEachOpen(cell -> {
      long number = ledger.handle(cell);
      boolean directory = ledger.type(cell) == Attributes.DIRECTORY;
      int flags = ledger.openFlags(cell);
      all.put(number, new RemoteHandle(cell, number, ledger.parent(cell), flags, directory, 0, 0));
      last = Math.max(last, number);
    });
  }

  /**
   * @param remote what the guest calls it on the connection of that epoch; 0 where it is yet to be
   *     opened there
   * @return its number, 0 where there are too many
   */
  synchronized long add(long node, int flags, boolean directory, long remote, int epoch) {
    if (all.size() >= MAX) {
      return 0;
    }
    long number = ++last;
    int cell = ledger.addOpen(number, node, flags, directory);
    all.put(number, new RemoteHandle(cell, number, node, flags, directory, remote, epoch));
    return number;
  }

  /** Null where the number means none. */
  synchronized RemoteHandle get(long number, boolean directory) {
    RemoteHandle handle = all.get(number);
    return handle != null && handle.directory == directory ? handle : null;
  }

  synchronized void remove(long number) {
    RemoteHandle handle = all.remove(number);
    if (handle != null) {
      handle.release();
      if (handle.cell != Ledger.NONE) {
        ledger.remove(handle.cell);
      }
    }
  }

  /** Forgets all; true where there was any. The ledger is cleared by whoever has it. */
  synchronized boolean reset() {
    boolean any = !all.isEmpty();
    all.values().forEach(RemoteHandle::release);
    all.clear();
    return any;
  }

  /** The ledger keeps what is open, for whoever goes on with it. */
  synchronized void close() {
    all.values().forEach(RemoteHandle::release);
  }

  synchronized int count() {
    return all.size();
  }
}
