package org.lodge.device.lane.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.lodge.lane.LaneEnd;
import org.lodge.lane.Lanes;
import org.lodge.virtio.Counter;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.Virtqueue;

/**
 * The lane of a guest, as a disk (virtio 1.2 section 5.2) that keeps nothing: reads and writes of
 * ranges that nobody gave the guest are errors. Has no cache, so no flush either.
 */
final class LaneDevice implements Device {
  static final String TYPE_NAME = "lane";

  private static final int QUEUE_SIZE = 256;
  private static final long F_SEG_MAX = 1 << 2;
  private static final long F_BLK_SIZE = 1 << 6;
  private static final int CONFIG_BYTES = 24;
  private static final int HEADER_BYTES = 16;
  private static final int ID_BYTES = 20;

  private static final int T_IN = 0;
  private static final int T_OUT = 1;
  private static final int T_GET_ID = 8;
  private static final byte S_OK = 0;
  private static final byte S_IOERR = 1;
  private static final byte S_UNSUPP = 2;

  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final byte[] ID = id();

  private final LaneEnd end;
  private final AtomicLong readBytes = new AtomicLong();
  private final AtomicLong writtenBytes = new AtomicLong();
  private final AtomicLong refused = new AtomicLong();

  /** Of the queue's thread. */
  private final byte[] header = new byte[HEADER_BYTES];

  private final byte[] status = new byte[1];

  LaneDevice(LaneEnd end) {
    this.end = end;
  }

  private static byte[] id() {
    byte[] id = new byte[ID_BYTES];
    byte[] serial = Lanes.SERIAL.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(serial, 0, id, 0, serial.length);
    return id;
  }

  @Override
  public long features() {
    return F_SEG_MAX | F_BLK_SIZE;
  }

  @Override
  public int queueCount() {
    return 1;
  }

  @Override
  public int queueSizeMax(int index) {
    return QUEUE_SIZE;
  }

  @Override
  public int configSizeBytes() {
    return CONFIG_BYTES;
  }

  @Override
  public void readConfig(int offset, ByteBuffer into) {
    ByteBuffer space = ByteBuffer.allocate(CONFIG_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    // Header and status take two of a queue's descriptors.
    space.putLong(Lanes.LANE_BYTES / Lanes.SECTOR_BYTES).putInt(0).putInt(QUEUE_SIZE - 2);
    space.putInt(0).putInt(Lanes.SECTOR_BYTES);
    into.put(space.clear().slice(offset, into.remaining()));
  }

  @Override
  public void start(long acceptedFeatures) {}

  @Override
  public void serve(Virtqueue queue) throws RingException {
    for (DescriptorChain chain = queue.poll(); chain != null; chain = queue.poll()) {
      if (chain.writableBytes() == 0) {
        chain.complete(0);
        throw new RingException(
            RingFault.BAD_REQUEST, "a disk request without room for its status");
      }
      byte outcome;
      try {
        outcome = execute(chain);
      } catch (InternalError e) {
        outcome = S_IOERR;
      }
      answer(chain, outcome);
    }
  }

  private void answer(DescriptorChain chain, byte outcome) {
    if (outcome != S_OK) {
      refused.incrementAndGet();
    }
    status[0] = outcome;
    chain.write(chain.writableBytes() - 1, status, 0, 1);
    chain.complete(chain.writableBytes());
  }

  private byte execute(DescriptorChain chain) {
    if (chain.readableBytes() < HEADER_BYTES) {
      return S_IOERR;
    }
    chain.read(0, header, 0, HEADER_BYTES);
    long sector = (long) LONG.get(header, 8);
    if (sector < 0 || sector > Lanes.LANE_BYTES / Lanes.SECTOR_BYTES) {
      return S_IOERR;
    }
    long position = sector * Lanes.SECTOR_BYTES;
    return switch ((int) INT.get(header, 0)) {
      case T_IN -> read(chain, position);
      case T_OUT -> write(chain, position);
      case T_GET_ID -> {
        chain.write(0, ID, 0, (int) Math.min(ID_BYTES, chain.writableBytes() - 1));
        yield S_OK;
      }
      default -> S_UNSUPP;
    };
  }

  private byte write(DescriptorChain chain, long position) {
    long at = position;
    long skip = HEADER_BYTES;
    for (int piece = 0; piece < chain.readablePieces(); piece++) {
      int bytes = chain.pieceBytes(piece);
      long from = Math.min(skip, bytes);
      skip -= from;
      long count = bytes - from;
      if (count > 0
          && !end.write(at, chain.pieceMemory(piece), chain.pieceOffset(piece) + from, count)) {
        return S_IOERR;
      }
      at += count;
    }
    writtenBytes.addAndGet(at - position);
    return S_OK;
  }

  private byte read(DescriptorChain chain, long position) {
    long at = position;
    long left = chain.writableBytes() - 1;
    int first = chain.readablePieces();
    for (int piece = first; piece < first + chain.writablePieces() && left > 0; piece++) {
      long count = Math.min(left, chain.pieceBytes(piece));
      if (!end.read(at, chain.pieceMemory(piece), chain.pieceOffset(piece), count)) {
        return S_IOERR;
      }
      at += count;
      left -= count;
    }
    readBytes.addAndGet(at - position);
    return S_OK;
  }

  @Override
  public DeviceState exportState() {
    return new DeviceState(TYPE_NAME, 1, new byte[0]);
  }

  @Override
  public void importState(DeviceState state) throws DeviceException {
    if (!state.type().equals(TYPE_NAME) || state.version() != 1) {
      throw new DeviceException("import-state", "lane 1.0.0 does not understand " + state);
    }
  }

  @Override
  public List<Counter> counters() {
    return List.of(
        new Counter("read.bytes", "bytes", readBytes.get()),
        new Counter("write.bytes", "bytes", writtenBytes.get()),
        new Counter("refused", "requests", refused.get()));
  }

  @Override
  public void close() {}
}
