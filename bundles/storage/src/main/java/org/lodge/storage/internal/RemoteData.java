package org.lodge.storage.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.BiConsumer;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.Errno;
import org.lodge.lane.LaneSlot;
import org.lodge.lane.Lanes;
import org.lodge.storage.internal.Link.LostException;
import org.lodge.storage.internal.RemoteCalls.Twice;

/**
 * What is read and written of open files, and made durable. Much of it goes by the lane of the
 * storage guest, where it has one: its kernel copies nothing then, and gets a megabyte by one
 * interrupt instead of 256.
 */
final class RemoteData {
  /** Less is sent faster than a disk is asked. */
  private static final int LANE_BYTES_MIN = 32 << 10;

  private static final int WRITTEN_BYTES = 8;

  private static final int O_APPEND = 0x400;

  /** Of {@code fuse_write_in}. */
  private static final int KILL_PRIVILEGES = 4;

  /** Of {@code fallocate(2)}: it moves what lies behind. */
  private static final int COLLAPSE_OR_INSERT = 8 | 32;

  private final RemoteCalls calls;
  private final RemoteNodes nodes;
  private final RemoteHandles handles;
  private final ToldAttributes told;
  private final Lanes lanes;
  private final String guest;

  RemoteData(
      RemoteCalls calls,
      RemoteNodes nodes,
      RemoteHandles handles,
      ToldAttributes told,
      Lanes lanes,
      String guest) {
    this.calls = calls;
    this.nodes = nodes;
    this.handles = handles;
    this.told = told;
    this.lanes = lanes;
    this.guest = guest;
  }

  int read(Call call, long number, long offset, Data data) {
    RemoteHandle handle = handles.get(number, false);
    if (handle == null) {
      return -Errno.EBADF;
    }
    int result = read(call, handle, offset, data);
    // The time of access changes.
    told.begin(handle.node);
    told.endOfReading(handle.node);
    return result;
  }

  private int read(Call call, RemoteHandle handle, long offset, Data data) {
    int size = data.sizeBytes();
    return (int)
        calls.onHandle(
            call,
            Twice.AS_ONCE,
            handle.number,
            false,
            (link, exchange, node, remote) -> {
              Optional<LaneSlot> slot =
                  goesByLane(link, exchange, size)
                      ? lanes.open(guest, sectors(size))
                      : Optional.empty();
              if (slot.isPresent()) {
                try (LaneSlot lane = slot.get()) {
                  exchange.request(
                      Op.LANE_READ,
                      node,
                      calls.uid(call),
                      calls.gid(call),
                      WRITTEN_BYTES,
                      WRITTEN_BYTES);
                  range(exchange, remote, offset, size, 0).putLong(lane.position());
                  return ask(link, exchange, size, lane, data);
                }
              }
              exchange.request(Op.READ, node, calls.uid(call), calls.gid(call), 0, size);
              range(exchange, remote, offset, size, 0);
              exchange.readsInto(data);
              link.ask(exchange);
              return exchange.error() < 0 ? exchange.error() : exchange.length();
            });
  }

  private static long ask(Link link, Exchange exchange, int size, LaneSlot lane, Data into)
      throws LostException {
    link.ask(exchange);
    if (exchange.error() < 0) {
      return exchange.error();
    }
    int untrustedCount = exchange.getInt(0);
    if (untrustedCount < 0 || untrustedCount > size || untrustedCount > lane.writtenBytes()) {
      link.end("it says that bytes are in its lane that are not");
      return -Errno.EIO;
    }
    boolean there = use(lane, from -> take(from, into, untrustedCount));
    return there ? untrustedCount : -Errno.EIO;
  }

  private static boolean use(LaneSlot lane, LaneSlot.Use use) {
    try {
      return lane.use(use);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void take(ByteBuffer from, Data into, int count) {
    int start = from.position();
    for (int at = 0; at < count; ) {
      ByteBuffer piece = into.from(at);
      int part = Math.min(piece.remaining(), count - at);
      piece.put(piece.position(), from, start + at, part);
      at += part;
    }
  }

  int write(Call call, long number, long offset, Data data, boolean killPrivileges) {
    RemoteHandle handle = handles.get(number, false);
    if (handle == null) {
      return -Errno.EBADF;
    }
    long begun = told.begin(handle.node);
    try {
      return write(
          call,
          (handle.flags & O_APPEND) != 0 ? Twice.NEVER : Twice.AS_ONCE,
          number,
          offset,
          data,
          killPrivileges ? KILL_PRIVILEGES : 0,
          (link, answer) -> {
            nodes.written(link, handle.node);
            told.told(handle.node, begun, false, answer);
          });
    } finally {
      told.end(handle.node);
    }
  }

  /**
   * @param flags of {@code fuse_write_in}
   * @param done is told on which connection it was written, and with what answer
   */
  private int write(
      Call call,
      Twice twice,
      long number,
      long offset,
      Data data,
      int flags,
      BiConsumer<Link, Exchange> done) {
    int size = data.sizeBytes();
    return (int)
        calls.onHandle(
            call,
            twice,
            number,
            false,
            (link, exchange, node, remote) -> {
              Optional<LaneSlot> slot =
                  goesByLane(link, exchange, size)
                      ? lanes.fill(guest, sectors(size))
                      : Optional.empty();
              int opcode = slot.isPresent() ? Op.LANE_WRITE : Op.WRITE;
              exchange.request(
                  opcode, node, calls.uid(call), calls.gid(call), WRITTEN_BYTES, WRITTEN_BYTES);
              exchange.tells();
              range(exchange, remote, offset, size, flags);
              if (slot.isPresent()) {
                try (LaneSlot lane = slot.get()) {
                  use(lane, bytes -> fill(bytes, data, size));
                  lane.handTo(guest);
                  exchange.out().putLong(lane.position());
                  link.ask(exchange);
                }
              } else {
                exchange.writes(data);
                link.ask(exchange);
              }
              if (exchange.error() == 0) {
                done.accept(link, exchange);
              }
              int written = exchange.error() < 0 ? exchange.error() : exchange.getInt(0);
              return written > size || exchange.error() == 0 && written < 0 ? -Errno.EIO : written;
            });
  }

  int allocate(Call call, long number, int mode, long offset, long sizeBytes) {
    RemoteHandle handle = handles.get(number, false);
    if (handle == null) {
      return -Errno.EBADF;
    }
    long result =
        calls.onHandle(
            call,
            (mode & COLLAPSE_OR_INSERT) != 0 ? Twice.NEVER : Twice.AS_ONCE,
            Op.FALLOCATE,
            number,
            false,
            0,
            0,
            (link, exchange, out) -> out.putLong(offset).putLong(sizeBytes).putInt(mode).putInt(0),
            exchange -> {
              nodes.written(exchange.link(), handle.node);
              return 0;
            });
    told.changes(handle.node);
    return (int) result;
  }

  long seek(Call call, long number, long offset, int whence) {
    return calls.onHandle(
        call,
        Twice.AS_ONCE,
        Op.LSEEK,
        number,
        false,
        8,
        8,
        (link, exchange, out) -> out.putLong(offset).putInt(whence).putInt(0),
        exchange -> Math.max(-Errno.EIO, exchange.getLong(0)));
  }

  long copy(Call call, long number, long offset, long toNumber, long toOffset, long sizeBytes) {
    RemoteHandle to = handles.get(toNumber, false);
    if (to == null) {
      return -Errno.EBADF;
    }
    long result =
        calls.onHandle(
            call,
            Twice.AS_ONCE,
            Op.COPY_FILE_RANGE,
            number,
            false,
            8,
            8,
            (link, exchange, out) -> {
              // Where the target is gone the guest says so of handle 0.
              long remote = Math.max(0, calls.resolve(link, to));
              out.putLong(offset).putLong(0).putLong(remote).putLong(toOffset);
              out.putLong(sizeBytes).putLong(0);
            },
            exchange -> {
              nodes.written(exchange.link(), to.node);
              long copied = Integer.toUnsignedLong(exchange.getInt(0));
              return copied > sizeBytes ? -Errno.EIO : copied;
            });
    told.changes(to.node);
    return result;
  }

  /** A guest that was booted again may have lost what it had taken: whoever syncs must know. */
  int sync(Call call, int opcode, long number, boolean directory, boolean dataOnly) {
    RemoteHandle handle = handles.get(number, directory);
    if (handle == null) {
      return -Errno.EBADF;
    }
    int writes = nodes.writes();
    int result =
        calls.onHandle(
            call,
            Twice.AS_ONCE,
            opcode,
            number,
            directory,
            (link, exchange, out) -> out.putInt(dataOnly ? 1 : 0).putInt(0));
    if (nodes.takeLost(handle.node)) {
      return -Errno.EIO;
    }
    if (result == 0) {
      nodes.synced(handle.node, writes);
    }
    return result;
  }

  private static void fill(ByteBuffer lane, Data data, int size) {
    for (int at = 0; at < size; ) {
      ByteBuffer piece = data.from(at);
      at += piece.remaining();
      lane.put(piece);
    }
    while (lane.hasRemaining()) {
      lane.put((byte) 0);
    }
  }

  private static ByteBuffer range(
      Exchange exchange, long remote, long offset, int size, int flags) {
    return exchange
        .out()
        .putLong(remote)
        .putLong(offset)
        .putInt(size)
        .putInt(flags)
        .putLong(0)
        .putLong(0);
  }

  private boolean goesByLane(Link link, Exchange exchange, int bytes) throws LostException {
    return bytes >= LANE_BYTES_MIN && link.hasLane(exchange);
  }

  private static int sectors(int bytes) {
    int up = bytes + Lanes.SECTOR_BYTES - 1;
    return up - up % Lanes.SECTOR_BYTES;
  }
}
