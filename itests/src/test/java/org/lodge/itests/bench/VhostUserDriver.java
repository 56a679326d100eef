package org.lodge.itests.bench;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.GuestArena;

/**
 * The monitor's side of vhost-user and the guest's driver in one: a disk's first queue, set up as
 * QEMU does it, with an inflight area.
 */
final class VhostUserDriver implements AutoCloseable {
  private static final int GET_FEATURES = 1;
  private static final int SET_FEATURES = 2;
  private static final int SET_OWNER = 3;
  private static final int SET_MEM_TABLE = 5;
  private static final int SET_VRING_NUM = 8;
  private static final int SET_VRING_ADDR = 9;
  private static final int SET_VRING_BASE = 10;
  private static final int GET_VRING_BASE = 11;
  private static final int SET_VRING_KICK = 12;
  private static final int SET_VRING_CALL = 13;
  private static final int GET_PROTOCOL_FEATURES = 15;
  private static final int SET_PROTOCOL_FEATURES = 16;
  private static final int SET_VRING_ENABLE = 18;
  private static final int GET_CONFIG = 24;
  private static final int SET_CONFIG = 25;
  private static final int GET_INFLIGHT_FD = 31;
  private static final int SET_INFLIGHT_FD = 32;

  static final long BLK_F_FLUSH = 1L << 9;
  static final long BLK_F_CONFIG_WCE = 1L << 11;
  private static final long PROTOCOL_FEATURES = 1L << 30;
  private static final long RING_FEATURES = 1L << 32 | 1L << 29 | 1L << 28;
  private static final long PROTOCOL_CONFIG = 1L << 9;
  private static final long PROTOCOL_INFLIGHT = 1L << 12;

  private static final long USER = 0x7f00_0000_0000L;
  private static final int CONFIG_BYTES = 57;
  private static final int CONFIG_WRITEBACK = 32;
  private static final int LIMIT_MILLIS = 10_000;

  final GuestArena guest;
  final DriverQueue queue;
  final EventFd kick;
  final EventFd call;

  /** What both sides agreed on. */
  final long features;

  final long sectors;

  /** Whether the disk said that it has a cache that is written back at a flush. */
  final boolean writeback;

  private final UnixStreamSocket socket;
  private final List<Fd> received = new ArrayList<>();

  VhostUserDriver(Path path, int queueSize, DriverMemory memory) throws IOException {
    socket = UnixStreamSocket.connect(path);
    guest = memory.guest;
    kick = EventFd.create();
    call = EventFd.create();

    long wanted = RING_FEATURES | BLK_F_FLUSH | BLK_F_CONFIG_WCE;
    features = askLong(GET_FEATURES) & (wanted | PROTOCOL_FEATURES);
    long protocol = askLong(GET_PROTOCOL_FEATURES) & (PROTOCOL_CONFIG | PROTOCOL_INFLIGHT);
    tell(SET_PROTOCOL_FEATURES, bytes(8).putLong(protocol));
    tell(SET_OWNER, bytes(0));
    tell(SET_FEATURES, bytes(8).putLong(features));
    // qemu-storage-daemon has a write-back cache from the start and says that it has none.
    tell(SET_CONFIG, bytes(13).putInt(CONFIG_WRITEBACK).putInt(1).putInt(0).put((byte) 1));
    ByteBuffer config =
        ask(GET_CONFIG, bytes(12 + CONFIG_BYTES).putInt(0).putInt(CONFIG_BYTES).putInt(0));
    sectors = config.getLong(12);
    writeback = config.get(12 + CONFIG_WRITEBACK) != 0;
    if ((protocol & PROTOCOL_INFLIGHT) != 0) {
      shareInflight(queueSize);
    }
    tell(
        SET_MEM_TABLE,
        bytes(40)
            .putInt(1)
            .putInt(0)
            .putLong(DriverMemory.GUEST)
            .putLong(DriverMemory.BYTES)
            .putLong(USER)
            .putLong(0),
        memory.file);
    queue = DriverQueue.create(guest, queueSize, features);
    queue.useIndirect(true);
    startQueue();
  }

  private void shareInflight(int queueSize) throws IOException {
    ByteBuffer reply =
        ask(
            GET_INFLIGHT_FD,
            bytes(24).putLong(0).putLong(0).putShort((short) 1).putShort((short) queueSize));
    tell(SET_INFLIGHT_FD, bytes(24).put(reply.duplicate().position(0)), received.removeLast());
  }

  private void startQueue() throws LinuxException {
    var setup = queue.setup(0);
    long delta = USER - DriverMemory.GUEST;
    tell(SET_VRING_NUM, bytes(8).putInt(0).putInt(queue.size()));
    tell(SET_VRING_BASE, bytes(8).putInt(0).putInt(0));
    tell(
        SET_VRING_ADDR,
        bytes(40)
            .putInt(0)
            .putInt(0)
            .putLong(setup.descriptorArea() + delta)
            .putLong(setup.deviceArea() + delta)
            .putLong(setup.driverArea() + delta)
            .putLong(0));
    tell(SET_VRING_KICK, bytes(8).putLong(0), kick);
    tell(SET_VRING_CALL, bytes(8).putLong(0), call);
    tell(SET_VRING_ENABLE, bytes(8).putInt(0).putInt(1));
  }

  private static ByteBuffer bytes(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
  }

  private void tell(int request, ByteBuffer payload, Fd... fds) throws LinuxException {
    byte[] bytes = payload.array();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment frame = arena.allocate(12L + bytes.length, 8);
      frame.set(ValueLayout.JAVA_INT, 0, request);
      frame.set(ValueLayout.JAVA_INT, 4, 1);
      frame.set(ValueLayout.JAVA_INT, 8, bytes.length);
      MemorySegment.copy(bytes, 0, frame, ValueLayout.JAVA_BYTE, 12, bytes.length);
      socket.send(frame, LIMIT_MILLIS, List.of(fds));
    }
  }

  private ByteBuffer ask(int request, ByteBuffer payload) throws IOException {
    tell(request, payload);
    ByteBuffer header = receive(12);
    if (header.getInt(0) != request) {
      throw new IOException("reply to %d, asked was %d".formatted(header.getInt(0), request));
    }
    return receive(header.getInt(8));
  }

  private long askLong(int request) throws IOException {
    return ask(request, bytes(0)).getLong(0);
  }

  private ByteBuffer receive(int length) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(Math.max(1, length));
      int done = 0;
      while (done < length) {
        if (!socket.awaitReadable(LIMIT_MILLIS)) {
          throw new IOException("no reply");
        }
        int count = socket.receive(into.asSlice(done, length - done), received::add);
        if (count == UnixStreamSocket.END_OF_STREAM) {
          throw new IOException("the disk has ended the connection");
        }
        done += Math.max(0, count);
      }
      ByteBuffer copy = bytes(length);
      copy.put(into.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE));
      return copy;
    }
  }

  @Override
  public void close() throws IOException {
    ask(GET_VRING_BASE, bytes(8).putInt(0).putInt(0));
    socket.close();
    kick.close();
    call.close();
    received.forEach(Fd::close);
  }
}
