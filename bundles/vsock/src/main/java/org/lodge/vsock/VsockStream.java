package org.lodge.vsock;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The host's end of one connection with a guest.
 *
 * <p>Nothing is queued without a bound: {@link #write} copies straight into the guest's memory and
 * waits while the guest has no room, and what the guest may send ahead of {@link #read} is limited
 * by the credit that it was given. One thread may read while another writes; {@link #close} and
 * {@link #reset} may come from any thread and end both. Waiting is fine on virtual threads.
 */
@ProviderType
public interface VsockStream extends AutoCloseable {

  String guest();

  /** The port on the guest's side, from 0 to 2^32 - 1. */
  long guestPort();

  /** The port on the host's side, from 0 to 2^32 - 1. */
  long hostPort();

  VsockType type();

  /**
   * Waits for bytes and takes what is there, at most as many as fit. With {@link
   * VsockType#SEQPACKET} never beyond the end of a message.
   *
   * @return how many, which is 0 only for an empty message or an empty buffer; -1 once the guest
   *     will send no more
   * @throws VsockException where the connection was reset
   */
  int read(ByteBuffer into) throws IOException;

  /** Whether the last {@link #read} reached the end of a message. */
  boolean messageEnded();

  /** How many bytes {@link #read} would give without waiting. */
  int available();

  /**
   * Gives the guest all bytes from position to limit, as one message where the type is {@link
   * VsockType#SEQPACKET}, and waits until it has room for them.
   *
   * @throws VsockException where the connection was reset or the guest reads no more; part of the
   *     bytes may have gone then
   */
  void write(ByteBuffer from) throws IOException;

  /**
   * Whether bytes can go on from here to another stream with {@link #moveTo}: both are of this
   * transport and carry {@link VsockType#STREAM}.
   */
  default boolean movesTo(VsockStream to) {
    return false;
  }

  /**
   * Waits for bytes and takes none.
   *
   * @return how many are here, at least 1; -1 once the guest will send no more
   * @throws VsockException where the connection was reset
   */
  default int await() throws IOException {
    throw new UnsupportedOperationException("await of " + this);
  }

  /**
   * Moves bytes that are here on to another stream, from one guest's memory to the other's with one
   * copy, and waits until that has room for them; as a {@link #read} here and a {@link #write}
   * there.
   *
   * @param bytes at most as many as {@link #await} found
   * @throws VsockException where either connection was reset; part of the bytes may have gone then,
   *     and the rest is taken off this stream and lost
   */
  default void moveTo(VsockStream to, int bytes) throws IOException {
    throw new UnsupportedOperationException("moveTo of " + this);
  }

  /** Says that nothing more will be written; the guest reads an end of file. */
  void shutdownOutput();

  /** Says that nothing more will be read; what still comes is thrown away. */
  void shutdownInput();

  /** Ends at once; both sides see a reset. */
  void reset();

  /** Ends in order; where bytes of the guest were left unread it is told by a reset. */
  @Override
  void close();
}
