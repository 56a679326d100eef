package org.lodge.device.vsock.internal;

import java.io.IOException;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which connections the guest knows, in a file that outlives this process. A guest that waits for
 * bytes sends nothing: were Lodge to die, it would never learn that its connection is no more. So
 * whoever serves it next resets what stands here, and an entry goes only once the guest was told:
 * it may be paused meanwhile, or the next Lodge die as well.
 *
 * <p>One entry has 16 bytes: 0 guest's port, 4 host's port, 8 type of the connection or 0 for none,
 * 12 nothing. The file is mapped, so an entry costs no system call.
 *
 * <p>Belongs to the lock of {@link Connections}.
 */
final class Ledger {
  private static final Logger LOG = LoggerFactory.getLogger(Ledger.class);
  private static final int ENTRY_BYTES = 16;
  private static final int TYPE_OFFSET = 8;
  static final int NO_ENTRY = -1;

  /**
   * A connection that an earlier process had with the guest.
   *
   * @param entry where it stands, until {@link #remove}
   */
  record Known(int guestPort, int hostPort, int wireType, int entry) {}

  private final Optional<Path> file;
  private final int entries;
  private final int[] free;
  private int freeCount;
  private MappedByteBuffer map;

  Ledger(Optional<Path> file, int entries) {
    this.file = file;
    this.entries = entries;
    this.free = new int[entries];
  }

  /** Takes over the file: gives what it has, which stays in it. */
  List<Known> open() {
    List<Known> known = new ArrayList<>();
    if (file.isEmpty()) {
      return known;
    }
    try (FileChannel channel =
        FileChannel.open(
            file.get(),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
      map = channel.map(FileChannel.MapMode.READ_WRITE, 0, (long) entries * ENTRY_BYTES);
      map.order(ByteOrder.LITTLE_ENDIAN);
    } catch (IOException e) {
      LOG.warn("If Lodge dies, connections of the guest may hang: {}", e.toString());
      return known;
    }
    freeCount = 0;
    for (int entry = entries - 1; entry >= 0; entry--) {
      int at = entry * ENTRY_BYTES;
      int type = map.getInt(at + TYPE_OFFSET);
      if (type != 0) {
        known.add(new Known(map.getInt(at), map.getInt(at + 4), type, entry));
      } else {
        free[freeCount++] = entry;
      }
    }
    return known;
  }

  /**
   * @return the entry's number, for {@link #remove}
   */
  int add(Connection connection) {
    if (map == null || freeCount == 0) {
      return NO_ENTRY;
    }
    int entry = free[--freeCount];
    int at = entry * ENTRY_BYTES;
    map.putInt(at, connection.guestPort);
    map.putInt(at + 4, connection.hostPort);
    VarHandle.releaseFence();
    map.putInt(at + TYPE_OFFSET, connection.type.wire());
    return entry;
  }

  void remove(int entry) {
    if (map != null && entry != NO_ENTRY) {
      map.putInt(entry * ENTRY_BYTES + TYPE_OFFSET, 0);
      free[freeCount++] = entry;
    }
  }

  /** Leaves the file as it is, to whoever comes next. */
  void leave() {
    map = null;
  }
}
