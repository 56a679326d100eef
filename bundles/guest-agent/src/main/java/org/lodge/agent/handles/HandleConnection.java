package org.lodge.agent.handles;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A connection to a Unix socket in a guest: bytes in order both ways, descriptors as {@link
 * Handle}s in an order of their own, as {@code SCM_RIGHTS} has them.
 *
 * <p><b>Threads.</b> One thread is the receiver: only it may call {@link #receive}, {@link
 * #takeHandle}, {@link #readRows}, {@link #transferRows} and {@link #awaitTransfers}. While it
 * waits in any of them everything else that arrives is taken care of: pipes, credit, failures. All
 * other methods may be called by any thread; calls of one thread take effect in their order.
 *
 * <p><b>Order.</b> What is written to a file before bytes are sent is in place before the program
 * in the guest can read those bytes. A handle that is passed before bytes are sent arrives no later
 * than the first of them.
 *
 * <p><b>Flow.</b> A program that does not read lets {@link #queuedBytes} grow, up to a limit that
 * costs it its connection. What the program sends waits in the guest while {@link #receive} is not
 * called; at most 64 KiB of it are held here. An agent always takes rows, so writing files never
 * waits for a program. Ranges and rows are checked here against nothing but overflow; the file's
 * end is the guest's business.
 *
 * <p>Every method that throws {@link IOException} does so when the connection has ended.
 */
@ProviderType
public interface HandleConnection extends AutoCloseable {
  /** What is copied at least, in bytes, where rows go by whole sectors: {@link #transferRows}. */
  int SECTOR_BYTES = 512;

  /** Which end of a pipe the program in the guest gets. */
  enum PipeEnd {
    READ,
    WRITE
  }

  /** The guest's name. */
  String name();

  // Bytes and handles from the program.

  /**
   * Waits for bytes of the program and takes what is there.
   *
   * @return how many, at least 1 unless the buffer has no room; -1 once the program sends no more
   */
  int receive(ByteBuffer into) throws IOException;

  /**
   * The next descriptor in the order in which the program sent them, or null where none is here.
   * Descriptors may be here before the bytes that speak of them, never later. The handle belongs to
   * the caller, who closes it.
   */
  Handle takeHandle();

  /** How many descriptors {@link #takeHandle} would give. */
  int waitingHandles();

  // Bytes and handles to the program.

  /**
   * Sends all bytes from position to limit, with everything that was held back. Does not wait for
   * the program: what it has no room for is queued.
   *
   * @throws IOException also where the queue would exceed its limit; the connection is reset then
   */
  void send(ByteBuffer bytes) throws IOException;

  /**
   * Passes the descriptor to the program with the next bytes that are sent. Handles of this
   * connection only, made here or received here; each as often as wanted. The caller's handle stays
   * open: for a pipe it is the other end.
   */
  void pass(Handle handle) throws IOException;

  /** Sends what may have been held back: rows, sizes, and passed handles wait for company. */
  void flush() throws IOException;

  /** How many bytes wait because the program does not read. */
  int queuedBytes();

  /** Waits until at most so many bytes are queued. Not for the receiver of this connection. */
  void awaitQueuedBytes(int atMost) throws IOException;

  /** Says that no more bytes will be sent; the program reads an end of file after the queue. */
  void endOutput() throws IOException;

  // Things to pass. Nothing here waits for the guest; what fails there shows later. There may be
  // too
  // many of them: TooManyHandlesException. Where the agent finds that, it ends the connection.

  /**
   * A new memory file of zeros, in the agent, sealed against shrinking.
   *
   * @param sealed also against growing
   */
  FileHandle makeFile(long sizeBytes, boolean sealed) throws IOException;

  /** A new pipe, whose given end can be passed once; the host has the other one. */
  PipeHandle makePipe(PipeEnd passed) throws IOException;

  /**
   * A new listening Unix socket. The agent removes the path when the handle is closed.
   *
   * @param path absolute, at most 107 bytes
   */
  Handle makeListener(String path) throws IOException;

  // Rows: parts of files that lie at equal distances, as pictures have them.

  /**
   * Writes rows to a file. May be held back until {@link #send} or {@link #flush}.
   *
   * @param offset of the first row in bytes
   * @param strideBytes from one row's begin to the next one's
   * @param packed rows one after the other, {@code rows * rowBytes} bytes from its position
   */
  void writeRows(
      FileHandle to, long offset, long strideBytes, int rowBytes, int rows, ByteBuffer packed)
      throws IOException;

  /**
   * Reads rows of a file, and waits for them.
   *
   * @return how many bytes came: fewer than asked where the file ends before, or can't be read
   */
  long readRows(
      FileHandle from, long offset, long strideBytes, int rowBytes, int rows, ByteBuffer into)
      throws IOException;

  /**
   * Begins to copy rows of a file of this connection to a file of any other. Several may be begun
   * before {@link #awaitTransfers}; they cost one round trip together.
   *
   * <p>Rows without gaps go by {@linkplain org.lodge.lane.Lanes lanes} where the guests have them
   * and both offsets are alike modulo {@link org.lodge.lane.Lanes#SECTOR_BYTES}; then the rest of
   * the first and of the last sector is copied, too. Who does not want that has to choose other
   * offsets.
   */
  void transferRows(
      FileHandle from,
      long fromOffset,
      long fromStrideBytes,
      FileHandle to,
      long toOffset,
      long toStrideBytes,
      int rowBytes,
      int rows)
      throws IOException;

  /**
   * Waits until all transfers that were begun have been handed to the other connection, where they
   * may be held back until it sends.
   *
   * @return how many bytes were missing because a source had ended or could not be read; 0 for
   *     success
   */
  long awaitTransfers() throws IOException;

  // The end.

  /** Whether it has not ended. */
  boolean isOpen();

  /** Ends in order: what was sent still arrives, and open pipes run dry. Idempotent, waits not. */
  @Override
  void close();

  /**
   * Ends at once; the program sees its socket closed. Idempotent.
   *
   * @param why for people on the host
   */
  void reset(String why);
}
