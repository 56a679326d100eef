package org.lodge.agent.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.lodge.linux.Fd;
import org.lodge.linux.UnixStreamSocket;

/** A program of a guest, as a socket of this host: what it sends and gets, descriptors included. */
final class Peer implements AutoCloseable {
  private static final int WAIT_MILLIS = 20_000;

  final UnixStreamSocket socket;
  final Queue<Fd> descriptors = new ArrayDeque<>();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment memory = arena.allocate(1 << 16);

  Peer(UnixStreamSocket socket) {
    this.socket = socket;
  }

  void send(String text, Fd... fds) throws IOException {
    send(text.getBytes(), fds);
  }

  void send(byte[] bytes, Fd... fds) throws IOException {
    try (Arena own = Arena.ofConfined()) {
      MemorySegment segment = own.allocate(Math.max(1, bytes.length));
      segment.asByteBuffer().put(bytes);
      socket.send(segment.asSlice(0, bytes.length), WAIT_MILLIS, List.of(fds));
    }
  }

  /** Exactly so many bytes. */
  byte[] receive(int count) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(count);
    while (all.hasRemaining()) {
      byte[] some = receiveSome(all.remaining());
      if (some == null) {
        throw new IOException("an end after " + all.position() + " bytes");
      }
      all.put(some);
    }
    return all.array();
  }

  /** What is there, at most so much; null at the end. */
  byte[] receiveSome(int most) throws IOException {
    while (true) {
      int count = socket.receive(memory.asSlice(0, Math.min(most, 1 << 16)), descriptors::add);
      if (count == UnixStreamSocket.END_OF_STREAM) {
        return null;
      }
      if (count != UnixStreamSocket.NOTHING_YET) {
        byte[] bytes = new byte[count];
        memory.asByteBuffer().get(bytes);
        return bytes;
      }
      if (!socket.awaitReadable(WAIT_MILLIS)) {
        throw new IOException("nothing came");
      }
    }
  }

  static byte[] read(Fd file, long offset, int count) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(count);
    try (FileChannel channel = open(file, StandardOpenOption.READ)) {
      while (bytes.hasRemaining() && channel.read(bytes, offset + bytes.position()) > 0) {
        assert bytes.position() > 0;
      }
    }
    return bytes.array();
  }

  static void write(Fd file, long offset, byte[] bytes) throws IOException {
    try (FileChannel channel = open(file, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(bytes), offset);
    }
  }

  static long size(Fd file) throws IOException {
    try (FileChannel channel = open(file, StandardOpenOption.READ)) {
      return channel.size();
    }
  }

  private static FileChannel open(Fd file, StandardOpenOption how) throws IOException {
    return FileChannel.open(Path.of("/proc/self/fd/" + file.number()), how);
  }

  @Override
  public void close() {
    socket.close();
    descriptors.forEach(Fd::close);
  }
}
