package org.lodge.lane;

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

  /**
   * What was written, for the host; until this is closed. Before its position there is room for 4
   * KiB, which may be used.
   */
  ByteBuffer bytes();

  /**
   * Lets a guest read it, once, and nobody write it any more. It is over when all has been read.
   *
   * @throws IllegalStateException where it is not whole
   */
  void handTo(String reader);

  /** Whether it was read or closed. */
  boolean isOver();

  /** Who still reads or writes it has an I/O error. Idempotent. */
  @Override
  void close();
}
