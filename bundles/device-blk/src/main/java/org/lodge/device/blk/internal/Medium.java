package org.lodge.device.blk.internal;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.lodge.virtio.Counter;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.RingException;
import org.lodge.virtio.Virtqueue;

/** What is behind a disk: a file or block device of the host, or a disk that is kept elsewhere. */
interface Medium extends AutoCloseable {

  /** Takes the requests of one queue. */
  interface QueueServer extends AutoCloseable {
    void serve() throws RingException;

    @Override
    void close();
  }

  /** What a person calls it. */
  String name();

  long sectors();

  /** To which requests must be aligned, in bytes; 512 or more. */
  int leastBlockBytes();

  /** To which they should be. */
  int blockBytes();

  boolean discards();

  boolean zeroes();

  /** Whether each write must be durable before it is answered. */
  void writeThrough(boolean on);

  boolean writeThrough();

  QueueServer serverOf(Virtqueue queue);

  /** As {@link org.lodge.virtio.Device#stopQueue}. */
  boolean stopQueue(Virtqueue queue, Duration limit);

  /** Does the command {@code resize} ({@link BlkDevice#controls}). */
  void resize(DeviceConfig arguments) throws DeviceException;

  /** Why it can't be used at present. */
  Optional<String> trouble();

  /** What a person should know of it though it can be used. */
  default Optional<String> remark() {
    return Optional.empty();
  }

  List<Counter> counters();

  @Override
  void close();

  /** Whether a range lies on a medium of so many sectors. */
  static boolean holds(long sectors, long untrustedSector, long untrustedBytes) {
    long count = untrustedBytes >>> Blk.SECTOR_SHIFT;
    return (untrustedBytes & Blk.SECTOR_BYTES - 1) == 0
        && untrustedSector >= 0
        && untrustedSector <= sectors
        && count <= sectors - untrustedSector;
  }
}
