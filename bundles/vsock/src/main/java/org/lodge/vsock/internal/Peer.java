package org.lodge.vsock.internal;

import org.lodge.vsock.link.GuestEnd;
import org.lodge.vsock.link.Payload;

/**
 * What a {@link Stream} is joined to: where its guest's bytes go, and where those for its guest
 * come from. Thread-safe.
 */
interface Peer {

  /**
   * Takes bytes of the stream's guest, as {@link GuestEnd#deliver} does. Called with the lock of
   * the stream's {@link Inbound}, so it calls nothing of the stream; where it takes less than all
   * it calls {@link Stream#pump} when it is worth trying again.
   */
  int deliver(Payload payload, int offset, int length, int messageFlags);

  /** Lets the far side see what was delivered. */
  void flushDelivered();

  /** The stream's guest has room again. */
  void pump();

  /** The stream's guest has said yes to the host. */
  default void answered() {}

  /** Whether the far side takes nothing any more. */
  boolean isGone();

  /** Whether no bytes for the stream's guest are left here. */
  boolean isEmpty();

  /** The stream's guest sends no more, and all of it has been delivered. May be called again. */
  void endOutput();

  /** The stream's guest reads no more. May be called again. */
  void endInput();

  /** The connection is broken. May be called again. */
  void reset();
}
