package org.lodge.lane;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.osgi.annotation.versioning.ProviderType;

/** Bytes on their way from one guest to another, or to the host. Thread-safe. */
@ProviderType
public interface LaneSlot extends AutoCloseable {

  /** Where it is in the lanes of both guests, in bytes. */
  long position();

  /** How many bytes the writer has written from the begin on without a gap. */
  int writtenBytes();

  /** Whether the writer has written all of it. */
  boolean isWhole();

  /** What the host does with what is in it. */
  interface Use {

    /**
     * @param bytes from position to limit; before the position there is room for 4 KiB, which may
     *     be used. Not to be touched later
     */
    void with(ByteBuffer bytes) throws IOException;
  }

  /**
   * Lets the host read or fill it, while no guest writes it. Whoever closes it meanwhile does not
   * wait, and its memory is not used for anything else before this returns. By one thread at a
   * time.
   *
   * @return false where it is over already
   */
  boolean use(Use use) throws IOException;

  /**
   * Lets a guest read it, once, and nobody write it any more. It is over when all has been read.
   *
   * @return false where it is over already
   * @throws IllegalStateException where it is not whole
   */
  boolean handTo(String reader);

  /** Whether it was read or closed. */
  boolean isOver();

  /** Who still reads or writes it has an I/O error. Idempotent. */
  @Override
  void close();
}
