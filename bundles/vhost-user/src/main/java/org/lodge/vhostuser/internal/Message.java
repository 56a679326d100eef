package org.lodge.vhostuser.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.lodge.linux.Fd;

/**
 * A message as received: 12 bytes of header, in the order of the machine's bytes, and a payload
 * (vhost-user, "Message Specification"). It owns the descriptors that came with it until they are
 * taken; closing it closes the others.
 */
final class Message implements AutoCloseable {
  static final int HEADER_BYTES = 12;

  /** More than any message that is understood; a longer one puts the connection out of step. */
  static final int MAX_PAYLOAD_BYTES = 4096;

  private static final int VERSION_MASK = 3;
  private static final int VERSION = 1;
  private static final int REPLY = 4;
  private static final int NEED_REPLY = 8;
  private static final int REPLY_FLAGS = VERSION | REPLY;

  static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
  static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
  static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

  private final int id;
  private final int flags;
  private final MemorySegment payload;
  private final List<Fd> descriptors;

  Message(MemorySegment whole, List<Fd> descriptors) {
    this.id = whole.get(INT, 0);
    this.flags = whole.get(INT, 4);
    this.payload =
        MemorySegment.ofArray(whole.asSlice(HEADER_BYTES).toArray(ValueLayout.JAVA_BYTE));
    this.descriptors = new ArrayList<>(descriptors);
    Request known = Request.of(id);
    if (known == null || !known.carriesDescriptors(this)) {
      close();
    }
  }

  /** The payload's length as the header tells it, once that has been found sane. */
  static int payloadBytes(MemorySegment header) throws DisconnectedException {
    int untrustedFlags = header.get(INT, 4);
    if ((untrustedFlags & (VERSION_MASK | REPLY)) != VERSION) {
      throw new DisconnectedException(
          "not a request of version 1: flags %#x".formatted(untrustedFlags));
    }
    int untrustedBytes = header.get(INT, 8);
    if (untrustedBytes < 0 || untrustedBytes > MAX_PAYLOAD_BYTES) {
      throw new DisconnectedException(
          "a payload of %d bytes; at most %d make sense"
              .formatted(Integer.toUnsignedLong(untrustedBytes), MAX_PAYLOAD_BYTES));
    }
    return untrustedBytes;
  }

  int id() {
    return id;
  }

  int sizeBytes() {
    return (int) payload.byteSize();
  }

  int descriptorCount() {
    return descriptors.size();
  }

  boolean needsReply() {
    return (flags & NEED_REPLY) != 0;
  }

  int u16(int offset) {
    return payload.get(SHORT, offset) & 0xffff;
  }

  int i32(int offset) {
    return payload.get(INT, offset);
  }

  long i64(int offset) {
    return payload.get(LONG, offset);
  }

  byte[] bytes(int offset, int length) {
    return payload.asSlice(offset, length).toArray(ValueLayout.JAVA_BYTE);
  }

  /** Hands over the next descriptor; there is one, because the table was checked. */
  Fd takeDescriptor() {
    return descriptors.removeFirst();
  }

  /** The bytes of a reply to this message. */
  static MemorySegment reply(int id, byte[] payload) {
    return frame(id, REPLY_FLAGS, payload);
  }

  /** The bytes of a request to the front-end. */
  static MemorySegment request(int id, boolean needReply, byte[] payload) {
    return frame(id, VERSION | (needReply ? NEED_REPLY : 0), payload);
  }

  private static MemorySegment frame(int id, int flags, byte[] payload) {
    MemorySegment whole = Arena.ofAuto().allocate((long) HEADER_BYTES + payload.length, 8);
    whole.set(INT, 0, id);
    whole.set(INT, 4, flags);
    whole.set(INT, 8, payload.length);
    MemorySegment.copy(payload, 0, whole, ValueLayout.JAVA_BYTE, HEADER_BYTES, payload.length);
    return whole;
  }

  @Override
  public void close() {
    descriptors.forEach(Fd::close);
    descriptors.clear();
  }

  @Override
  public String toString() {
    Request known = Request.of(id);
    return known == null ? "request " + id : known.name();
  }
}
