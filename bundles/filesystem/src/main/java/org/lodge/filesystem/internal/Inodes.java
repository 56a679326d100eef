package org.lodge.filesystem.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileIdentity;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.LedgerIndex;
import org.lodge.filesystem.Name;
import org.lodge.linux.InodeFd;
import org.lodge.linux.TreeScratch;

/**
 * The nodes of one guest, by number and by what the host calls the file. At most so many hold a
 * descriptor as the budget says; beyond, those not in use are let go and found again by their file
 * handle, or by their names where that is of another mount. After a death of Lodge none does, and
 * each is found again by its names when the guest uses it, as far as it is the same file.
 * Thread-safe.
 */
final class Inodes implements AutoCloseable {
  private static final int HANDLE_BYTES_MAX = 128;
  private static final int DEPTH_MAX = 4096;
  private static final int ROOT = 0;

  private final int budget;
  private final Ledger ledger;
  private final LedgerIndex byFile;
  private final MemorySegment handle = Arena.ofAuto().allocate(8 + HANDLE_BYTES_MAX, 8);
  private final MemorySegment name = Arena.ofAuto().allocate(256);
  private Inode[] holders = new Inode[64];
  private int held;
  private int hand;
  private boolean handles = true;
  private boolean closed;

  /**
   * @param status of the root
   */
  Inodes(InodeFd root, TreeScratch status, int budget, Ledger ledger) {
    this.budget = budget;
    this.ledger = ledger;
    byFile = new LedgerIndex(ledger, 0);
    if (!isFile(ROOT, status)) {
      ledger.clear();
    }
    ledger.identify(ROOT, status.inode(), status.device(), stamp(status));
    hold(ROOT, root);
    ledger.forEachNode(cell -> byFile.put(cell, hash(ledger.device(cell), ledger.inode(cell))));
  }

  /** What tells a file from another that had its inode number before. */
  private static int stamp(TreeScratch status) {
    return Long.hashCode(status.birthSeconds() * 1_000_000_000 + status.birthNanos());
  }

  private static int hash(int device, long inode) {
    return LedgerIndex.mix(inode ^ (long) device << 40);
  }

  private boolean isFile(int cell, TreeScratch status) {
    return ledger.inode(cell) == status.inode()
        && ledger.device(cell) == status.device()
        && ledger.type(cell) == (status.mode() & Attributes.TYPE)
        && ledger.stamp(cell) == stamp(status);
  }

  /**
   * The inode of a node, kept from being let go until {@link #put}; null where there is none, or it
   * is not found again.
   */
  synchronized Inode take(TreeScratch scratch, long node) {
    int cell = closed ? Ledger.NONE : ledger.node(node);
    if (cell == Ledger.NONE) {
      return null;
    }
    Inode inode = holder(cell);
    if (inode == null) {
      inode = reopen(scratch, cell);
    }
    if (inode != null) {
      inode.pins++;
    }
    return inode;
  }

  private Inode holder(int cell) {
    int slot = ledger.held(cell) - 1;
    return slot < 0 ? null : holders[slot];
  }

  synchronized void put(Inode inode) {
    inode.pins--;
    if (inode.pins > 0) {
      return;
    }
    if (inode.orphaned) {
      inode.fd.close();
    } else if (!closed && ledger.uses(inode.cell) == 0) {
      remove(inode.cell);
    }
  }

  /**
   * The node of a file just found, in use once more. The descriptor belongs to this from now on.
   *
   * @param status of that descriptor
   * @return its number, 0 where the budget is used up
   */
  synchronized long found(InodeFd fd, TreeScratch status, long parent, Name name) {
    int cell = closed ? Ledger.NONE : known(status);
    if (cell != Ledger.NONE) {
      ledger.setUses(cell, ledger.uses(cell) + 1);
      if (cell != ROOT && !ledger.isAt(cell, parent, name)) {
        ledger.move(cell, parent, name);
      }
      if (ledger.held(cell) == 0 && held < budget) {
        hold(cell, fd);
      } else {
        fd.close();
      }
      return ledger.number(cell);
    }
    boolean room = !closed && (held < budget || release(status));
    if (room) {
      int type = status.mode() & Attributes.TYPE;
      cell = ledger.addNode(parent, name, status.inode(), status.device(), type, stamp(status));
    }
    if (cell == Ledger.NONE) {
      fd.close();
      return 0;
    }
    byFile.put(cell, hash(status.device(), status.inode()));
    hold(cell, fd);
    return ledger.number(cell);
  }

  private int known(TreeScratch status) {
    int cell = byFile.first(hash(status.device(), status.inode()));
    while (cell != Ledger.NONE && !isFile(cell, status)) {
      cell = byFile.next(cell);
    }
    return cell;
  }

  /** A file has another name now: one that was just renamed. */
  synchronized void moved(TreeScratch status, long parent, Name name) {
    int cell = closed ? Ledger.NONE : known(status);
    if (cell != Ledger.NONE && cell != ROOT) {
      ledger.move(cell, parent, name);
    }
  }

  private Inode hold(int cell, InodeFd fd) {
    if (held == holders.length) {
      holders = Arrays.copyOf(holders, 2 * held);
    }
    Inode inode = new Inode(cell, ledger.number(cell), ledger.type(cell), fd);
    holders[held++] = inode;
    ledger.setHeld(cell, held);
    return inode;
  }

  /** The last one takes its place. */
  private void unhold(Inode inode) {
    int slot = ledger.held(inode.cell) - 1;
    ledger.setHeld(inode.cell, 0);
    Inode last = holders[--held];
    holders[held] = null;
    if (last != inode) {
      holders[slot] = last;
      ledger.setHeld(last.cell, slot + 1);
    }
    if (inode.pins == 0) {
      inode.fd.close();
    } else {
      inode.orphaned = true;
    }
  }

  synchronized void forget(long node, long uses) {
    int cell = closed ? Ledger.NONE : ledger.node(node);
    // The root is not the guest's to forget.
    if (cell == Ledger.NONE || cell == ROOT) {
      return;
    }
    long had = ledger.uses(cell);
    ledger.setUses(cell, Long.compareUnsigned(uses, had) >= 0 ? 0 : had - uses);
    Inode inode = holder(cell);
    if (ledger.uses(cell) == 0 && (inode == null || inode.pins == 0)) {
      remove(cell);
    }
  }

  private void remove(int cell) {
    Inode inode = holder(cell);
    if (inode != null) {
      unhold(inode);
    }
    byFile.remove(cell);
    ledger.remove(cell);
  }

  /** Forgets all but the root. */
  synchronized void reset() {
    if (closed) {
      return;
    }
    while (held > 1) {
      unhold(holders[held - 1]);
    }
    Inode root = holders[ROOT];
    long inode = ledger.inode(ROOT);
    int device = ledger.device(ROOT);
    int stamp = ledger.stamp(ROOT);
    ledger.clear();
    ledger.identify(ROOT, inode, device, stamp);
    ledger.setHeld(root.cell, 1);
    byFile.clear();
    byFile.put(ROOT, hash(device, inode));
  }

  /** Lets some descriptor go that its handle can bring back, or its names of another mount. */
  private boolean release(TreeScratch scratch) {
    for (int tried = 0; handles && tried < held; tried++) {
      hand = hand + 1 < held ? hand + 1 : 1;
      Inode inode = hand < held ? holders[hand] : null;
      if (inode == null || inode.pins > 0) {
        continue;
      }
      if (ledger.hasBlob(inode.cell) || describe(scratch, inode) || isElsewhere(inode.cell)) {
        unhold(inode);
        return true;
      }
    }
    return false;
  }

  private boolean describe(TreeScratch scratch, Inode inode) {
    handle.set(ValueLayout.JAVA_INT, 0, HANDLE_BYTES_MAX);
    int result = inode.fd.handle(scratch, handle.address());
    if (result == -Errno.EOPNOTSUPP || result == -Errno.EPERM) {
      handles &= isElsewhere(inode.cell);
    }
    return result >= 0
        && ledger.setBlob(inode.cell, handle, 8 + handle.get(ValueLayout.JAVA_INT, 0));
  }

  private boolean isElsewhere(int cell) {
    return ledger.device(cell) != ledger.device(ROOT);
  }

  private Inode reopen(TreeScratch scratch, int cell) {
    if (held >= budget && !release(scratch)) {
      return null;
    }
    int number = ledger.hasBlob(cell) ? byHandle(scratch, cell) : -Errno.ESTALE;
    if (number < 0 && (isElsewhere(cell) || !ledger.hasBlob(cell))) {
      number = byNames(scratch, cell);
    }
    return number < 0 ? null : hold(cell, InodeFd.of(number));
  }

  /** To the mount of the root, a handle of another one may mean any file. */
  private int byHandle(TreeScratch scratch, int cell) {
    ledger.blob(cell, handle);
    int size = handle.get(ValueLayout.JAVA_INT, 0);
    return size < 0 || size > HANDLE_BYTES_MAX
        ? -Errno.ESTALE
        : checked(scratch, cell, holders[ROOT].fd.reopen(scratch, handle.address()));
  }

  /** A descriptor's number as long as it holds that node's file. */
  private int checked(TreeScratch scratch, int cell, int number) {
    if (number < 0) {
      return number;
    }
    InodeFd found = InodeFd.of(number);
    if (found.stat(scratch) < 0 || !isFile(cell, scratch)) {
      found.close();
      return -Errno.ESTALE;
    }
    return number;
  }

  /** From the nearest directory that is held down to the node, each name beneath the one before. */
  private int byNames(TreeScratch scratch, int cell) {
    int[] way = new int[16];
    int depth = 0;
    int at = cell;
    while (at != Ledger.NONE && holder(at) == null && depth < DEPTH_MAX) {
      if (depth == way.length) {
        way = Arrays.copyOf(way, 2 * depth);
      }
      way[depth++] = at;
      at = ledger.node(ledger.parent(at));
    }
    Inode from = at == Ledger.NONE ? null : holder(at);
    if (from == null) {
      return -Errno.ESTALE;
    }
    InodeFd directory = from.fd;
    int number = -Errno.ESTALE;
    while (depth-- > 0) {
      number =
          ledger.name(way[depth], name) == 0
              ? -Errno.ESTALE
              : checked(scratch, way[depth], directory.lookup(scratch, name.address()));
      if (directory != from.fd) {
        directory.close();
      }
      if (number < 0) {
        return number;
      }
      directory = InodeFd.of(number);
    }
    return number;
  }

  /** Which file a node is; false where there is none, though a call may still use it. */
  synchronized boolean identify(long node, FileIdentity into) {
    int cell = closed ? Ledger.NONE : ledger.node(node);
    if (cell == Ledger.NONE || ledger.uses(cell) == 0) {
      return false;
    }
    into.device = ledger.device(cell);
    into.inode = ledger.inode(cell);
    return true;
  }

  /** How many nodes the guest knows. */
  synchronized int count() {
    return closed ? 0 : ledger.nodes();
  }

  /** How many of them hold a descriptor. */
  synchronized int held() {
    return held;
  }

  @Override
  public synchronized void close() {
    closed = true;
    while (held > 0) {
      holders[--held].fd.close();
    }
  }
}
