package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.NO_MEMORY;

import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlBuffer;
import org.lodge.wayland.protocol.opcode.WlDataSource;
import org.lodge.wayland.protocol.opcode.WlShmPool;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.ZwpPrimarySelectionSourceV1;

/**
 * What Lodge keeps in its own memory for one connection, out of what its guest may take. One
 * connection gets a quarter at most, so that no program takes all from the others of its guest.
 *
 * <p>Guarded by the lock of its connection.
 */
final class Heap {
  private static final int SHARE = 4;

  /** Buffers and threads of a connection, before it has any object. */
  private static final int CONNECTION_BYTES = 192 << 10;

  /** An object, its places in tables, and a small role. */
  static final int OBJECT_BYTES = 128;

  private final Account account;
  private final long mostOfGuest;
  private long takenBytes;

  /**
   * @param mostOfGuest in bytes
   */
  Heap(Account account, long mostOfGuest) {
    this.account = account;
    this.mostOfGuest = mostOfGuest;
  }

  /** What an object takes with all that is ever known of it, but for texts that are counted. */
  static int bytesOf(Interface type) {
    return switch (type.index()) {
      case WlSurface.INDEX -> 4096;
      case XdgSurface.INDEX -> 2048;
      case WlBuffer.INDEX -> 1536;
      case WlShmPool.INDEX -> 1024;
      case WlDataSource.INDEX, ZwpPrimarySelectionSourceV1.INDEX -> 512;
      default -> OBJECT_BYTES;
    };
  }

  /** What a text in a list takes. */
  static int bytesOf(String text) {
    return 64 + 2 * text.length();
  }

  /** Before the connection is served. */
  void begin() throws WaylandException {
    take(CONNECTION_BYTES);
  }

  void take(int bytes) throws WaylandException {
    boolean much = takenBytes + bytes > mostOfGuest / SHARE;
    if (much || !account.takeHeap(bytes, mostOfGuest)) {
      throw WaylandException.ofDisplay(
          NO_MEMORY,
          much
              ? "objects of more than " + mostOfGuest / SHARE + " bytes in Lodge"
              : "the guest's objects take more than " + mostOfGuest + " bytes of Lodge");
    }
    takenBytes += bytes;
  }

  /** Counts what is there already; if it is too much, the next that is asked for is refused. */
  void add(int bytes) {
    takenBytes += bytes;
    account.giveHeap(-bytes);
  }

  void give(int bytes) {
    takenBytes -= bytes;
    account.giveHeap(bytes);
  }

  /** The connection has ended. */
  void close() {
    account.giveHeap(takenBytes);
    takenBytes = 0;
  }
}
