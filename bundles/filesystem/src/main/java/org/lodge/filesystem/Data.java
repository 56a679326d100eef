package org.lodge.filesystem;

import java.nio.ByteBuffer;
import org.lodge.linux.IoVector;
import org.osgi.annotation.versioning.ProviderType;

/** The guest's memory that a read fills or a write takes, without a copy where possible. */
@ProviderType
public interface Data {

  /** At most 1 MiB more than a page. */
  int sizeBytes();

  /** Lets the list name the first bytes; false where they are in too many pieces for it. */
  boolean ranges(IoVector into, int sizeBytes);

  /**
   * The bytes from an offset on that lie together, from position to limit, little-endian; at least
   * one and none beyond {@link #sizeBytes}. Position and limit are the caller's to move; the next
   * call may give the same buffer. Cheap where the offset only grows.
   */
  ByteBuffer from(int offset);
}
