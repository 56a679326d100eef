package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.lodge.connect.StreamMove;
import org.lodge.lane.LaneSlot;
import org.lodge.lane.Lanes;

/** Reads of rows that are not answered, in the order of their answers. For one thread. */
final class Reads {

  /** One read: its rows go into a buffer, or on to a file of another connection. */
  private static final class Read {
    int tag;
    ByteBuffer into;
    RowTarget to;
    StreamMove move;
    LaneSlot slot;
    long toOffset;
    long toStride;
    int rowBytes;
    int within;
    long leftBytes;
  }

  private final Output output;
  private final Read[] ring = new Read[Frame.READS_MAX];
  private int first;
  private int count;
  private int lastTag;
  private long missingBytes;
  private IOException targetFailure;

  Reads(Output output) {
    this.output = output;
    for (int i = 0; i < ring.length; i++) {
      ring[i] = new Read();
    }
  }

  int count() {
    return count;
  }

  void begin(
      FarFile from,
      long offset,
      long stride,
      int rowBytes,
      int rows,
      ByteBuffer into,
      RowTarget to,
      StreamMove move,
      long toOffset,
      long toStride)
      throws IOException {
    Read read = next(rowBytes, rows, to, move, toOffset, toStride);
    read.into = into;
    from.socket.output(from).readRows(from.id, read.tag, offset, stride, rowBytes, rows);
  }

  /** One row, whose sectors the agent writes to a slot if it can; it sends the row else. */
  void beginSectors(
      FarFile from,
      long offset,
      int rowBytes,
      RowTarget to,
      StreamMove move,
      long toOffset,
      LaneSlot slot)
      throws IOException {
    Read read = next(rowBytes, 1, to, move, toOffset, rowBytes);
    read.slot = slot;
    from.socket
        .output(from)
        .laneRow(Frame.LANE_READ, from.id, read.tag, offset, rowBytes, slot.position());
  }

  private Read next(
      int rowBytes, int rows, RowTarget to, StreamMove move, long toOffset, long toStride) {
    Read read = ring[(first + count) % ring.length];
    lastTag = lastTag == Integer.MAX_VALUE ? 1 : lastTag + 1;
    read.tag = lastTag;
    read.to = to;
    read.move = move;
    read.toOffset = toOffset;
    read.toStride = toStride;
    read.rowBytes = rowBytes;
    read.within = 0;
    read.leftBytes = (long) rowBytes * rows;
    count++;
    return read;
  }

  /** Whether the rows that come next may stay in the stream, to be moved. */
  boolean areMoved() {
    return count > 0 && ring[first].move != null;
  }

  /** Rows have come. */
  void data(int tag, boolean last, ByteBuffer rows) throws IOException {
    int bytes = rows.remaining();
    Read read = checked(tag, last, bytes);
    if (read.into != null) {
      read.into.put(rows);
    } else {
      forward(read, rows, read.rowBytes <= Frame.CHUNK_BYTES_MAX);
    }
    advance(read, bytes);
    if (last) {
      over(read);
    }
  }

  /**
   * Rows are coming. Where their target has gone they are left.
   *
   * @return how many bytes are still in the stream, to be thrown away; -1 where that has ended
   */
  int move(int tag, boolean last, int bytes) throws IOException {
    Read read = checked(tag, last, bytes);
    int left = bytes;
    while (left > 0 && targetFailure == null) {
      int here = read.move.await();
      if (here < 0) {
        return -1;
      }
      int part = partOf(read, Math.min(here, left));
      if (move(read, part)) {
        left -= part;
        advance(read, part);
      }
    }
    advance(read, left);
    if (last) {
      over(read);
    }
    return left;
  }

  /** Whole rows, or what is left of one at most. */
  private static int partOf(Read read, int most) {
    int rowLeft = read.rowBytes - read.within;
    return read.within > 0 || most < read.rowBytes
        ? Math.min(most, rowLeft)
        : most - most % read.rowBytes;
  }

  /** Whether the bytes are off the stream now, wherever they went. */
  private boolean move(Read read, int part) {
    int rowBytes = part % read.rowBytes == 0 ? read.rowBytes : part;
    FarFile to = (FarFile) read.to;
    FarSocket target = to.socket;
    try {
      targetFailure =
          target
              .output(to)
              .moveRows(
                  to.id,
                  read.toOffset + read.within,
                  read.toStride,
                  rowBytes,
                  part / rowBytes,
                  read.move);
    } catch (IOException e) {
      targetFailure = e;
      return false;
    }
    if (targetFailure != null) {
      target.reset(targetFailure.getMessage());
    }
    return true;
  }

  private Read checked(int tag, boolean last, int bytes) throws ProtocolException {
    Read read = current(tag);
    boolean whole = read.rowBytes <= Frame.CHUNK_BYTES_MAX;
    boolean fits =
        bytes > 0
            && bytes <= read.leftBytes
            && (whole ? bytes % read.rowBytes == 0 : bytes <= read.rowBytes - read.within);
    if (!fits || last != (bytes == read.leftBytes)) {
      throw new ProtocolException("%d bytes of rows that were not asked for".formatted(bytes));
    }
    return read;
  }

  private static void advance(Read read, int bytes) {
    long within = (long) read.within + bytes;
    read.toOffset += within / read.rowBytes * read.toStride;
    read.within = (int) (within % read.rowBytes);
    read.leftBytes -= bytes;
  }

  /** A target that has gone costs its own connection only: the rest is taken and dropped. */
  private void forward(Read read, ByteBuffer rows, boolean whole) {
    int bytes = rows.remaining();
    int rowBytes = whole ? read.rowBytes : bytes;
    try {
      read.to.takeRows(
          read.toOffset + read.within, read.toStride, rowBytes, bytes / rowBytes, rows);
    } catch (IOException e) {
      targetFailure = e;
    }
  }

  /** The row is in the lane, says the agent. */
  void laneData(int tag) throws ProtocolException {
    Read read = current(tag);
    if (read.slot == null || !read.slot.isWhole() || read.leftBytes != read.rowBytes) {
      throw new ProtocolException("a row that is not in its lane");
    }
    try {
      if (read.to.takeSectors(read.toOffset, read.rowBytes, read.slot)) {
        read.slot = null;
      } else if (!read.slot.use(sectors -> forward(read, sectors))) {
        throw new IOException("the connection has ended");
      }
    } catch (IOException e) {
      targetFailure = e;
    }
    over(read);
  }

  /** Read-only: a guest had that memory, so no header of ours shall ever lie there. */
  private static void forward(Read read, ByteBuffer slot) throws IOException {
    ByteBuffer sectors = slot.asReadOnlyBuffer();
    int start = sectors.position() + (int) (read.toOffset % Lanes.SECTOR_BYTES);
    for (int done = 0; done < read.rowBytes; done += Frame.CHUNK_BYTES_MAX) {
      int count = Math.min(read.rowBytes - done, Frame.CHUNK_BYTES_MAX);
      sectors.limit(start + done + count).position(start + done);
      read.to.takeRows(read.toOffset + done, count, count, 1, sectors);
    }
  }

  /** The first read has no more. */
  void failed(int tag) throws ProtocolException {
    Read read = current(tag);
    missingBytes += read.to == null ? 0 : read.leftBytes;
    over(read);
  }

  private Read current(int tag) throws ProtocolException {
    Read read = ring[first];
    if (count == 0 || read.tag != tag) {
      throw new ProtocolException("an answer that nobody waits for");
    }
    return read;
  }

  private void over(Read read) {
    read.into = null;
    read.to = null;
    read.move = null;
    if (read.slot != null) {
      read.slot.close();
      read.slot = null;
    }
    first = (first + 1) % ring.length;
    count--;
  }

  long takeMissingBytes() throws IOException {
    long missing = missingBytes;
    missingBytes = 0;
    if (targetFailure != null) {
      IOException failure = new IOException(targetFailure.getMessage(), targetFailure);
      targetFailure = null;
      throw failure;
    }
    return missing;
  }
}
