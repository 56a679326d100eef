package org.lodge.linux;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.IntUnaryOperator;
import org.lodge.linux.internal.LibC;
import org.lodge.linux.internal.UnixSockets;

/**
 * A Unix stream socket that listens on a path. Wait for connections with {@link Epoll} and take
 * each with {@link #accept}. A duplicate held elsewhere goes on listening after the close.
 */
public final class UnixListener extends Fd {

  private UnixListener(int number) {
    super(number);
  }

  private UnixListener(Fd source) {
    super(source);
  }

  /**
   * Listens on a path of at most 107 bytes. A socket file left there by a process that is gone is
   * replaced. The file is not removed by {@link #close}; its mode is the directory's and the
   * umask's affair.
   */
  public static UnixListener bind(Path path) throws IOException {
    Files.deleteIfExists(path);
    return new UnixListener(UnixSockets.listen(path));
  }

  /** Takes over a listening socket, such as one from the descriptor store. */
  public static UnixListener adopt(Fd source) {
    return new UnixListener(source);
  }

  /** Takes a connection, waiting for one. Only one thread accepts. */
  public UnixStreamSocket accept() throws LinuxException {
    return new UnixStreamSocket(accept(UnixSockets::accept));
  }

  /** As {@link #accept}, for bytes without descriptors. */
  public UnixByteSocket acceptBytes() throws LinuxException {
    return new UnixByteSocket(accept(UnixSockets::acceptNonBlocking));
  }

  private int accept(IntUnaryOperator call) throws LinuxException {
    enter();
    try {
      int socket;
      do {
        socket = call.applyAsInt(raw());
      } while (socket == -LinuxException.EINTR);
      if (socket < 0) {
        throw LibC.failure("accept " + this, -socket);
      }
      return socket;
    } finally {
      leave();
    }
  }
}
