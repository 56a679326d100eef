package org.lodge.nbd.internal;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * An NBD server in a machine that may lose power: what no flush has confirmed is gone after {@link
 * #crash}. It takes what is asked at once in any order, and answers reads in parts of any order,
 * with holes for zeroes.
 */
final class CachingServer implements AutoCloseable {
  private final Path socket;
  private final boolean structured;
  private final Random random;
  private final byte[] cached;
  private final byte[] durable;
  private ServerSocketChannel listener;
  private SocketChannel connection;
  private boolean closed;

  private record Request(int flags, int command, long cookie, int offset, int bytes, byte[] data) {}

  CachingServer(Path socket, int sizeBytes, boolean structured, long seed) throws IOException {
    this.socket = socket;
    this.structured = structured;
    random = new Random(seed);
    cached = new byte[sizeBytes];
    durable = new byte[sizeBytes];
    listen();
  }

  synchronized byte[] durable() {
    return durable.clone();
  }

  private synchronized void listen() throws IOException {
    Files.deleteIfExists(socket);
    ServerSocketChannel made = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    made.bind(UnixDomainSocketAddress.of(socket));
    listener = made;
    Thread.ofVirtual().start(() -> accept(made));
  }

  /** The machine loses its power; it is back at once. */
  void crash() throws IOException {
    stop();
    synchronized (this) {
      System.arraycopy(durable, 0, cached, 0, cached.length);
    }
    listen();
  }

  /** The machine loses its power, and is not back. */
  synchronized void stop() throws IOException {
    listener.close();
    Files.deleteIfExists(socket);
    if (connection != null) {
      connection.close();
      connection = null;
    }
  }

  void restart() throws IOException {
    crash();
  }

  private void accept(ServerSocketChannel on) {
    while (true) {
      try {
        SocketChannel made = on.accept();
        synchronized (this) {
          if (on != listener || closed) {
            made.close();
            return;
          }
          connection = made;
        }
        Thread.ofVirtual().start(() -> serve(made));
      } catch (IOException e) {
        return;
      }
    }
  }

  private void serve(SocketChannel channel) {
    List<Request> waiting = new ArrayList<>();
    try (channel) {
      negotiate(channel);
      Thread.ofVirtual().start(() -> answer(channel, waiting));
      while (true) {
        Request request = request(channel);
        synchronized (waiting) {
          waiting.add(request);
          waiting.notifyAll();
        }
      }
    } catch (IOException e) {
      synchronized (waiting) {
        waiting.clear();
        waiting.add(null);
        waiting.notifyAll();
      }
    }
  }

  private void negotiate(SocketChannel channel) throws IOException {
    write(
        channel,
        ByteBuffer.allocate(18).putLong(Nbd.MAGIC).putLong(Nbd.OPTION_MAGIC).putShort((short) 3));
    read(channel, 4);
    while (true) {
      ByteBuffer option = read(channel, 16);
      int number = option.getInt(8);
      read(channel, option.getInt(12));
      if (number == Nbd.OPT_GO) {
        int flags =
            Nbd.HAS_FLAGS | Nbd.SEND_FLUSH | Nbd.SEND_FUA | Nbd.SEND_TRIM | Nbd.SEND_WRITE_ZEROES;
        ByteBuffer info = reply(number, Nbd.REP_INFO, 12).putShort((short) Nbd.INFO_EXPORT);
        write(channel, info.putLong(cached.length).putShort((short) flags));
        write(channel, reply(number, Nbd.REP_ACK, 0));
        return;
      }
      boolean chunks = number == Nbd.OPT_STRUCTURED_REPLY && structured;
      write(channel, reply(number, chunks ? Nbd.REP_ACK : Nbd.REP_ERROR | 1, 0));
    }
  }

  private static ByteBuffer reply(int option, int type, int length) {
    return ByteBuffer.allocate(20 + length)
        .putLong(Nbd.OPTION_REPLY_MAGIC)
        .putInt(option)
        .putInt(type)
        .putInt(length);
  }

  private static Request request(SocketChannel channel) throws IOException {
    ByteBuffer header = read(channel, Nbd.REQUEST_BYTES);
    if (header.getInt() != Nbd.REQUEST_MAGIC) {
      throw new IOException("no request");
    }
    int flags = header.getShort();
    int command = header.getShort();
    long cookie = header.getLong();
    int offset = (int) header.getLong();
    int bytes = header.getInt();
    byte[] data = command == Nbd.CMD_WRITE ? read(channel, bytes).array() : null;
    return new Request(flags, command, cookie, offset, bytes, data);
  }

  private void answer(SocketChannel channel, List<Request> waiting) {
    try {
      while (true) {
        Request request;
        synchronized (waiting) {
          while (waiting.isEmpty()) {
            waiting.wait();
          }
          request = waiting.remove(random.nextInt(waiting.size()));
        }
        if (request == null) {
          return;
        }
        execute(channel, request);
      }
    } catch (IOException e) {
      // The client sees the end of the connection.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void execute(SocketChannel channel, Request request) throws IOException {
    int end = request.offset() + request.bytes();
    byte[] got = null;
    synchronized (this) {
      if (channel != connection) {
        throw new EOFException("lost its power");
      }
      switch (request.command()) {
        case Nbd.CMD_READ -> got = Arrays.copyOfRange(cached, request.offset(), end);
        case Nbd.CMD_WRITE ->
            System.arraycopy(request.data(), 0, cached, request.offset(), request.bytes());
        case Nbd.CMD_FLUSH -> System.arraycopy(cached, 0, durable, 0, cached.length);
        default -> Arrays.fill(cached, request.offset(), end, (byte) 0);
      }
      if ((request.flags() & Nbd.FLAG_FUA) != 0) {
        System.arraycopy(cached, request.offset(), durable, request.offset(), request.bytes());
      }
      if (random.nextInt(50) == 0) {
        // Half of what is cached may be written down at any time.
        int half = cached.length / 2;
        System.arraycopy(cached, half, durable, half, cached.length - half);
      }
    }
    if (got != null && structured) {
      chunks(channel, request, got);
    } else {
      ByteBuffer out = ByteBuffer.allocate(16 + (got == null ? 0 : got.length));
      out.putInt(Nbd.SIMPLE_REPLY_MAGIC).putInt(0).putLong(request.cookie());
      write(channel, got == null ? out : out.put(got));
    }
  }

  private void chunks(SocketChannel channel, Request request, byte[] got) throws IOException {
    List<int[]> parts = new ArrayList<>();
    for (int at = 0; at < got.length; ) {
      int next = Math.min(got.length, at + 512 * (1 + random.nextInt(16)));
      parts.add(new int[] {at, next});
      at = next;
    }
    Collections.shuffle(parts, random);
    for (int i = 0; i < parts.size(); i++) {
      int begin = parts.get(i)[0];
      byte[] part = Arrays.copyOfRange(got, begin, parts.get(i)[1]);
      boolean hole = Arrays.equals(part, new byte[part.length]);
      int last = i == parts.size() - 1 ? Nbd.CHUNK_DONE : 0;
      ByteBuffer out = ByteBuffer.allocate(Nbd.CHUNK_BYTES + 8 + (hole ? 4 : part.length));
      out.putInt(Nbd.CHUNK_MAGIC).putShort((short) last);
      out.putShort((short) (hole ? Nbd.CHUNK_OFFSET_HOLE : Nbd.CHUNK_OFFSET_DATA));
      out.putLong(request.cookie()).putInt(out.capacity() - Nbd.CHUNK_BYTES);
      out.putLong(request.offset() + begin);
      write(channel, hole ? out.putInt(part.length) : out.put(part));
    }
  }

  private static ByteBuffer read(SocketChannel channel, int bytes) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(bytes);
    while (into.hasRemaining()) {
      if (channel.read(into) < 0) {
        throw new EOFException();
      }
    }
    return into.flip();
  }

  private static void write(SocketChannel channel, ByteBuffer from) throws IOException {
    from.flip();
    while (from.hasRemaining()) {
      channel.write(from);
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (this) {
      closed = true;
    }
    stop();
  }
}
