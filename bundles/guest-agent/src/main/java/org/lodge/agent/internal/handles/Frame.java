package org.lodge.agent.internal.handles;

import java.nio.ByteBuffer;

/** The numbers of connections with handles, as the agent's {@code handles.h} has them. */
final class Frame {
  static final int HEADER_BYTES = 16;
  static final int WINDOW_BYTES = 65536;
  static final int PASS_COST_BYTES = 128;
  static final int CHUNK_BYTES_MAX = 65536;
  static final int ROWS_BYTES = 24;

  /** Rows of less are copied once more, to go on together with what follows. */
  static final int MOVED_BYTES_MIN = 16 << 10;

  static final int HANDLES_MAX = 512;
  static final int READS_MAX = 64;
  static final int OF_HOST = 0x80000000;
  static final int SOCKET_PATH_MAX = 107;

  static final int BYTES = 66;
  static final int PASS = 67;
  static final int MAKE = 68;
  static final int ALTER = 69;
  static final int READ = 70;
  static final int DATA = 71;
  static final int WRITE = 72;
  static final int FAILED = 73;
  static final int CLOSE = 74;
  static final int PIPE_DATA = 75;
  static final int PIPE_END = 76;
  static final int CREDIT = 77;
  static final int LANE = 78;
  static final int LANE_READ = 79;
  static final int LANE_DATA = 80;
  static final int LANE_WRITE = 81;

  static final int MAKE_FILE = 1;
  static final int MAKE_PIPE_TO_READ = 2;
  static final int MAKE_PIPE_TO_WRITE = 3;
  static final int MAKE_LISTENER = 4;

  static final int READABLE = 1;
  static final int WRITABLE = 2;
  static final int LAST = 1;
  static final int OUT_ENDED = 1;
  static final int IN_ENDED = 2;

  /** {@code EMFILE}. */
  static final int NO_DESCRIPTORS = 24;

  /** {@code ENFILE}. */
  static final int NO_FILES = 23;

  /** {@code EPIPE}. */
  static final int BROKEN_PIPE = 32;

  private Frame() {}

  static ByteBuffer header(ByteBuffer out, int type, int handle, int tag, int bodyBytes) {
    return out.putInt(bodyBytes)
        .putShort((short) type)
        .putShort((short) 0)
        .putInt(handle)
        .putInt(tag);
  }

  /**
   * Checks that rows lie below 2^63.
   *
   * @throws IllegalArgumentException where they don't, or are none
   */
  static void checkRows(long offset, long strideBytes, int rowBytes, int rows) {
    boolean positive = offset >= 0 && strideBytes >= 0 && rowBytes > 0 && rows > 0;
    if (!positive || !isBelowLimit(offset, strideBytes, rowBytes, rows)) {
      throw new IllegalArgumentException(
          "%d rows of %d bytes at %d with a stride of %d are none"
              .formatted(rows, rowBytes, offset, strideBytes));
    }
  }

  private static boolean isBelowLimit(long offset, long strideBytes, int rowBytes, int rows) {
    long high = Math.multiplyHigh(strideBytes, rows - 1L);
    long between = strideBytes * (rows - 1L);
    return high == 0
        && between >= 0
        && offset <= Long.MAX_VALUE - rowBytes
        && between <= Long.MAX_VALUE - rowBytes - offset;
  }
}
