package org.lodge.lane;

import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Lanes: disks that hold nothing. What one guest writes to a range of its lane that it was given
 * for that, another reads from the same range of its own. A disk, because every guest has a driver
 * for one, which moves megabytes by one request between the host and the pages of a program; a
 * virtio socket of Linux gives 4 KiB at a time.
 *
 * <p>An OSGi service; thread-safe. Nothing here waits.
 */
@ProviderType
public interface Lanes {
  /** Ranges begin and end at multiples of this, in bytes. */
  int SECTOR_BYTES = 512;

  /** What one range can have, in bytes. */
  int SLOT_BYTES = 64 << 20;

  /** The size of a lane, in bytes. */
  long LANE_BYTES = 1024L * SLOT_BYTES;

  /** By this serial a guest finds its lane among its disks. */
  String SERIAL = "lodge-lane";

  /**
   * Makes room for what a guest is to write.
   *
   * @param bytes a multiple of {@link #SECTOR_BYTES}, at most {@link #SLOT_BYTES}
   * @return empty where as much as a guest may have under way is: 128 MiB, in 64 slots
   */
  Optional<LaneSlot> open(String writer, int bytes);

  /**
   * Makes room for what the host writes and a guest is to read: {@link LaneSlot#use}, all of it,
   * then {@link LaneSlot#handTo}.
   *
   * @param bytes as of {@link #open}
   */
  Optional<LaneSlot> fill(String reader, int bytes);

  /** What the lane of a guest is for its device. */
  LaneEnd end(String guest);
}
