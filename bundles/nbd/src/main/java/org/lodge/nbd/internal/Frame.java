package org.lodge.nbd.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.lodge.blocks.BlockIo;
import org.lodge.connect.ByteStream;

/**
 * What goes out at once: the headers of many requests, with the data of small writes, and at the
 * end perhaps the data of a large one, which is sent from where it lies. One thread fills and sends
 * it; reused.
 */
final class Frame {
  private static final int BYTES = 64 << 10;
  private static final int SMALL_BYTES = 16 << 10;

  private final ByteBuffer out = ByteBuffer.allocateDirect(BYTES);
  private ByteBuffer large;

  /** Whose memory had gone when its data was to be taken; told after the frame was sent. */
  private BlockIo failed;

  void clear() {
    out.clear();
    large = null;
    failed = null;
  }

  boolean isEmpty() {
    return out.position() == 0 && failed == null;
  }

  boolean hasRoom() {
    return large == null && failed == null && out.remaining() >= Nbd.REQUEST_BYTES + SMALL_BYTES;
  }

  void add(Slot slot, int flags) {
    out.putInt(Nbd.REQUEST_MAGIC).putShort((short) flags).putShort((short) slot.command);
    out.putLong(slot.cookie()).putLong(slot.offset).putInt(slot.bytes);
  }

  void addData(ByteBuffer data) {
    if (data.remaining() <= SMALL_BYTES) {
      out.put(data);
    } else {
      large = data;
    }
  }

  void failed(BlockIo io) {
    failed = io;
  }

  void send(ByteStream stream) throws IOException {
    stream.write(out.flip());
    if (large != null) {
      stream.write(large);
    }
  }

  void tellFailed() {
    if (failed != null) {
      failed.done(Nbd.EIO);
      failed.batch().show();
    }
  }
}
