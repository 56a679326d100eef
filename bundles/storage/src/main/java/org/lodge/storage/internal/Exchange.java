package org.lodge.storage.internal;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.Name;
import org.lodge.vsock.VsockStream;

/** One FUSE request to a storage guest and the answer to it. Reused; one asker at a time. */
final class Exchange {
  static final int HEADER_BYTES = 40;
  private static final int ROOM = 72 << 10;

  /** {@code SHARE_TELLS} of the agent. */
  private static final int TELLS = 0x10000;

  private static final int TELLS_AT = 36;

  private final ByteBuffer out = buffer();
  private final ByteBuffer in = buffer();
  private final MemorySegment outMemory = MemorySegment.ofBuffer(out);
  private final MemorySegment inMemory = MemorySegment.ofBuffer(in);
  private Data data;
  private boolean reads;
  private int least;
  private int most;
  private int opcode;
  private Link link;
  private long unique;
  private long startedNanos;
  private boolean over;
  private boolean answered;
  private int error;
  private int length;

  private static ByteBuffer buffer() {
    return ByteBuffer.allocateDirect(ROOM).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * Starts a request.
   *
   * @param node as the guest counts
   * @param leastBytes that the answer must have, without its header
   * @param mostBytes that it may have
   */
  ByteBuffer request(int opcode, long node, int uid, int gid, int leastBytes, int mostBytes) {
    this.opcode = opcode;
    least = leastBytes;
    most = mostBytes;
    data = null;
    out.clear().position(4);
    out.putInt(opcode).putLong(0).putLong(node).putInt(uid).putInt(gid).putInt(0).putInt(0);
    return out;
  }

  /** The answer may end with the attributes of the request's node. */
  void tells() {
    out.putInt(TELLS_AT, TELLS);
    most += Replies.ATTRIBUTES_BYTES;
  }

  /** Where those attributes are; -1 where the guest has not told them. */
  int attributesAt() {
    return length == least + Replies.ATTRIBUTES_BYTES ? least : -1;
  }

  /** Where the request goes on. */
  ByteBuffer out() {
    return out;
  }

  void name(Name name) {
    put(name);
    out.put((byte) 0);
  }

  private void put(Name name) {
    for (int i = 0; i < name.length(); i++) {
      out.put(name.at(i));
    }
  }

  /** A node's name; false where it has none. */
  boolean name(RemoteNodes nodes, long id) {
    int length = nodes.name(id, outMemory.asSlice(out.position()));
    out.position(out.position() + length + 1);
    return length > 0;
  }

  void bytes(MemorySegment from, int count) {
    MemorySegment.copy(from, 0, MemorySegment.ofBuffer(out), 0, count);
    out.position(out.position() + count);
  }

  /** The data that follow the request. */
  void writes(Data from) {
    data = from;
    reads = false;
  }

  /** Where the answer's bytes go. */
  void readsInto(Data into) {
    data = into;
    reads = true;
  }

  void begin(Link link, long unique) {
    this.link = link;
    this.unique = unique;
    synchronized (this) {
      over = false;
      answered = false;
      startedNanos = System.nanoTime();
    }
    int dataBytes = data == null || reads ? 0 : data.sizeBytes();
    out.putInt(0, out.position() + dataBytes).putLong(8, unique);
  }

  /** The request without its data. */
  ByteBuffer head() {
    return out.duplicate().flip();
  }

  void writeDataTo(VsockStream stream) throws IOException {
    if (data != null && !reads) {
      for (int at = 0; at < data.sizeBytes(); ) {
        ByteBuffer piece = data.from(at);
        at += piece.remaining();
        stream.write(piece);
      }
    }
  }

  /** Who was asked last. */
  Link link() {
    return link;
  }

  long unique() {
    return unique;
  }

  synchronized long startedNanos() {
    return startedNanos;
  }

  int leastBytes() {
    return least;
  }

  int mostBytes() {
    return most;
  }

  /** Where the answer's bytes from {@code at} on go, as many as lie together of {@code total}. */
  ByteBuffer room(int at, int total) {
    if (data == null || !reads) {
      return in.clear().limit(total).position(at);
    }
    ByteBuffer piece = data.from(at);
    return piece.limit(Math.min(piece.limit(), piece.position() + total - at));
  }

  synchronized void complete(int error, int lengthBytes) {
    this.error = error;
    length = lengthBytes;
    answered = true;
    over = true;
    notify();
  }

  /** There will be no answer. */
  synchronized void lose() {
    over = true;
    notify();
  }

  /** False where there is no answer. */
  synchronized boolean await() {
    boolean interrupted = false;
    while (!over) {
      try {
        wait();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    return answered;
  }

  /** 0, or negated. */
  int error() {
    return error;
  }

  /** How many bytes the answer has, without its header. */
  int length() {
    return length;
  }

  int getInt(int at) {
    return in.getInt(at);
  }

  long getLong(int at) {
    return in.getLong(at);
  }

  /** The answer's bytes, where they did not go elsewhere. */
  MemorySegment memory() {
    return inMemory;
  }

  /** Copies all of them; returns how many. */
  long copyTo(MemorySegment into) {
    MemorySegment.copy(inMemory, 0, into, 0, length);
    return length;
  }

  byte getByte(int at) {
    return inMemory.get(ValueLayout.JAVA_BYTE, at);
  }

  @Override
  public String toString() {
    return opcode + ":" + unique;
  }
}
