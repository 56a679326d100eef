package org.lodge.filesystem.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileIdentity;
import org.lodge.linux.InodeFd;
import org.lodge.linux.TreeScratch;

/**
 * The nodes of one guest, by number and by what the host calls the file. At most so many hold a
 * descriptor as the budget says; beyond, those not in use are let go and found again by their file
 * handle. A node's number is its slot plus one, so the root's is 1. Thread-safe.
 */
final class Inodes implements AutoCloseable {
  private static final int HANDLE_BYTES_MAX = 128;

  private final int budget;
  private final MemorySegment handle = Arena.ofAuto().allocate(8 + HANDLE_BYTES_MAX, 8);
  private Inode[] slots = new Inode[64];
  private int[] freeSlots = new int[64];
  private int freeCount;
  private int slotCount;
  private Inode[] buckets = new Inode[64];
  private int count;
  private int held;
  private int hand;
  private long generation;
  private boolean handles = true;
  private boolean closed;

  Inodes(InodeFd root, TreeScratch status, int budget) {
    this.budget = budget;
    insert(root, status);
  }

  /**
   * The inode of a node, kept from being let go until {@link #put}; null where there is none, or it
   * is not found again.
   */
  synchronized Inode take(TreeScratch scratch, long node) {
    if (node < 1 || node > slotCount || closed) {
      return null;
    }
    Inode inode = slots[(int) node - 1];
    if (inode == null || inode.fd == null && !reopen(scratch, inode)) {
      return null;
    }
    inode.pins++;
    return inode;
  }

  synchronized void put(Inode inode) {
    inode.pins--;
    if (inode.uses == 0 && inode.pins == 0) {
      remove(inode);
    }
  }

  /**
   * The inode of a file just found, in use once more. The descriptor belongs to this from now on.
   *
   * @param status of that descriptor
   * @return null where the budget is used up
   */
  synchronized Inode found(InodeFd fd, TreeScratch status) {
    Inode known = buckets[bucket(status.device(), status.inode())];
    while (known != null && (known.number != status.inode() || known.device != status.device())) {
      known = known.next;
    }
    if (known != null && known.type == (status.mode() & Attributes.TYPE)) {
      known.uses++;
      if (known.fd == null && !closed) {
        known.fd = fd;
        held++;
      } else {
        fd.close();
      }
      return known;
    }
    if (closed || held >= budget && !release(status)) {
      fd.close();
      return null;
    }
    return insert(fd, status);
  }

  private Inode insert(InodeFd fd, TreeScratch status) {
    if (count >= buckets.length) {
      rehash();
    }
    int slot = freeCount > 0 ? freeSlots[--freeCount] : slotCount++;
    if (slot == slots.length) {
      slots = Arrays.copyOf(slots, 2 * slot);
    }
    Inode inode =
        new Inode(
            slot + 1L,
            ++generation,
            status.device(),
            status.inode(),
            status.mode() & Attributes.TYPE,
            fd);
    inode.uses = 1;
    slots[slot] = inode;
    int bucket = bucket(inode.device, inode.number);
    inode.next = buckets[bucket];
    buckets[bucket] = inode;
    count++;
    held++;
    return inode;
  }

  synchronized void forget(long node, long uses) {
    // The root is not the guest's to forget.
    if (node <= 1 || node > slotCount || slots[(int) node - 1] == null) {
      return;
    }
    Inode inode = slots[(int) node - 1];
    inode.uses = Long.compareUnsigned(uses, inode.uses) >= 0 ? 0 : inode.uses - uses;
    if (inode.uses == 0 && inode.pins == 0) {
      remove(inode);
    }
  }

  private void remove(Inode inode) {
    int slot = (int) inode.node - 1;
    if (slots[slot] != inode) {
      return;
    }
    slots[slot] = null;
    if (freeCount == freeSlots.length) {
      freeSlots = Arrays.copyOf(freeSlots, 2 * freeCount);
    }
    freeSlots[freeCount++] = slot;
    int bucket = bucket(inode.device, inode.number);
    if (buckets[bucket] == inode) {
      buckets[bucket] = inode.next;
    } else {
      Inode before = buckets[bucket];
      while (before.next != inode) {
        before = before.next;
      }
      before.next = inode.next;
    }
    count--;
    if (inode.fd != null) {
      inode.fd.close();
      held--;
    }
  }

  /** Lets some descriptor go that its handle can bring back. */
  private boolean release(TreeScratch scratch) {
    for (int tried = 0; handles && tried < slotCount; tried++) {
      hand = hand + 1 < slotCount ? hand + 1 : 1;
      Inode inode = hand < slotCount ? slots[hand] : null;
      if (inode == null || inode.fd == null || inode.pins > 0) {
        continue;
      }
      if (inode.handle == null && !describe(scratch, inode)) {
        continue;
      }
      inode.fd.close();
      inode.fd = null;
      held--;
      return true;
    }
    return false;
  }

  private boolean describe(TreeScratch scratch, Inode inode) {
    handle.set(ValueLayout.JAVA_INT, 0, HANDLE_BYTES_MAX);
    int result = inode.fd.handle(scratch, handle.address());
    if (result == -Errno.EOPNOTSUPP || result == -Errno.EPERM) {
      handles = false;
    }
    if (result < 0) {
      return false;
    }
    inode.handle =
        handle.asSlice(0, 8L + handle.get(ValueLayout.JAVA_INT, 0)).toArray(ValueLayout.JAVA_BYTE);
    return true;
  }

  private boolean reopen(TreeScratch scratch, Inode inode) {
    if (held >= budget) {
      release(scratch);
    }
    MemorySegment.copy(inode.handle, 0, handle, ValueLayout.JAVA_BYTE, 0, inode.handle.length);
    int number = slots[0].fd.reopen(scratch, handle.address());
    if (number < 0) {
      return false;
    }
    inode.fd = InodeFd.of(number);
    held++;
    return true;
  }

  private int bucket(int device, long number) {
    long mixed = (number ^ (long) device << 40) * 0x9e3779b97f4a7c15L;
    return (int) (mixed >>> 32) & buckets.length - 1;
  }

  private void rehash() {
    buckets = new Inode[2 * buckets.length];
    for (int slot = 0; slot < slotCount; slot++) {
      Inode inode = slots[slot];
      if (inode != null) {
        int bucket = bucket(inode.device, inode.number);
        inode.next = buckets[bucket];
        buckets[bucket] = inode;
      }
    }
  }

  /** Which file a node is; false where there is none. */
  synchronized boolean identify(long node, FileIdentity into) {
    Inode inode = node < 1 || node > slotCount ? null : slots[(int) node - 1];
    if (inode != null) {
      into.device = inode.device;
      into.inode = inode.number;
    }
    return inode != null;
  }

  /** Forgets all but the root. */
  synchronized void reset() {
    for (int slot = 1; slot < slotCount; slot++) {
      forget(slot + 1L, -1);
    }
  }

  /** How many nodes the guest knows. */
  synchronized int count() {
    return count;
  }

  /** How many of them hold a descriptor. */
  synchronized int held() {
    return held;
  }

  @Override
  public synchronized void close() {
    closed = true;
    for (int slot = 0; slot < slotCount; slot++) {
      if (slots[slot] != null && slots[slot].fd != null) {
        slots[slot].fd.close();
        slots[slot].fd = null;
        held--;
      }
    }
  }
}
