package org.lodge.linux.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.lodge.linux.LinuxException;
import org.lodge.linux.PeerCredentials;

/** Making Unix sockets, by {@code struct sockaddr_un} of {@code unix(7)}. */
public final class UnixSockets {
  private static final int AF_UNIX = 1;
  private static final int SOCK_STREAM = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int OWNER_ONLY = 0600;
  private static final int SOCK_CLOEXEC = 0x80000;
  private static final int SOCK_NONBLOCK = 0x800;
  private static final int SOL_SOCKET = 1;
  private static final int SO_PEERCRED = 17;
  private static final int BACKLOG = 16;
  private static final int MAX_PATH_BYTES = 107;
  private static final int ENAMETOOLONG = 36;

  private UnixSockets() {}

  private interface AddressCall {
    int on(int socket, long address, int addressBytes);
  }

  public static int connect(Path path) throws LinuxException {
    return withAddress("connect " + path, SOCK_STREAM, path, LibC::connect);
  }

  public static int connectDatagram(Path path) throws LinuxException {
    return withAddress("connect " + path, SOCK_DGRAM, path, LibC::connect);
  }

  /** As {@link #connect}, never waiting, and neither will the socket's calls. */
  public static int connectNow(Path path) throws LinuxException {
    return withAddress("connect " + path, SOCK_STREAM | SOCK_NONBLOCK, path, LibC::connect);
  }

  public static int listen(Path path) throws LinuxException {
    return withAddress(
        "listen on " + path,
        SOCK_STREAM,
        path,
        (socket, address, addressBytes) -> {
          int bound = LibC.bind(socket, address, addressBytes);
          return bound == 0 ? LibC.listen(socket, BACKLOG) : bound;
        });
  }

  /** A socket that takes datagrams of its own user and of root. */
  public static int bindPrivateDatagram(Path path) throws LinuxException {
    return withAddress(
        "bind " + path,
        SOCK_DGRAM,
        path,
        (socket, address, addressBytes) -> {
          // The socket's own mode becomes that of the file, so it is never open to others.
          int restricted = LibC.fchmod(socket, OWNER_ONLY);
          return restricted == 0 ? LibC.bind(socket, address, addressBytes) : restricted;
        });
  }

  private static int withAddress(String call, int type, Path path, AddressCall action)
      throws LinuxException {
    byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
    if (bytes.length > MAX_PATH_BYTES) {
      throw new LinuxException(
          call, ENAMETOOLONG, "a socket's path has at most " + MAX_PATH_BYTES + " bytes");
    }
    int socket = LibC.socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    if (socket < 0) {
      throw LibC.failure(call);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment address = arena.allocate(3 + bytes.length, 2);
      address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
      MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, 2, bytes.length);
      if (action.on(socket, address.address(), (int) address.byteSize()) != 0) {
        LinuxException failure = LibC.failure(call);
        LibC.close(socket);
        throw failure;
      }
      return socket;
    }
  }

  /** A connection that waits on a listening socket, or the negated error number. */
  public static int accept(int listener) {
    return accept(listener, 0);
  }

  /** As {@link #accept}; no call of the socket waits. */
  public static int acceptNonBlocking(int listener) {
    return accept(listener, SOCK_NONBLOCK);
  }

  private static int accept(int listener, int flags) {
    int socket = LibC.accept4(listener, 0, 0, SOCK_CLOEXEC | flags);
    return socket < 0 ? -LibC.errno() : socket;
  }

  public static PeerCredentials peer(int socket) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment ucred = arena.allocate(12, 4);
      MemorySegment size = arena.allocateFrom(ValueLayout.JAVA_INT, 12);
      if (LibC.getsockopt(socket, SOL_SOCKET, SO_PEERCRED, ucred.address(), size.address()) != 0) {
        throw LibC.failure("SO_PEERCRED " + socket);
      }
      return new PeerCredentials(
          ucred.get(ValueLayout.JAVA_INT, 0),
          Integer.toUnsignedLong(ucred.get(ValueLayout.JAVA_INT, 4)),
          Integer.toUnsignedLong(ucred.get(ValueLayout.JAVA_INT, 8)));
    }
  }
}
