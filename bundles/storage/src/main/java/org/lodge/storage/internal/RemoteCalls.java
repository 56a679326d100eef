package org.lodge.storage.internal;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Arrays;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Errno;
import org.lodge.storage.internal.Link.LostException;

/**
 * How a call becomes a FUSE message to the storage guest and its answer: it waits while the guest
 * is away, is asked again where a connection was lost, and goes to nodes and open files by the
 * numbers that the present connection has for them. They are found again by their names.
 */
final class RemoteCalls {
  private static final int O_CREATE_FLAGS = 0x40 | 0x80 | 0x200;
  private static final int DEPTH_MAX = 4096;
  private static final int CLOSED_READS_MAX = 2;

  /** What doing it twice means, where it is not known whether it was done. */
  enum Twice {
    AS_ONCE,
    /** An error tells that it was done; {@link Call#isRepeat} says that it may have been. */
    SHOWS,
    NEVER
  }

  /** A request on an open connection; its result, or a negated error. */
  interface Request {
    long on(Link link, Exchange exchange) throws LostException;
  }

  interface Fill {
    void write(Link link, Exchange exchange, ByteBuffer out) throws LostException;
  }

  /** A request on an open file, whose body begins with {@code remote}. */
  interface OnFile {
    long on(Link link, Exchange exchange, long node, long remote) throws LostException;
  }

  interface Answer {
    long of(Exchange exchange);
  }

  private final Links links;
  private final RemoteSettings settings;
  private final RemoteNodes nodes;
  private final RemoteHandles handles;
  private final ArrayDeque<Exchange> exchanges = new ArrayDeque<>();

  RemoteCalls(Links links, RemoteSettings settings, RemoteNodes nodes, RemoteHandles handles) {
    this.links = links;
    this.settings = settings;
    this.nodes = nodes;
    this.handles = handles;
  }

  long run(Call call, Twice twice, Request request) {
    long deadline = links.deadline();
    while (true) {
      Link link = links.await(deadline);
      if (link == null) {
        return -Errno.EIO;
      }
      nodes.follow(link);
      Exchange exchange = take();
      try {
        return request.on(link, exchange);
      } catch (LostException e) {
        if (e.sent && twice == Twice.NEVER) {
          return -Errno.EIO;
        }
        if (e.sent) {
          call.repeat();
        }
      } finally {
        give(exchange);
      }
    }
  }

  /** A request on a node, with an answer of so many bytes. */
  long onNode(
      Call call, Twice twice, int opcode, long id, int least, int most, Fill fill, Answer answer) {
    return run(
        call,
        twice,
        (link, exchange) -> {
          long remote = resolve(link, id);
          if (remote < 0) {
            return remote;
          }
          fill.write(
              link, exchange, exchange.request(opcode, remote, uid(call), gid(call), least, most));
          link.ask(exchange);
          return exchange.error() < 0 ? exchange.error() : answer.of(exchange);
        });
  }

  /** A request on an open file, whose body begins with its handle. */
  long onHandle(
      Call call,
      Twice twice,
      int opcode,
      long number,
      boolean directory,
      int least,
      int most,
      Fill fill,
      Answer answer) {
    return onHandle(
        call,
        twice,
        number,
        directory,
        (link, exchange, node, remote) -> {
          var out = exchange.request(opcode, node, uid(call), gid(call), least, most);
          fill.write(link, exchange, out.putLong(remote));
          link.ask(exchange);
          return exchange.error() < 0 ? exchange.error() : answer.of(exchange);
        });
  }

  /**
   * A request that lists an open directory. It is opened in the guest once that pays: opening it
   * costs as much as listing it.
   *
   * @param closed whether it can be listed by one that is opened for that alone
   */
  long listing(Call call, RemoteHandle handle, boolean closed, OnFile request) {
    return run(
        call,
        Twice.AS_ONCE,
        (link, exchange) -> {
          long node = resolve(link, handle.node);
          if (closed && node > 0 && readsClosed(link, handle)) {
            long result = request.on(link, exchange, node, Op.NO_HANDLE);
            if (result != -Errno.EBADF) {
              return result;
            }
            link.refusesClosed(handle.directory);
          }
          return onOpen(link, exchange, handle, request);
        });
  }

  private static boolean readsClosed(Link link, RemoteHandle handle) {
    synchronized (handle) {
      return handle.epoch != link.epoch
          && link.readsClosed(handle.directory)
          && handle.readClosed++ < CLOSED_READS_MAX;
    }
  }

  /** A request on an open file, in the form that suits the connection. */
  long onHandle(Call call, Twice twice, long number, boolean directory, OnFile request) {
    RemoteHandle handle = handles.get(number, directory);
    if (handle == null) {
      return -Errno.EBADF;
    }
    return run(call, twice, (link, exchange) -> onOpen(link, exchange, handle, request));
  }

  private long onOpen(Link link, Exchange exchange, RemoteHandle handle, OnFile request)
      throws LostException {
    if (!handle.enter()) {
      return -Errno.EBADF;
    }
    try {
      long result = on(link, exchange, handle, request);
      boolean refused = result == -Errno.EBADF && !handle.isReleased();
      if (refused && handle.isRead() && link.readsClosed(false)) {
        link.refusesClosed(false);
        result = on(link, exchange, handle, request);
      }
      return result;
    } finally {
      if (handle.leave()) {
        close(link, handle);
      }
    }
  }

  private long on(Link link, Exchange exchange, RemoteHandle handle, OnFile request)
      throws LostException {
    long remote = resolve(link, handle);
    return remote < 0
        ? remote
        : request.on(link, exchange, nodes.remote(handle.node, link), remote);
  }

  /** Closes in the guest what is open there and of no use any more; once. */
  void close(Link link, RemoteHandle handle) {
    synchronized (handle) {
      if (handle.epoch == link.epoch) {
        handle.epoch = 0;
        int opcode = handle.directory ? Op.RELEASEDIR : Op.RELEASE;
        tell(link, opcode, Math.max(0, nodes.remote(handle.node, link)), handle.remote);
      }
    }
  }

  /** A request on a node that is answered with nothing but how it went. */
  int onNode(Call call, Twice twice, int opcode, long id, Fill fill) {
    return (int) onNode(call, twice, opcode, id, 0, 0, fill, exchange -> 0);
  }

  /** A request on an open file that is answered with nothing but how it went. */
  int onHandle(Call call, Twice twice, int opcode, long number, boolean directory, Fill fill) {
    return (int) onHandle(call, twice, opcode, number, directory, 0, 0, fill, exchange -> 0);
  }

  /** What is to be asked on this connection. */
  interface Aside {
    void on(Exchange exchange) throws LostException;
  }

  /** Asks for nobody, and so only once. */
  void aside(Link link, Aside request) throws LostException {
    nodes.follow(link);
    Exchange exchange = take();
    try {
      request.on(exchange);
    } finally {
      give(exchange);
    }
  }

  void tell(Link link, int opcode, long node, long value) {
    Exchange exchange = take();
    try {
      exchange.request(opcode, node, 0, 0, 0, 0).putLong(value);
      link.tell(exchange);
    } catch (LostException e) {
      // The guest forgets everything with the connection.
    } finally {
      give(exchange);
    }
  }

  /** The storage guest's number of a node, looked up along its names where that is needed. */
  long resolve(Link link, long id) throws LostException {
    long remote = nodes.remote(id, link);
    if (remote != 0) {
      return remote < 0 ? -Errno.ESTALE : remote;
    }
    long[] way = new long[16];
    int depth = 0;
    for (long at = id; remote == 0 && depth < DEPTH_MAX; remote = nodes.remote(at, link)) {
      if (depth == way.length) {
        way = Arrays.copyOf(way, 2 * depth);
      }
      way[depth++] = at;
      at = nodes.parent(at);
    }
    while (depth-- > 0 && remote > 0) {
      remote = findAgain(link, remote, way[depth]);
    }
    return remote > 0 ? remote : -Errno.ESTALE;
  }

  /** The same file as before under its name, or an error. */
  private long findAgain(Link link, long directory, long id) throws LostException {
    Exchange exchange = take();
    try {
      exchange.request(Op.LOOKUP, directory, 0, 0, Replies.ENTRY_BYTES, Replies.ENTRY_BYTES);
      if (!exchange.name(nodes, id)) {
        return -Errno.ESTALE;
      }
      link.ask(exchange);
      Attributes attributes = new Attributes();
      boolean same =
          exchange.error() == 0
              && exchange.getLong(0) > 0
              && Replies.attributes(exchange, Replies.ENTRY_ATTRIBUTES, attributes)
              && nodes.isFile(
                  id,
                  Replies.device(exchange, 0),
                  attributes.inode,
                  attributes.mode & Attributes.TYPE);
      if (!same) {
        return -Errno.ESTALE;
      }
      nodes.rebind(link, id, exchange.getLong(0));
      return exchange.getLong(0);
    } finally {
      give(exchange);
    }
  }

  /** The storage guest's number of an open file, opened again where that is needed. */
  long resolve(Link link, RemoteHandle handle) throws LostException {
    synchronized (handle) {
      boolean chosen = handle.isRead() && link.readsClosed(false);
      if (handle.epoch == link.epoch && (chosen || (handle.remote & Op.CHOSEN) == 0)) {
        return handle.remote;
      }
      if (handle.isReleased()) {
        // Nobody would close it there.
        return -Errno.EBADF;
      }
      long node = resolve(link, handle.node);
      if (node < 0) {
        return node;
      }
      if (chosen) {
        // Opened by the first request on it.
        handle.remote = Op.CHOSEN | handle.number;
        handle.epoch = link.epoch;
        return handle.remote;
      }
      Exchange exchange = take();
      try {
        int opcode = handle.directory ? Op.OPENDIR : Op.OPEN;
        long remote = openOn(link, exchange, opcode, node, handle.flags & ~O_CREATE_FLAGS);
        if (remote >= 0) {
          handle.remote = remote;
          handle.epoch = link.epoch;
        }
        return remote;
      } finally {
        give(exchange);
      }
    }
  }

  static long openOn(Link link, Exchange exchange, int opcode, long remote, int flags)
      throws LostException {
    int bytes = Replies.OPENED_BYTES;
    exchange.request(opcode, remote, 0, 0, bytes, bytes).putInt(flags).putInt(0);
    link.ask(exchange);
    return exchange.error() < 0 ? exchange.error() : exchange.getLong(0) & Op.HANDLE;
  }

  int uid(Call call) {
    return settings.guestUid() >= 0 ? settings.ownerUid() : call.uid();
  }

  int gid(Call call) {
    return settings.guestUid() >= 0 ? settings.ownerUid() : call.gid();
  }

  private Exchange take() {
    synchronized (exchanges) {
      Exchange free = exchanges.pollLast();
      return free == null ? new Exchange() : free;
    }
  }

  private void give(Exchange exchange) {
    synchronized (exchanges) {
      exchanges.addLast(exchange);
    }
  }
}
