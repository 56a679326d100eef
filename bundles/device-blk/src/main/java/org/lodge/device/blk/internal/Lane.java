package org.lodge.device.blk.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.lodge.linux.IoVector;

/** What one thread needs to execute requests without allocating. */
final class Lane {
  static final int BOUNCE_BYTES = 256 * 1024;

  final IoVector vector = new IoVector();
  final Ranges ranges = new Ranges();
  final byte[] status = new byte[1];

  /** Whether answers wait for the queue to be published. */
  final boolean batches;

  private MemorySegment bounce;

  Lane() {
    this(false);
  }

  Lane(boolean batches) {
    this.batches = batches;
  }

  /** Aligned memory of {@link #BOUNCE_BYTES}, made when first needed. */
  MemorySegment bounce() {
    if (bounce == null) {
      bounce = Arena.ofAuto().allocate(BOUNCE_BYTES, 4096);
    }
    return bounce;
  }
}
