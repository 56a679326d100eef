package org.lodge.device.blk.internal;

import java.nio.ByteBuffer;
import org.lodge.blocks.BlockIo;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Virtqueue;

/**
 * One request to a disk that is kept elsewhere, reused. It is done in steps, one after the other:
 * the parts of a long transfer, the ranges of a discard, and a flush where a write has to be
 * durable and can't be so by itself. One thread at a time: the queue's at first, then whoever
 * brings the answers.
 */
final class RemoteIo implements BlockIo {
  private static final int RANGE_PART_BYTES = 1 << 30;

  final BlkRequest request = new BlkRequest();
  private final RemoteQueue queue;
  private final RemoteMedium medium;
  private final BlkCounters counters;
  private final byte[] status = new byte[1];
  private final Ranges ranges = new Ranges();

  private Kind kind;
  private long offset;
  private int bytes;
  private boolean mayUnmap;
  private boolean durable;

  /** What is left of the present transfer or range. */
  private long leftBytes;

  private int rangesLeft;
  private boolean flushAtEnd;

  /** Where the present part begins in the request's data. */
  private long partBegins;

  /** Where {@link #memory} was last, and how many bytes of the chain lie before that piece. */
  private int piece;

  private long passed;

  RemoteIo(RemoteQueue queue, RemoteMedium medium, BlkCounters counters) {
    this.queue = queue;
    this.medium = medium;
    this.counters = counters;
  }

  boolean isOf(Virtqueue other) {
    return queue.queue() == other;
  }

  /** Starts what the request asks for. */
  void begin() {
    flushAtEnd = false;
    durable = false;
    leftBytes = 0;
    rangesLeft = 0;
    try {
      start();
    } catch (InternalError e) {
      answer(Blk.S_IOERR);
    }
  }

  private void start() {
    if (!request.hasHeader) {
      answer(Blk.S_IOERR);
      return;
    }
    switch (request.type) {
      case Blk.T_IN -> transfer(Kind.READ, request.chain.readablePieces());
      case Blk.T_OUT -> transfer(Kind.WRITE, 0);
      case Blk.T_FLUSH -> {
        flushAtEnd = medium.limits().flushes();
        next();
      }
      case Blk.T_GET_ID -> {
        byte[] serial = medium.serial();
        request.chain.write(0, serial, 0, (int) Math.min(serial.length, request.dataBytes));
        answer(Blk.S_OK);
      }
      case Blk.T_DISCARD, Blk.T_WRITE_ZEROES -> ranges();
      default -> answer(Blk.S_UNSUPP);
    }
  }

  private void transfer(Kind what, int firstPiece) {
    if (what == Kind.WRITE && medium.limits().readOnly()
        || !holds(request.untrustedSector, request.dataBytes)) {
      answer(Blk.S_IOERR);
      return;
    }
    kind = what;
    offset = request.untrustedSector << Blk.SECTOR_SHIFT;
    bytes = 0;
    leftBytes = request.dataBytes;
    partBegins = 0;
    piece = firstPiece;
    passed = 0;
    if (what == Kind.WRITE) {
      makeDurable();
    }
    next();
  }

  /** By the writes themselves, or by a flush behind them. */
  private void makeDurable() {
    if (medium.writeThrough()) {
      durable = medium.limits().durableWrites();
      flushAtEnd = !durable;
    }
  }

  private boolean holds(long untrustedSector, long untrustedBytes) {
    return Medium.holds(medium.sectors(), untrustedSector, untrustedBytes)
        && ((untrustedSector << Blk.SECTOR_SHIFT | untrustedBytes) & medium.leastBlockBytes() - 1)
            == 0;
  }

  private void ranges() {
    boolean zero = request.type == Blk.T_WRITE_ZEROES;
    BlkSettings settings = medium.settings();
    if (!settings.discard() || !(zero ? medium.zeroes() : medium.discards())) {
      answer(Blk.S_UNSUPP);
      return;
    }
    byte taken = ranges.take(request, settings, this::holds);
    if (taken != Blk.S_OK) {
      answer(taken);
      return;
    }
    kind = zero ? Kind.ZERO : Kind.DISCARD;
    rangesLeft = ranges.count();
    makeDurable();
    next();
  }

  /** Asks for the next part, or answers where there is none. */
  private void next() {
    boolean isRanges = kind == Kind.DISCARD || kind == Kind.ZERO;
    while (leftBytes == 0 && isRanges && rangesLeft > 0) {
      int at = ranges.count() - rangesLeft--;
      offset = ranges.offset(at);
      leftBytes = ranges.bytes(at);
      mayUnmap = ranges.mayUnmap(at);
      bytes = 0;
    }
    if (leftBytes > 0) {
      offset += bytes;
      partBegins += bytes;
      int most = isRanges ? RANGE_PART_BYTES : medium.limits().transferBytes();
      bytes = (int) Math.min(leftBytes, most);
      leftBytes -= bytes;
      medium.source().submit(this);
    } else if (flushAtEnd) {
      flushAtEnd = false;
      kind = Kind.FLUSH;
      offset = 0;
      bytes = 0;
      medium.source().submit(this);
    } else {
      answer(Blk.S_OK);
    }
  }

  private void answer(byte how) {
    DescriptorChain chain = request.chain;
    counters.count(request, how, System.nanoTime());
    status[0] = how;
    long written = chain.writableBytes();
    try {
      chain.write(written - 1, status, 0, 1);
    } catch (InternalError e) {
      written = 0;
    }
    chain.completeBatched(written);
  }

  @Override
  public Kind kind() {
    return kind;
  }

  @Override
  public long offset() {
    return offset;
  }

  @Override
  public int bytes() {
    return bytes;
  }

  @Override
  public boolean durable() {
    return durable;
  }

  @Override
  public boolean mayUnmap() {
    return mayUnmap;
  }

  @Override
  public ByteBuffer memory(int at) {
    boolean write = kind == Kind.WRITE;
    DescriptorChain chain = request.chain;
    long wanted = (write ? Blk.HEADER_BYTES : 0) + partBegins + at;
    if (wanted < passed) {
      piece = write ? 0 : chain.readablePieces();
      passed = 0;
    }
    while (wanted - passed >= chain.pieceBytes(piece)) {
      passed += chain.pieceBytes(piece++);
    }
    ByteBuffer memory = chain.pieceBuffer(piece);
    memory.position(memory.position() + (int) (wanted - passed));
    return memory.limit(Math.min(memory.limit(), memory.position() + bytes - at));
  }

  @Override
  public void done(int errno) {
    if (errno != 0) {
      counters.failed(request.type, errno);
      answer(Blk.S_IOERR);
    } else {
      next();
    }
  }

  /** The driver's queue has it again, from its beginning. */
  @Override
  public void withdrawn() {
    request.chain.handBack();
  }

  @Override
  public Batch batch() {
    return queue;
  }
}
