package org.lodge.vsock.internal;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.lodge.vsock.link.GuestEnd;
import org.lodge.vsock.link.Payload;

/** Fills a program's buffer, to its limit or to the end of a message. */
final class Reading implements Inbound.Sink {
  private final ByteBuffer into;
  private final MemorySegment target;
  private final int start;
  private boolean messageEnded;

  Reading(ByteBuffer into) {
    this.into = into;
    target = MemorySegment.ofBuffer(into);
    start = into.position();
  }

  @Override
  public int deliver(Payload payload, int offset, int length, int messageFlags) {
    if (messageEnded || length > 0 && !into.hasRemaining()) {
      return GuestEnd.NOTHING;
    }
    int count = Math.min(length, into.remaining());
    payload.copy(offset, target, into.position() - start, count);
    into.position(into.position() + count);
    messageEnded = messageFlags != 0 && count == length;
    return count;
  }

  boolean messageEnded() {
    return messageEnded;
  }
}
