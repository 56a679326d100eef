package org.lodge.filesystem.internal;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.Predicate;
import org.lodge.filesystem.FileLock;

/** The locks of one file, and who waits for some. Guarded by its table. */
final class FileLocks {
  final List<LockTable.Waiting> waiting = new ArrayList<>();
  private final List<HeldLock> ranges = new ArrayList<>();
  private final List<HeldLock> wholes = new ArrayList<>();

  boolean isEmpty() {
    return ranges.isEmpty() && wholes.isEmpty() && waiting.isEmpty();
  }

  private List<HeldLock> of(boolean wholeFile) {
    return wholeFile ? wholes : ranges;
  }

  /** Somebody else's lock because of which this one can't be had now; null where there is none. */
  HeldLock inTheWay(HeldLock wanted) {
    for (HeldLock each : of(wanted.wholeFile)) {
      if (each.isInTheWayOf(wanted)) {
        return each;
      }
    }
    return null;
  }

  /** Whether setting it may make more locks than there were. */
  boolean addsTo(HeldLock wanted) {
    if (wanted.type != FileLock.UNLOCK) {
      return true;
    }
    return ranges.stream()
        .anyMatch(
            each -> each.isOwnedAs(wanted) && each.first < wanted.first && each.last > wanted.last);
  }

  /** Removes the same owner's lock of another type; false where it was there. */
  boolean letGo(HeldLock wanted) {
    Iterator<HeldLock> held = wholes.iterator();
    while (held.hasNext()) {
      HeldLock each = held.next();
      if (each.isOwnedAs(wanted) && each.type != wanted.type) {
        held.remove();
        each.ends();
        return false;
      }
    }
    return true;
  }

  void restore(HeldLock left) {
    of(left.wholeFile).add(left);
  }

  /**
   * Replaces what the same owner has within the range; with {@link FileLock#UNLOCK} by nothing.
   * What replaces it begins first: who dies in between leaves too much to its owner, not too
   * little.
   */
  void set(HeldLock wanted) {
    List<HeldLock> all = of(wanted.wholeFile);
    List<HeldLock> rest = new ArrayList<>();
    List<HeldLock> gone = new ArrayList<>();
    long first = wanted.first;
    long last = wanted.last;
    Iterator<HeldLock> held = all.iterator();
    while (held.hasNext()) {
      HeldLock each = held.next();
      if (!each.isOwnedAs(wanted) || !each.touches(wanted)) {
        continue;
      }
      if (each.type == wanted.type) {
        first = Math.min(first, each.first);
        last = Math.max(last, each.last);
      } else if (!each.overlaps(wanted)) {
        continue;
      } else {
        if (each.first < wanted.first) {
          rest.add(each.over(each.first, wanted.first - 1));
        }
        if (each.last > wanted.last) {
          rest.add(each.over(wanted.last + 1, each.last));
        }
      }
      held.remove();
      gone.add(each);
    }
    if (wanted.type != FileLock.UNLOCK) {
      rest.add(wanted.over(first, last));
    }
    all.addAll(rest);
    rest.forEach(HeldLock::begins);
    gone.forEach(HeldLock::ends);
  }

  /** Gives those who wait, in their order, what can be had now. */
  void grant(List<LockTable.Waiting> granted) {
    boolean again = true;
    while (again) {
      again = false;
      Iterator<LockTable.Waiting> all = waiting.iterator();
      while (all.hasNext()) {
        LockTable.Waiting each = all.next();
        HeldLock wanted = each.wanted();
        if (inTheWay(wanted) == null) {
          all.remove();
          set(wanted);
          wanted.session.waiting--;
          granted.add(each);
          // What its owner had of another type may have been in somebody's way.
          again = true;
        }
      }
    }
  }

  /** Ends what an open file that is gone has left; {@code F_OFD_SETLK}'s end only so. */
  void release(LockTable.Session session, long handle) {
    end(each -> each.session == session && each.handle == handle);
  }

  private void end(Predicate<HeldLock> which) {
    for (List<HeldLock> held : List.of(ranges, wholes)) {
      List<HeldLock> gone = held.stream().filter(which).toList();
      held.removeAll(gone);
      gone.forEach(HeldLock::ends);
    }
  }

  void drop(LockTable.Session session, List<LockTable.Waiting> over) {
    if (!session.stays) {
      end(each -> each.session == session);
    }
    int before = over.size();
    waiting.stream().filter(each -> each.wanted().session == session).forEach(over::add);
    waiting.removeIf(each -> each.wanted().session == session);
    session.waiting -= over.size() - before;
  }
}
