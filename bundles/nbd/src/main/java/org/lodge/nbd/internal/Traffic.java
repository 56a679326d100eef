package org.lodge.nbd.internal;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.lodge.blocks.BlockIo;
import org.lodge.blocks.BlockIo.Kind;

/**
 * What a disk was asked for: what waits, what is on the wire, and the log of writes that may have
 * to be repeated. It says what goes out next and what an answer means. Guarded by its disk; nobody
 * waits in here, nobody is told of anything, and nothing is allocated once warm.
 */
final class Traffic {
  private static final int ON_WIRE_MOST = 64;

  private final WriteLog log;
  private final Slots slots = new Slots(ON_WIRE_MOST);

  /** Reads and flushes; a flush covers only what was done before, so it may overtake writes. */
  private final ArrayDeque<BlockIo> reads = new ArrayDeque<>(256);

  private final ArrayDeque<BlockIo> writes = new ArrayDeque<>(256);

  /** A flush that nobody but this asked for is on the wire. */
  private boolean flushing;

  /** Writes from before this began may be unconfirmed, or there is no room for another. */
  private boolean flushWanted = true;

  /** A write failed after it was told to be done: the next flush says so, once. */
  private int flushErrno;

  private long repeatAt;
  private long repeated;

  /** Of the last {@link #answered}: what whoever asked is to be told. */
  private int result;

  Traffic(int unflushedBytes) {
    log = new WriteLog(unflushedBytes);
  }

  void add(BlockIo io) {
    (isReading(io) ? reads : writes).addLast(io);
  }

  static boolean isReading(BlockIo io) {
    return io.kind() == Kind.READ || io.kind() == Kind.FLUSH;
  }

  Slot find(long untrustedCookie) {
    return slots.find(untrustedCookie);
  }

  boolean anyOlderThan(long nanos, long nowNanos) {
    return slots.anyOlderThan(nanos, nowNanos);
  }

  long repeated() {
    return repeated;
  }

  int unconfirmed() {
    return log.unconfirmed();
  }

  void beginRepeating() {
    repeatAt = log.first();
  }

  /**
   * Repeats the log in its order: what touches something on the wire waits until that was answered.
   *
   * @return whether all of it was repeated and answered
   */
  boolean repeat(Frame frame) {
    repeatAt = Math.max(repeatAt, log.first());
    while (repeatAt < log.next() && mayGo(frame)) {
      if (!log.isDead(repeatAt)) {
        if (slots.touches(log.offset(repeatAt), log.bytes(repeatAt))) {
          return false;
        }
        put(frame, repeatAt);
        repeated++;
      }
      repeatAt++;
    }
    return repeatAt == log.next() && slots.busy() == 0;
  }

  private boolean mayGo(Frame frame) {
    return !slots.isFull() && frame.hasRoom();
  }

  /** Puts out as much as there is room for. */
  void fill(Frame frame, boolean writable) {
    boolean more = true;
    while (more) {
      more = writable && flushForUs(frame);
      more |= read(frame);
      more |= writable && write(frame);
    }
  }

  private boolean flushForUs(Frame frame) {
    if (!flushWanted && !log.wantsFlush() || flushing || !mayGo(frame)) {
      return false;
    }
    flushing = true;
    flushWanted = false;
    flush(frame, null);
    return true;
  }

  void wantFlush() {
    flushWanted = true;
  }

  private void flush(Frame frame, BlockIo io) {
    Slot slot = slots.take(Nbd.CMD_FLUSH, 0, 0, System.nanoTime());
    slot.io = io;
    slot.stamp = log.stamp();
    frame.add(slot, 0);
  }

  private boolean read(Frame frame) {
    if (reads.isEmpty() || !mayGo(frame)) {
      return false;
    }
    BlockIo io = reads.pollFirst();
    if (io.kind() == Kind.FLUSH) {
      flush(frame, io);
    } else {
      Slot slot = slots.take(Nbd.CMD_READ, io.offset(), io.bytes(), System.nanoTime());
      slot.io = io;
      frame.add(slot, 0);
    }
    return true;
  }

  private boolean write(Frame frame) {
    if (writes.isEmpty() || !mayGo(frame)) {
      return false;
    }
    BlockIo io = writes.peekFirst();
    int dataBytes = io.kind() == Kind.WRITE ? io.bytes() : 0;
    if (!log.hasRoom(dataBytes)) {
      flushWanted |= !flushing && log.unconfirmed() > 0;
      return flushForUs(frame);
    }
    writes.pollFirst();
    int flags =
        (io.durable() ? Nbd.FLAG_FUA : 0)
            | (io.kind() == Kind.ZERO && !io.mayUnmap() ? Nbd.FLAG_NO_HOLE : 0);
    try {
      put(frame, log.append(command(io), flags, io, dataBytes));
    } catch (InternalError e) {
      frame.failed(io);
    }
    return true;
  }

  private static int command(BlockIo io) {
    return switch (io.kind()) {
      case DISCARD -> Nbd.CMD_TRIM;
      case ZERO -> Nbd.CMD_WRITE_ZEROES;
      default -> Nbd.CMD_WRITE;
    };
  }

  private void put(Frame frame, long entry) {
    int command = log.command(entry);
    Slot slot = slots.take(command, log.offset(entry), log.bytes(entry), System.nanoTime());
    slot.entry = entry;
    frame.add(slot, log.flags(entry));
    if (command == Nbd.CMD_WRITE) {
      frame.addData(log.data(entry));
    }
  }

  /**
   * The server has answered.
   *
   * @return who asked, to be told {@link #result}; null where nobody waits
   */
  BlockIo answered(Slot slot, int errno) {
    BlockIo io = slot.io;
    result = errno;
    if (slot.entry >= 0) {
      io = written(slot.entry, errno);
    } else if (slot.command == Nbd.CMD_FLUSH) {
      flushed(slot, errno);
    }
    slots.release(slot);
    return io;
  }

  int result() {
    return result;
  }

  private BlockIo written(long entry, int errno) {
    if (log.isDead(entry)) {
      return null;
    }
    BlockIo io = log.io(entry);
    if (errno == 0) {
      log.done(entry, (log.flags(entry) & Nbd.FLAG_FUA) != 0);
    } else {
      flushErrno = log.isDone(entry) ? errno : flushErrno;
      log.drop(entry);
    }
    return io;
  }

  /** After a flush that failed the guest knows that what it covers may be lost. */
  private void flushed(Slot slot, int errno) {
    log.flushed(slot.stamp);
    if (slot.io == null) {
      flushing = false;
      flushErrno = errno != 0 ? errno : flushErrno;
    } else {
      result = errno != 0 ? errno : flushErrno;
      flushErrno = 0;
    }
  }

  /** The connection is lost: what was on the wire waits for the next. */
  void lost() {
    flushWanted |= flushing;
    flushing = false;
    for (int i = 0; i < slots.size(); i++) {
      Slot slot = slots.get(i);
      if (slot.busy) {
        if (slot.entry < 0 && slot.io != null) {
          reads.addFirst(slot.io);
        }
        slots.release(slot);
      }
    }
  }

  /**
   * Takes back what waits, while nothing but repetitions is on the wire.
   *
   * @param drop whether writes that were begun are not to be repeated any more
   */
  List<BlockIo> takeWaiting(Predicate<BlockIo> which, boolean drop) {
    List<BlockIo> taken = new ArrayList<>();
    for (ArrayDeque<BlockIo> each : List.of(reads, writes)) {
      each.removeIf(io -> which.test(io) && taken.add(io));
    }
    for (long entry = log.first(); entry < log.next(); entry++) {
      BlockIo io = log.io(entry);
      if (io != null && which.test(io)) {
        taken.add(io);
        log.detach(entry);
        if (drop) {
          log.drop(entry);
        }
      }
    }
    return taken;
  }
}
