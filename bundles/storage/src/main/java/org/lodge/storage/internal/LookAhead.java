package org.lodge.storage.internal;

import java.util.ArrayList;
import java.util.List;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Name;
import org.lodge.storage.internal.Link.LostException;

/**
 * Answers lookups from what directories were listed as, moments ago: where a client's kernel looks
 * one name after the other up, the storage guest is asked for many at once. It is never older than
 * the caller allows, which its kernel takes off the time for which it relies on it. What this share
 * changes is known at once, what other shares of this Lodge change ends what is known, and what
 * others change in the storage guest is seen as late as with any cache of that age. Thread-safe.
 */
final class LookAhead {
  /** What {@link #find} gives where the guest must be asked. */
  static final int ASK = 1;

  private static final int LISTINGS_MAX = 4;
  private static final int REPLIES_MAX = 4;
  private static final int NAMES_BYTES = 64 << 10;

  /** Some 200 files, each of which the guest must open: that holds others up. */
  static final int FILES_BYTES = 32 << 10;

  private static final int ENTRY_BYTES_MAX = 512;

  /** As old as anything may be that {@link org.lodge.filesystem.Call#ageNanosMax} allows. */
  private static final long KEPT_NANOS = 500_000_000;

  /** A file that {@link #find} has found: what the guest calls it, with one use counted. */
  static final class Found {
    long remote;
    int device;
  }

  private final RemoteCalls calls;
  private final RemoteNodes nodes;
  private final Links links;
  private final Neighbours neighbours;
  private final List<Listing> listings = new ArrayList<>();
  private final Misses misses = new Misses();
  private final Stamps here = new Stamps();
  private final Stamps elsewhere = new Stamps();
  private boolean listing;
  private long tickets;

  LookAhead(RemoteCalls calls, RemoteNodes nodes, Links links, Neighbours neighbours) {
    this.calls = calls;
    this.nodes = nodes;
    this.links = links;
    this.neighbours = neighbours;
    neighbours.join(this);
  }

  /**
   * Looks a name up in what is known.
   *
   * @param into the attributes of what is found, with their age
   * @return 0, {@link Errno#ENOENT} negated, or {@link #ASK}
   */
  synchronized int find(
      Link link, long directory, Name name, long ageNanosMax, Attributes into, Found found) {
    long now = System.nanoTime();
    Listing known = current(directory, link.epoch, now);
    if (known == null) {
      return ASK;
    }
    Listing.Item item = known.get(name);
    if (item == null) {
      boolean absent = known.complete && now - known.askedNanos <= ageNanosMax;
      known.used += absent ? 1 : 0;
      return absent ? -Errno.ENOENT : ASK;
    }
    return switch (item.state) {
      case UNKNOWN -> ASK;
      case GONE -> {
        boolean holds = known.inode != 0 && now - item.askedNanos <= ageNanosMax;
        known.used += holds ? 1 : 0;
        yield holds ? -Errno.ENOENT : ASK;
      }
      case AHEAD -> {
        if (!holds(item, now, ageNanosMax)) {
          yield ASK;
        }
        item.state = Listing.State.UNKNOWN;
        into.take(item.attributes);
        into.ageNanos = now - item.askedNanos;
        found.remote = item.remote;
        found.device = item.device;
        known.used++;
        yield 0;
      }
    };
  }

  /** Whether {@link #find} would find a file now. */
  synchronized boolean has(Link link, long directory, Name name, long ageNanosMax) {
    long now = System.nanoTime();
    Listing known = current(directory, link.epoch, now);
    Listing.Item item = known == null ? null : known.get(name);
    return item != null && item.state == Listing.State.AHEAD && holds(item, now, ageNanosMax);
  }

  private boolean holds(Listing.Item item, long now, long ageNanosMax) {
    return now - item.askedNanos <= ageNanosMax && !isTouched(item);
  }

  private boolean isTouched(Listing.Item item) {
    long inode = item.attributes.inode;
    return here.isTouched(inode, item.askedNanos) || elsewhere.isTouched(inode, item.askedNanos);
  }

  /** The listing of a directory that still holds, or null. */
  private Listing current(long directory, int epoch, long now) {
    for (Listing each : listings) {
      if (each.directory == directory) {
        boolean holds =
            each.epoch == epoch
                && now - each.askedNanos <= 2 * KEPT_NANOS
                && !elsewhere.isTouched(each.inode, each.askedNanos);
        return holds ? each : null;
      }
    }
    return null;
  }

  /** The guest was asked for a name there: where that goes on, it is asked for many. */
  void missed(Link link, long directory, boolean found) {
    Misses.Wanted wanted;
    synchronized (this) {
      long now = System.nanoTime();
      wanted = misses.count(directory, found, now);
      if (listing || wanted == Misses.Wanted.NOTHING) {
        return;
      }
      listing = true;
      misses.asked(directory, now);
    }
    boolean plus = wanted == Misses.Wanted.FILES;
    Thread.ofVirtual().name("share-ahead").start(() -> list(link, directory, plus));
  }

  private void list(Link link, long directory, boolean plus) {
    Listing into = begin(link, directory, plus);
    try {
      calls.aside(link, exchange -> read(link, exchange, into, plus));
    } catch (LostException e) {
      // Whoever asks next finds another connection.
    } finally {
      synchronized (this) {
        listing = false;
      }
    }
    sweepLater();
  }

  private void sweepLater() {
    try {
      Thread.sleep(2 * KEPT_NANOS / 1_000_000 + 1);
      sweep();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The one that is to be gone on with, or another. */
  private synchronized Listing begin(Link link, long directory, boolean plus) {
    long now = System.nanoTime();
    Listing former = current(directory, link.epoch, now);
    boolean goesOn =
        plus
            && former != null
            && former.offset != 0
            && !former.complete
            && now - former.askedNanos <= KEPT_NANOS;
    return goesOn ? former : start(link, directory, now);
  }

  private Listing start(Link link, long directory, long now) {
    of(directory).forEach(this::end);
    while (listings.size() >= LISTINGS_MAX) {
      end(listings.getFirst());
    }
    Listing next = new Listing(directory, link.epoch, now);
    listings.add(next);
    return next;
  }

  /**
   * Somebody reads a directory with its files, and goes on soon with those that {@link #keep} gets.
   *
   * @param inode of the directory
   */
  Listing begin(Link link, long directory, long inode) {
    Listing next;
    synchronized (this) {
      next = start(link, directory, System.nanoTime());
      next.inode = inode;
    }
    Thread.ofVirtual().name("share-ahead").start(this::sweepLater);
    return next;
  }

  private void read(Link link, Exchange exchange, Listing into, boolean plus) throws LostException {
    long remote = nodes.remote(into.directory, link);
    if (remote <= 0) {
      return;
    }
    long handle = RemoteCalls.openOn(link, exchange, Op.OPENDIR, remote, 0);
    if (handle < 0) {
      return;
    }
    int size = plus ? FILES_BYTES : NAMES_BYTES;
    boolean more = true;
    for (int reply = 0; more && reply < REPLIES_MAX; reply++) {
      long asked = System.nanoTime();
      int opcode = plus ? Op.READDIRPLUS : Op.READDIR;
      exchange.request(opcode, remote, 0, 0, 0, size);
      exchange.out().putLong(handle).putLong(into.offset).putInt(size).putInt(0);
      exchange.out().putLong(0).putLong(0);
      link.ask(exchange);
      more = exchange.error() == 0 && take(link, exchange, into, plus, asked);
      // Full ones are gone on with when their files have been asked for.
      more &= !plus || exchange.length() < size - ENTRY_BYTES_MAX;
    }
    calls.tell(link, Op.RELEASEDIR, remote, handle);
  }

  /** Whether there is more. */
  private synchronized boolean take(
      Link link, Exchange exchange, Listing into, boolean plus, long asked) {
    boolean holds = listings.contains(into);
    boolean end = exchange.length() == 0;
    int listed =
        Replies.entries(
            exchange,
            plus,
            (name, at, names) -> {
              into.offset = exchange.getLong(names - 16);
              into.listed++;
              boolean counted = plus && exchange.getLong(at) > 0;
              if (name.length() == 1 && name.at(0) == '.') {
                into.inode = exchange.getLong(names - 24);
              } else if (!(holds && add(exchange, into, name, at, counted, asked)) && counted) {
                calls.tell(link, Op.FORGET, exchange.getLong(at), 1);
              }
            });
    boolean good = listed >= 0;
    if (!good) {
      link.end("a directory with an entry that can't be");
    }
    into.complete |= good && end && holds && !into.isFull() && into.inode != 0;
    return good && !end && holds && !into.isFull();
  }

  /** Whether most of those were wanted. */
  synchronized boolean wasOfUse(Listing files) {
    return 2 * files.used >= files.listed;
  }

  /** As {@link #add}, of a file of which the guest has counted a use. */
  synchronized boolean keep(Exchange exchange, Listing into, Name name, int at) {
    into.listed++;
    return listings.contains(into) && add(exchange, into, name, at, true, into.askedNanos);
  }

  /** Whether a use that the guest has counted is kept. */
  private static boolean add(
      Exchange exchange, Listing into, Name name, int at, boolean counted, long asked) {
    if (into.get(name) != null) {
      return false;
    }
    Listing.Item item = into.put(name);
    if (item == null || !counted) {
      return false;
    }
    Attributes attributes = new Attributes();
    if (!Replies.attributes(exchange, at + Replies.ENTRY_ATTRIBUTES, attributes)
        || !attributes.isDirectory() && attributes.links != 1) {
      // What becomes of a file by another of its names is not seen here.
      return false;
    }
    item.state = Listing.State.AHEAD;
    item.askedNanos = asked;
    item.remote = exchange.getLong(at);
    item.device = Replies.device(exchange, at);
    item.attributes = attributes;
    return true;
  }

  private List<Listing> of(long directory) {
    return listings.stream().filter(each -> each.directory == directory).toList();
  }

  private void end(Listing ended) {
    listings.remove(ended);
    misses.ended(ended);
    ended.end(remote -> giveBack(ended, remote));
  }

  /** A use that the guest has counted and nobody has taken. */
  private void giveBack(Listing of, long remote) {
    Link link = links.now();
    if (link != null && link.epoch == of.epoch) {
      calls.tell(link, Op.FORGET, remote, 1);
    }
  }

  private synchronized void sweep() {
    long now = System.nanoTime();
    listings.stream()
        .filter(each -> now - each.askedNanos > 2 * KEPT_NANOS)
        .toList()
        .forEach(this::end);
  }

  /**
   * A name there changes from now on, until {@link #changed}.
   *
   * @return a number for that
   */
  synchronized long change(long directory, Name name) {
    long ticket = ++tickets;
    of(directory).forEach(each -> forget(each, name, ticket));
    return ticket;
  }

  private void forget(Listing of, Name name, long ticket) {
    Listing.Item item = of.put(name);
    if (item == null) {
      return;
    }
    if (item.state == Listing.State.AHEAD) {
      giveBack(of, item.remote);
    }
    item.state = Listing.State.UNKNOWN;
    item.ticket = ticket;
  }

  /**
   * The change is over.
   *
   * @param gone whether the name is there no more; else the guest is asked for it
   */
  synchronized void changed(long directory, Name name, long ticket, boolean gone) {
    for (Listing each : of(directory)) {
      Listing.Item item = each.get(name);
      if (item == null || item.ticket != ticket || item.state != Listing.State.UNKNOWN) {
        // It was listed, or changed once more, while this change was under way.
        forget(each, name, ++tickets);
      } else if (gone) {
        item.state = Listing.State.GONE;
        item.askedNanos = System.nanoTime();
      }
    }
  }

  /** A change of a file's attributes, or of a directory's names, by this share is done. */
  void touched(long node) {
    long inode = node == FileSystem.ROOT ? 0 : nodes.inode(node);
    if (inode != 0) {
      here.touch(inode);
    }
    neighbours.touched(this, inode);
  }

  /** Whether another share has changed a file since so long ago. */
  boolean isTouchedElsewhere(long inode, long ageNanos) {
    return elsewhere.isTouched(inode, System.nanoTime() - ageNanos);
  }

  /** Another share of the same guest has changed something; 0 where it can't say what. */
  void touchedElsewhere(long inode) {
    if (inode == 0) {
      elsewhere.touchAll();
    } else {
      elsewhere.touch(inode);
    }
  }

  /** Its number may go to another. */
  synchronized void forget(long node) {
    of(node).forEach(this::end);
  }

  /** Forgets all; true where there was anything that the guest counts. */
  synchronized boolean reset() {
    boolean any = !listings.isEmpty();
    listings.forEach(each -> each.end(remote -> {}));
    listings.clear();
    return any;
  }

  void close() {
    neighbours.leave(this);
    reset();
  }
}
