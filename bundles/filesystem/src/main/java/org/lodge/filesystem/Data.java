package org.lodge.filesystem;

import java.lang.foreign.MemorySegment;
import org.lodge.linux.IoVector;
import org.osgi.annotation.versioning.ProviderType;

/** The guest's memory that a read fills or a write takes, without a copy where possible. */
@ProviderType
public interface Data {

  /** At most 1 MiB more than a page. */
  int sizeBytes();

  /** Lets the list name the first bytes; false where they are in too many pieces for it. */
  boolean ranges(IoVector into, int sizeBytes);

  /** Copies bytes of a write. */
  void copyTo(int offset, MemorySegment into, long intoOffset, int sizeBytes);

  /** Copies bytes of a read. */
  void copyFrom(MemorySegment from, long fromOffset, int offset, int sizeBytes);
}
