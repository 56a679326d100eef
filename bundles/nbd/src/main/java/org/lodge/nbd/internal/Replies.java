package org.lodge.nbd.internal;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import org.lodge.connect.ByteStream;

/**
 * Takes a server's replies ({@code proto.md}, "Simple reply message" and "Structured reply chunk
 * message"). Nothing of a reply reaches the guest before it is known to answer a request that
 * waits, and where its bytes belong; all lengths are checked against that request. Whatever is
 * wrong ends the connection. One thread; allocates nothing.
 */
final class Replies {
  private static final int BUFFER_BYTES = 64 << 10;

  /** From here on data goes straight into the guest's memory. */
  private static final int DIRECT_BYTES = 16 << 10;

  private static final int ERROR_TEXT_MOST = 4096;

  /** What the replies are to. */
  interface Requests {
    /** The request that waits for this; null where there is none. */
    Slot find(long untrustedCookie);

    void answered(Slot slot, int errno);

    /** Nothing more has come at the moment. */
    void quiet();
  }

  private final ByteStream stream;
  private final boolean structured;
  private final Requests requests;
  private final ByteBuffer in = ByteBuffer.allocateDirect(BUFFER_BYTES).flip();

  Replies(ByteStream stream, boolean structured, Requests requests) {
    this.stream = stream;
    this.structured = structured;
    this.requests = requests;
  }

  /** Takes replies until the connection ends; always throws. */
  void takeAll() throws IOException {
    while (true) {
      need(4);
      int untrustedMagic = in.getInt();
      if (untrustedMagic == Nbd.SIMPLE_REPLY_MAGIC) {
        simple();
      } else if (untrustedMagic == Nbd.CHUNK_MAGIC && structured) {
        chunk();
      } else {
        throw new IOException("its answer begins with %#x".formatted(untrustedMagic));
      }
    }
  }

  private void simple() throws IOException {
    need(Nbd.SIMPLE_REPLY_BYTES - 4);
    int untrustedError = in.getInt();
    Slot slot = slot(in.getLong());
    if (slot.command == Nbd.CMD_READ) {
      if (structured) {
        throw new IOException("it answers a read without chunks after it has agreed to them");
      }
      if (untrustedError == 0) {
        data(slot, 0, slot.bytes);
      }
    }
    end(slot, untrustedError == 0 ? slot.errno : errno(untrustedError));
  }

  private void chunk() throws IOException {
    need(Nbd.CHUNK_BYTES - 4);
    int untrustedFlags = in.getShort() & 0xffff;
    int untrustedType = in.getShort() & 0xffff;
    Slot slot = slot(in.getLong());
    int untrustedLength = in.getInt();
    boolean last = (untrustedFlags & Nbd.CHUNK_DONE) != 0;
    switch (untrustedType) {
      case Nbd.CHUNK_NONE -> {
        if (untrustedLength != 0 || !last) {
          throw wrong(slot, untrustedType, untrustedLength);
        }
      }
      case Nbd.CHUNK_OFFSET_DATA -> dataChunk(slot, untrustedLength);
      case Nbd.CHUNK_OFFSET_HOLE -> holeChunk(slot, untrustedLength);
      case Nbd.CHUNK_ERROR -> errorChunk(slot, untrustedLength, 0);
      case Nbd.CHUNK_ERROR_OFFSET -> errorChunk(slot, untrustedLength, 8);
      default -> throw wrong(slot, untrustedType, untrustedLength);
    }
    if (last) {
      if (slot.command == Nbd.CMD_READ && slot.errno == 0 && !slot.coverage.isWhole(slot.bytes)) {
        throw new IOException("its answer to a read of %d bytes has gaps".formatted(slot.bytes));
      }
      end(slot, slot.errno);
    }
  }

  private Slot slot(long untrustedCookie) throws IOException {
    Slot slot = requests.find(untrustedCookie);
    if (slot == null) {
      throw new IOException("it answers nothing that was asked: %#x".formatted(untrustedCookie));
    }
    return slot;
  }

  private static IOException wrong(Slot slot, int type, int length) {
    return new IOException(
        "its answer to command %d on %d bytes is wrong: chunk type %#x of %d bytes"
            .formatted(slot.command, slot.bytes, type, length));
  }

  private void dataChunk(Slot slot, int untrustedLength) throws IOException {
    if (slot.command != Nbd.CMD_READ || untrustedLength <= 8 || untrustedLength > slot.bytes + 8) {
      throw wrong(slot, Nbd.CHUNK_OFFSET_DATA, untrustedLength);
    }
    need(8);
    int length = untrustedLength - 8;
    int at = place(slot, in.getLong(), length);
    data(slot, at, length);
  }

  private void holeChunk(Slot slot, int untrustedLength) throws IOException {
    if (slot.command != Nbd.CMD_READ || untrustedLength != 12) {
      throw wrong(slot, Nbd.CHUNK_OFFSET_HOLE, untrustedLength);
    }
    need(12);
    long untrustedOffset = in.getLong();
    int untrustedHole = in.getInt();
    if (untrustedHole <= 0 || untrustedHole > slot.bytes) {
      throw wrong(slot, Nbd.CHUNK_OFFSET_HOLE, untrustedHole);
    }
    zero(slot, place(slot, untrustedOffset, untrustedHole), untrustedHole);
  }

  /** Where in the request's memory a part belongs. */
  private static int place(Slot slot, long untrustedOffset, int length) throws IOException {
    long at = untrustedOffset - slot.offset;
    if (at < 0 || at > slot.bytes - length || !slot.coverage.add((int) at, (int) at + length)) {
      throw new IOException(
          "its answer to a read of %d bytes at %d has %d bytes at %d"
              .formatted(slot.bytes, slot.offset, length, untrustedOffset));
    }
    return (int) at;
  }

  private void errorChunk(Slot slot, int untrustedLength, int after) throws IOException {
    if (untrustedLength < 6 + after || untrustedLength > 6 + after + ERROR_TEXT_MOST) {
      throw wrong(slot, Nbd.CHUNK_ERROR, untrustedLength);
    }
    need(6);
    int untrustedError = in.getInt();
    int untrustedText = in.getShort() & 0xffff;
    if (untrustedText != untrustedLength - 6 - after || untrustedError == 0) {
      throw wrong(slot, Nbd.CHUNK_ERROR, untrustedLength);
    }
    skip(untrustedText + after);
    if (slot.errno == 0) {
      slot.errno = errno(untrustedError);
    }
  }

  /** The numbers that the protocol knows are Linux's; others mean no more than a failure. */
  private static int errno(int untrustedError) {
    return switch (untrustedError) {
      case 0, 1, 5, 12, 22, 28, 75, 95, Nbd.ESHUTDOWN -> untrustedError;
      default -> Nbd.EIO;
    };
  }

  private void end(Slot slot, int errno) throws IOException {
    if (errno == Nbd.ESHUTDOWN) {
      throw new IOException("it is about to end");
    }
    requests.answered(slot, errno);
  }

  /** Moves data of a read to where the guest wants it. */
  private void data(Slot slot, int from, int length) throws IOException {
    int end = from + length;
    for (int at = from; at < end; ) {
      if (!in.hasRemaining() && end - at < DIRECT_BYTES) {
        refill(1);
      }
      at += in.hasRemaining() ? take(slot, at, end - at) : receive(slot, at, end - at);
    }
  }

  /** Memory that has gone costs its own request; the bytes are passed over. */
  private int take(Slot slot, int at, int most) {
    int begin = in.position();
    int limit = in.limit();
    int part = Math.min(most, limit - begin);
    try {
      ByteBuffer memory = slot.io.memory(at);
      part = Math.min(part, memory.remaining());
      memory.put(in.limit(begin + part));
    } catch (InternalError e) {
      slot.errno = Nbd.EIO;
    }
    in.limit(limit).position(begin + part);
    return part;
  }

  /** Straight from the connection; the guest's memory may go at any time. */
  private int receive(Slot slot, int at, int most) throws IOException {
    try {
      ByteBuffer memory = slot.io.memory(at);
      memory.limit(Math.min(memory.limit(), memory.position() + most));
      requests.quiet();
      int count = stream.read(memory);
      if (count < 0) {
        throw new EOFException("it has closed the connection");
      }
      return count;
    } catch (InternalError e) {
      slot.errno = Nbd.EIO;
      requests.answered(slot, Nbd.EIO);
      throw new IOException("the guest's memory has gone in the middle of an answer");
    }
  }

  private void zero(Slot slot, int from, int length) {
    try {
      for (int at = from; at < from + length; ) {
        ByteBuffer memory = slot.io.memory(at);
        int part = Math.min(from + length - at, memory.remaining());
        for (int i = 0; i < part; i++) {
          memory.put((byte) 0);
        }
        at += part;
      }
    } catch (InternalError e) {
      slot.errno = Nbd.EIO;
    }
  }

  private void skip(int bytes) throws IOException {
    for (int left = bytes; left > 0; ) {
      need(1);
      int part = Math.min(left, in.remaining());
      in.position(in.position() + part);
      left -= part;
    }
  }

  private void need(int bytes) throws IOException {
    if (in.remaining() < bytes) {
      refill(bytes);
    }
  }

  private void refill(int bytes) throws IOException {
    in.compact();
    try {
      while (in.position() < bytes) {
        requests.quiet();
        if (stream.read(in) < 0) {
          throw new EOFException("it has closed the connection");
        }
      }
    } finally {
      in.flip();
    }
  }
}
