package org.lodge.nbd.internal;

import java.nio.ByteBuffer;
import org.lodge.blocks.BlockIo;

/**
 * What was written and no flush has confirmed: the server may have it in a cache that dies with it.
 * After the server's return all of it is repeated, in the order in which it was begun, so that
 * nothing that the guest was told is done is ever undone. Writes, discards and zeroes alike.
 *
 * <p>Repeating is safe: each entry carries its own bytes, so twice is as once, and where two
 * overlap and the second was asked for after the first was done, they stand in this order here.
 *
 * <p>A ring of bytes and a ring of entries; nothing is allocated once the first write has come.
 * Guarded by its disk, but for the bytes of an entry that is on the wire, which stay.
 */
final class WriteLog {
  private static final int ENTRIES_MOST = 16_384;
  private static final long NOT_DONE = 0;
  private static final long DEAD = -1;

  private final int sizeBytes;
  private final int capacity;
  private ByteBuffer ring;
  private ByteBuffer view;
  private final int[] commands;
  private final int[] flags;
  private final long[] offsets;
  private final int[] lengths;

  /** Where in the ring an entry's bytes begin, counted without end. */
  private final long[] places;

  /** When it was done, counted; or one of the constants. */
  private final long[] stamps;

  /**
   * Done, and durable by itself. It stays while there is something before it, which a repetition
   * would otherwise put over it.
   */
  private final boolean[] durables;

  private final BlockIo[] ios;

  private long first;
  private long next;
  private long firstPlace;
  private long nextPlace;
  private long stamp;
  private int done;

  WriteLog(int sizeBytes) {
    this.sizeBytes = sizeBytes;
    capacity = Math.clamp(sizeBytes / 2048, 64, ENTRIES_MOST);
    commands = new int[capacity];
    flags = new int[capacity];
    offsets = new long[capacity];
    lengths = new int[capacity];
    places = new long[capacity];
    stamps = new long[capacity];
    durables = new boolean[capacity];
    ios = new BlockIo[capacity];
  }

  /** Whether there is room for so many bytes that lie together. */
  boolean hasRoom(int dataBytes) {
    return next - first < capacity && place(dataBytes) + dataBytes - firstPlace <= sizeBytes;
  }

  /** Where the next entry's bytes can lie together: not over the ring's end. */
  private long place(int dataBytes) {
    int at = (int) (nextPlace % sizeBytes);
    return at + dataBytes <= sizeBytes ? nextPlace : nextPlace + sizeBytes - at;
  }

  /**
   * Begins an entry, with a copy of the data that it carries.
   *
   * @param dataBytes 0 where it carries none
   * @throws InternalError where the guest's memory has gone; there is no new entry then
   */
  long append(int command, int commandFlags, BlockIo io, int dataBytes) {
    long place = place(dataBytes);
    if (dataBytes > 0) {
      copy(io, (int) (place % sizeBytes), dataBytes);
    }
    int at = index(next);
    commands[at] = command;
    flags[at] = commandFlags;
    offsets[at] = io.offset();
    lengths[at] = io.bytes();
    places[at] = place;
    stamps[at] = NOT_DONE;
    durables[at] = false;
    ios[at] = io;
    nextPlace = place + dataBytes;
    return next++;
  }

  private void copy(BlockIo io, int at, int bytes) {
    if (ring == null) {
      ring = ByteBuffer.allocateDirect(sizeBytes);
      view = ring.duplicate();
    }
    ring.limit(at + bytes).position(at);
    for (int done = 0; done < bytes; ) {
      ByteBuffer piece = io.memory(done);
      done += piece.remaining();
      ring.put(piece);
    }
  }

  /** The bytes that an entry carries; the same buffer each time. */
  ByteBuffer data(long entry) {
    int at = index(entry);
    int begin = (int) (places[at] % sizeBytes);
    return view.limit(begin + lengths[at]).position(begin);
  }

  /** From which entry on the log goes. */
  long first() {
    return first;
  }

  /** The entry that comes next; not there yet. */
  long next() {
    return next;
  }

  int command(long entry) {
    return commands[index(entry)];
  }

  int flags(long entry) {
    return flags[index(entry)];
  }

  long offset(long entry) {
    return offsets[index(entry)];
  }

  int bytes(long entry) {
    return lengths[index(entry)];
  }

  boolean isDone(long entry) {
    return stamps[index(entry)] > NOT_DONE;
  }

  boolean isDead(long entry) {
    return stamps[index(entry)] == DEAD;
  }

  /** Who waits for it; null where nobody does. */
  BlockIo io(long entry) {
    return ios[index(entry)];
  }

  /** Nobody waits for it any more. */
  void detach(long entry) {
    ios[index(entry)] = null;
  }

  /**
   * It was done, for the first time or again.
   *
   * @param durable whether it needs no flush
   */
  void done(long entry, boolean durable) {
    int at = index(entry);
    if (stamps[at] == NOT_DONE) {
      done++;
    }
    stamps[at] = ++stamp;
    durables[at] = durable;
    ios[at] = null;
    trim();
  }

  /** It need not be repeated. */
  void drop(long entry) {
    int at = index(entry);
    if (stamps[at] > NOT_DONE) {
      done--;
    }
    stamps[at] = DEAD;
    ios[at] = null;
    trim();
  }

  /** What a flush that is sent now will cover. */
  long stamp() {
    return stamp;
  }

  /** A flush has confirmed what was done when it was sent. */
  void flushed(long upTo) {
    for (long entry = first; entry < next; entry++) {
      int at = index(entry);
      if (stamps[at] > NOT_DONE && stamps[at] <= upTo) {
        stamps[at] = DEAD;
        done--;
      }
    }
    trim();
  }

  private void trim() {
    while (first < next && (stamps[index(first)] == DEAD || durables[index(first)])) {
      done -= stamps[index(first)] > NOT_DONE ? 1 : 0;
      first++;
    }
    firstPlace = first == next ? nextPlace : places[index(first)];
  }

  /** Whether it is time to have something confirmed, so that there is always room. */
  boolean wantsFlush() {
    return done > 0 && (nextPlace - firstPlace > sizeBytes / 2 || next - first > capacity / 2);
  }

  /** How many done writes no flush has confirmed. */
  int unconfirmed() {
    return done;
  }

  private int index(long entry) {
    return (int) (entry % capacity);
  }
}
