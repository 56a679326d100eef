package org.lodge.virtio;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One request: bytes that the device reads, followed by bytes that it writes (virtio 1.2 section
 * 2.6). Addresses and lengths are copies that no driver can change any more; the bytes themselves
 * lie in guest memory and may change at any time: read each once, then check the copy.
 *
 * <p>The bytes are reached as one stream by offset ({@link #read}, {@link #write}), or piece by
 * piece without a copy. A piece is contiguous in host memory; how many there are says nothing about
 * the descriptors, as neighbours are joined and ranges over two memory regions split. Pieces {@code
 * 0} to {@code readablePieces() - 1} are readable, then come {@code writablePieces()} writable
 * ones.
 *
 * <p>The object is reused: it must not be touched after {@link #complete}, {@link #completeBatched}
 * or {@link #handBack}. Used by one thread at a time. Nothing here allocates once warm.
 */
@ProviderType
public interface DescriptorChain {

  /** A number below the queue's size, of which no other chain that is out has the same. */
  int slot();

  /**
   * Whether an earlier process had this request already, and died before it answered: it may have
   * executed it.
   */
  default boolean isRepeat() {
    return false;
  }

  /** How many bytes the driver lets the device read, below 2^32. */
  long readableBytes();

  /** How many bytes the driver lets the device write, below 2^32. */
  long writableBytes();

  int readablePieces();

  int writablePieces();

  /** The length of a piece in bytes, at least 1. */
  int pieceBytes(int piece);

  /** The host address of a piece, valid until the chain is completed; for system calls only. */
  long pieceAddress(int piece);

  /** The memory that holds a piece, at {@link #pieceOffset}. */
  MemorySegment pieceMemory(int piece);

  /** Where in {@link #pieceMemory} the piece begins, in bytes. */
  long pieceOffset(int piece);

  /**
   * A view of a piece, direct and little-endian, from position to limit. It belongs to the chain
   * and is valid until the next call of this: the same object may come back for another piece.
   */
  ByteBuffer pieceBuffer(int piece);

  /**
   * Copies from the readable bytes.
   *
   * @param offset in the readable bytes
   * @throws IndexOutOfBoundsException where the range is not within them: check first
   */
  void read(long offset, byte[] into, int intoOffset, int length);

  /**
   * Copies into the writable bytes.
   *
   * @param offset in the writable bytes
   * @throws IndexOutOfBoundsException where the range is not within them: check first
   */
  void write(long offset, byte[] from, int fromOffset, int length);

  /**
   * Gives the request back to the driver as done, and tells it. Within {@link Device#serve} on its
   * own thread this waits for the end of the batch; elsewhere it is seen at once. From any thread.
   * Dropped in silence where the queue has been closed meanwhile.
   *
   * @param writtenBytes how many of the writable bytes were written, from the first on without a
   *     gap
   */
  void complete(long writtenBytes);

  /** As {@link #complete}, but seen by the driver only after {@link Virtqueue#publish}. */
  void completeBatched(long writtenBytes);

  /**
   * Gives the request back to the queue as not begun; the next {@link Virtqueue#poll} after a start
   * of the queue has it again. For {@link Device#stopQueue}.
   */
  void handBack();
}
