package org.lodge.storage.internal;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileIdentity;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.LedgerIndex;
import org.lodge.filesystem.Name;

/**
 * The files that a client guest knows, by a number of ours that stays the same whatever the storage
 * guest calls them after its next start, or after ours. Thread-safe.
 */
final class RemoteNodes {
  private static final int ROOT = 0;
  private static final int BOOT = 8;

  private final Ledger ledger;
  private final LedgerIndex byRemote;
  private final LedgerIndex byName;
  private int epoch;

  /** Counts what is written, of all files; what a node holds is the count at its last. */
  private int writes;

  RemoteNodes(Ledger ledger) {
    this.ledger = ledger;
    byRemote = new LedgerIndex(ledger, 0);
    byName = new LedgerIndex(ledger, 1);
    Name name = new Name();
    MemorySegment bytes = java.lang.foreign.Arena.ofAuto().allocate(256);
    ledger.forEachNode(cell -> {
      ledger.setRemote(cell, 0, 0);
      name.of(bytes, 0, ledger.name(cell, bytes));
      byName.put(cell, hash(ledger.parent(cell), name));
    });
  }

  private static int hash(long parent, Name name) {
    long sum = parent;
    for (int i = 0; i < name.length(); i++) {
      sum = sum * 31 + name.at(i);
    }
    return LedgerIndex.mix(sum);
  }

  /** A connection is used, perhaps for the first time; an earlier one changes nothing any more. */
  synchronized void follow(Link link) {
    if (link.epoch <= epoch) {
      return;
    }
    long boot = boot(link);
    boolean bootedAgain = ledger.word(BOOT) != 0 && ledger.word(BOOT) != boot;
    epoch = link.epoch;
    byRemote.clear();
    if (bootedAgain) {
      ledger.forEachNode(cell -> {
        if (ledger.has(cell, Ledger.DIRTY)) {
          ledger.set(cell, Ledger.LOST, true);
          ledger.set(cell, Ledger.DIRTY, false);
        }
      });
    }
    ledger.setWord(BOOT, boot);
  }

  private static long boot(Link link) {
    return link.bootId.chars().asLongStream().reduce(1, (sum, each) -> sum * 31 + each);
  }

  /**
   * What the guest calls the node on this connection, 0 where it must be looked up, negative where
   * there is no such node.
   */
  synchronized long remote(long id, Link link) {
    if (id == FileSystem.ROOT) {
      return FileSystem.ROOT;
    }
    int cell = ledger.node(id);
    if (cell == Ledger.NONE) {
      return -1;
    }
    return ledger.epoch(cell) == link.epoch ? ledger.remote(cell) : 0;
  }

  /** The directory where it was last found; 0 for none. */
  synchronized long parent(long id) {
    int cell = ledger.node(id);
    return cell == Ledger.NONE ? 0 : ledger.parent(cell);
  }

  /**
   * Copies its name there, with a NUL.
   *
   * @return its length, 0 for none
   */
  synchronized int name(long id, MemorySegment into) {
    int cell = ledger.node(id);
    return cell == Ledger.NONE ? 0 : ledger.name(cell, into);
  }

  synchronized boolean isFile(long id, int device, long inode, int type) {
    int cell = ledger.node(id);
    return cell != Ledger.NONE && isFile(cell, device, inode, type);
  }

  /** The ledger's own field for a device is that of the epoch here. */
  private boolean isFile(int cell, int device, long inode, int type) {
    return ledger.inode(cell) == inode && ledger.type(cell) == type && ledger.stamp(cell) == device;
  }

  /**
   * @param type as of {@link org.lodge.filesystem.Attributes}
   */
  synchronized boolean isOfType(long id, int type) {
    int cell = ledger.node(id);
    return cell != Ledger.NONE && ledger.type(cell) == type;
  }

  /** 0 where there is no such node. */
  synchronized long inode(long id) {
    int cell = ledger.node(id);
    return cell == Ledger.NONE ? 0 : ledger.inode(cell);
  }

  /** Which file a node is; false where there is none. */
  synchronized boolean identify(long id, FileIdentity into) {
    int cell = ledger.node(id);
    if (cell != Ledger.NONE) {
      into.device = ledger.stamp(cell);
      into.inode = ledger.inode(cell);
    }
    return cell != Ledger.NONE;
  }

  /**
   * A lookup's answer; the node is in use once more.
   *
   * @return its number; EIO, negated, where the answer contradicts earlier ones, ENFILE where there
   *     are too many nodes
   */
  synchronized long found(
      Link link, long parent, Name name, long remote, int device, long inode, int type) {
    if (remote == FileSystem.ROOT) {
      return -Errno.EIO;
    }
    int cell = link.epoch == epoch ? byRemote.first(LedgerIndex.mix(remote)) : Ledger.NONE;
    while (cell != Ledger.NONE && ledger.remote(cell) != remote) {
      cell = byRemote.next(cell);
    }
    if (cell == Ledger.NONE) {
      cell = known(link, parent, name, device, inode, type);
      if (cell != Ledger.NONE) {
        bind(link, cell, remote);
      }
    }
    if (cell == Ledger.NONE) {
      cell = ledger.addNode(parent, name, inode, 0, type, device);
      if (cell == Ledger.NONE) {
        return -Errno.ENFILE;
      }
      byName.put(cell, hash(parent, name));
      bind(link, cell, remote);
    } else if (isFile(cell, device, inode, type)) {
      ledger.setUses(cell, ledger.uses(cell) + 1);
      place(cell, parent, name);
    } else {
      return -Errno.EIO;
    }
    use(link, cell);
    return ledger.number(cell);
  }

  /** A node that was not used since the connection is another, and is found where it was. */
  private int known(Link link, long parent, Name name, int device, long inode, int type) {
    int cell = byName.first(hash(parent, name));
    while (cell != Ledger.NONE) {
      boolean unbound = ledger.epoch(cell) != link.epoch && cell != ROOT;
      if (unbound && isFile(cell, device, inode, type) && ledger.isAt(cell, parent, name)) {
        return cell;
      }
      cell = byName.next(cell);
    }
    return Ledger.NONE;
  }

  private void place(int cell, long parent, Name name) {
    if (!ledger.isAt(cell, parent, name)) {
      byName.remove(cell);
      ledger.move(cell, parent, name);
      byName.put(cell, hash(parent, name));
    }
  }

  private void bind(Link link, int cell, long remote) {
    if (link.epoch == epoch) {
      if (ledger.epoch(cell) == epoch) {
        byRemote.remove(cell);
      }
      ledger.setRemote(cell, remote, link.epoch);
      byRemote.put(cell, LedgerIndex.mix(remote));
    }
  }

  /** Found again on a new connection. */
  synchronized void rebind(Link link, long id, long remote) {
    int cell = ledger.node(id);
    if (cell == Ledger.NONE) {
      return;
    }
    if (ledger.epoch(cell) != link.epoch) {
      bind(link, cell, remote);
    }
    use(link, cell);
  }

  /** What an earlier connection has found counts for nothing on the present one. */
  private void use(Link link, int cell) {
    if (ledger.epoch(cell) == link.epoch) {
      ledger.setRemoteUses(cell, ledger.remoteUses(cell) + 1);
    }
  }

  /**
   * Whose names have changed by a rename.
   *
   * @param exchanged whether what had the new name has the old one now
   */
  synchronized void moved(long from, Name name, long to, Name toName, boolean exchanged) {
    int cell = at(from, name);
    int other = exchanged ? at(to, toName) : Ledger.NONE;
    if (cell != Ledger.NONE) {
      place(cell, to, toName);
    }
    if (other != Ledger.NONE) {
      place(other, from, name);
    }
  }

  private int at(long parent, Name name) {
    int cell = byName.first(hash(parent, name));
    while (cell == ROOT || cell != Ledger.NONE && !ledger.isAt(cell, parent, name)) {
      cell = byName.next(cell);
    }
    return cell;
  }

  /**
   * Takes back uses.
   *
   * @return how often the guest must be told to forget it on this connection; 0 where not at all
   */
  synchronized long forget(long id, long uses, Link link) {
    int cell = ledger.node(id);
    if (cell == Ledger.NONE || cell == ROOT) {
      return 0;
    }
    long had = ledger.uses(cell);
    if (Long.compareUnsigned(uses, had) < 0) {
      ledger.setUses(cell, had - uses);
      return 0;
    }
    boolean bound = link != null && ledger.epoch(cell) == link.epoch;
    long told = bound ? ledger.remoteUses(cell) : 0;
    if (ledger.epoch(cell) == epoch) {
      byRemote.remove(cell);
    }
    byName.remove(cell);
    ledger.remove(cell);
    return told;
  }

  /** Forgets all but the root; true where there was anything else. */
  synchronized boolean reset() {
    boolean any = ledger.nodes() > 1;
    ledger.clear();
    byRemote.clear();
    byName.clear();
    return any;
  }

  /** A connection has answered that it has written, perhaps to a guest that is gone since. */
  synchronized void written(Link link, long id) {
    int cell = ledger.node(id);
    if (cell != Ledger.NONE) {
      boolean gone = link.epoch != epoch && boot(link) != ledger.word(BOOT);
      ledger.set(cell, gone ? Ledger.LOST : Ledger.DIRTY, true);
      ledger.setHeld(cell, ++writes);
    }
  }

  /** To be asked for before a sync is: that confirms nothing that is written later. */
  synchronized int writes() {
    return writes;
  }

  /**
   * What was written is durable.
   *
   * @param before the count of {@link #writes} by then
   */
  synchronized void synced(long id, int before) {
    int cell = ledger.node(id);
    if (cell != Ledger.NONE) {
      synced(cell, before);
    }
  }

  /** As {@link #synced}, of all files. */
  synchronized void syncedAll(int before) {
    ledger.forEachNode(cell -> synced(cell, before));
  }

  private void synced(int cell, int before) {
    if (ledger.held(cell) - before <= 0) {
      ledger.set(cell, Ledger.DIRTY, false);
    }
  }

  /** Whether writes may be lost of which nobody was told yet; tells it once. */
  synchronized boolean takeLost(long id) {
    int cell = ledger.node(id);
    return cell != Ledger.NONE && takeLost(cell);
  }

  private boolean takeLost(int cell) {
    boolean lost = ledger.has(cell, Ledger.LOST);
    ledger.set(cell, Ledger.LOST, false);
    return lost;
  }

  /** As {@link #takeLost}, of any file. */
  synchronized boolean takeAnyLost() {
    AtomicBoolean any = new AtomicBoolean();
    ledger.forEachNode(cell -> any.set(takeLost(cell) || any.get()));
    return any.get();
  }

  synchronized int count() {
    return ledger.nodes();
  }
}
