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
 * What is read and written of open files. Much of it goes by the lane of the storage guest, where
 * it has one: its kernel copies nothing then, and gets a megabyte by one interrupt instead of 256.
 */
final class RemoteData {
  /** Less is sent faster than a disk is asked. */
  private static final int LANE_BYTES_MIN = 32 << 10;

  private static final int WRITTEN_BYTES = 8;

  private final RemoteCalls calls;
  private final Lanes lanes;
  private final String guest;

  RemoteData(RemoteCalls calls, Lanes lanes, String guest) {
    this.calls = calls;
    this.lanes = lanes;
    this.guest = guest;
  }

  int read(Call call, RemoteHandle handle, long offset, Data data) {
    int size = data.sizeBytes();
    return (int)
        calls.reading(
            call,
            handle,
            true,
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

  /**
   * @param flags of {@code fuse_write_in}
   * @param done is told on which connection it was written, and with what answer
   */
  int write(
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
