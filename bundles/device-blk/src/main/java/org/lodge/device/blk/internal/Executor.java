package org.lodge.device.blk.internal;

import org.lodge.linux.IoUring;
import org.lodge.linux.IoVector;
import org.lodge.virtio.DescriptorChain;

/** Does what requests ask for. Thread-safe; each thread brings its lane. */
final class Executor {
  private final Disk disk;
  private final BlkSettings settings;
  private final BlkCounters counters;
  private final byte[] serial;
  private volatile boolean writeThrough = true;

  Executor(Disk disk, BlkSettings settings, BlkCounters counters) {
    this.disk = disk;
    this.settings = settings;
    this.counters = counters;
    serial = settings.serialBytes();
  }

  /** Whether each write must be durable before it is answered. */
  void writeThrough(boolean on) {
    writeThrough = on;
  }

  boolean writeThrough() {
    return writeThrough;
  }

  /**
   * Executes a request and answers it.
   *
   * @return when it was done, as {@link System#nanoTime}
   */
  long run(BlkRequest request, Lane lane) {
    byte status;
    try {
      status = execute(request, lane);
    } catch (InternalError e) {
      status = Blk.S_IOERR;
    }
    return finish(request, status, lane);
  }

  /**
   * Collects the ranges of a request that the kernel can do on its own.
   *
   * @return false where {@link #run} must do it
   */
  boolean gather(BlkRequest request, IoVector into) {
    boolean write = request.type == Blk.T_OUT;
    if (!request.hasHeader
        || request.dataBytes == 0
        || !(write || request.type == Blk.T_IN)
        || write && (writeThrough || settings.readOnly())
        || !disk.holds(request.untrustedSector, request.dataBytes)) {
      return false;
    }
    return disk.gather(
        request.chain,
        write ? 0 : request.chain.readablePieces(),
        write ? Blk.HEADER_BYTES : 0,
        request.dataBytes,
        request.untrustedSector << Blk.SECTOR_SHIFT,
        into);
  }

  /** Prepares what is left of a request that {@link #gather} took. */
  void prepare(IoUring ring, BlkRequest request, IoVector left, long token) {
    long done = request.dataBytes - left.sizeBytes();
    long offset = (request.untrustedSector << Blk.SECTOR_SHIFT) + done;
    disk.prepare(ring, left, offset, request.type == Blk.T_OUT, token);
  }

  /**
   * Answers a request that {@link #gather} took; the driver sees it when its queue is published.
   *
   * @param result 0 or a negated error number
   */
  void answer(BlkRequest request, int result, Lane lane) {
    finish(request, result(request, result), lane);
  }

  private byte execute(BlkRequest request, Lane lane) {
    if (!request.hasHeader) {
      return Blk.S_IOERR;
    }
    return switch (request.type) {
      case Blk.T_IN -> read(request, lane);
      case Blk.T_OUT -> write(request, lane);
      case Blk.T_FLUSH -> result(request, disk.sync(lane));
      case Blk.T_GET_ID -> identify(request.chain, request.dataBytes);
      case Blk.T_DISCARD, Blk.T_WRITE_ZEROES -> ranges(request, lane);
      default -> Blk.S_UNSUPP;
    };
  }

  private byte read(BlkRequest request, Lane lane) {
    if (!disk.holds(request.untrustedSector, request.dataBytes)) {
      return Blk.S_IOERR;
    }
    long offset = request.untrustedSector << Blk.SECTOR_SHIFT;
    return result(request, disk.read(request.chain, request.dataBytes, offset, lane));
  }

  private byte write(BlkRequest request, Lane lane) {
    if (settings.readOnly() || !disk.holds(request.untrustedSector, request.dataBytes)) {
      return Blk.S_IOERR;
    }
    long offset = request.untrustedSector << Blk.SECTOR_SHIFT;
    int result = disk.write(request.chain, request.dataBytes, offset, lane);
    return result(request, result == 0 ? durable(lane) : result);
  }

  private int durable(Lane lane) {
    return writeThrough ? disk.sync(lane) : 0;
  }

  private byte identify(DescriptorChain chain, long dataBytes) {
    chain.write(0, serial, 0, (int) Math.min(serial.length, dataBytes));
    return Blk.S_OK;
  }

  private byte ranges(BlkRequest request, Lane lane) {
    if (!settings.discard()) {
      return Blk.S_UNSUPP;
    }
    Ranges ranges = lane.ranges;
    byte taken = ranges.take(request, settings, disk::holds);
    if (taken != Blk.S_OK) {
      return taken;
    }
    boolean zero = request.type == Blk.T_WRITE_ZEROES;
    for (int at = 0; at < ranges.count(); at++) {
      long offset = ranges.offset(at);
      long length = ranges.bytes(at);
      int result = 0;
      if (length > 0) {
        result =
            zero
                ? disk.zero(offset, length, ranges.mayUnmap(at), lane)
                : disk.discard(offset, length, lane);
      }
      if (result < 0) {
        return result(request, result);
      }
    }
    return result(request, durable(lane));
  }

  private byte result(BlkRequest request, int result) {
    if (result == 0) {
      return Blk.S_OK;
    }
    counters.failed(request.type, -result);
    return Blk.S_IOERR;
  }

  private long finish(BlkRequest request, byte status, Lane lane) {
    DescriptorChain chain = request.chain;
    long now = System.nanoTime();
    counters.count(request, status, now);
    lane.status[0] = status;
    long written = chain.writableBytes();
    try {
      chain.write(chain.writableBytes() - 1, lane.status, 0, 1);
    } catch (InternalError e) {
      written = 0;
    }
    if (lane.batches) {
      chain.completeBatched(written);
    } else {
      chain.complete(written);
    }
    return now;
  }
}
