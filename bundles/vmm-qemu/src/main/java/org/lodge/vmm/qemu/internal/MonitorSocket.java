package org.lodge.vmm.qemu.internal;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import org.lodge.vmm.VmmException;

/** The way to the control socket of a QEMU that is starting. */
final class MonitorSocket {
  /** Between two looks for the socket of a QEMU that is starting; it can't be told to call back. */
  private static final Duration CONNECT_STEP = Duration.ofMillis(2);

  private MonitorSocket() {}

  /** Waits until QEMU listens; its greeting may come later. */
  static SocketChannel connect(VmmProcess process, RunDirectory run, Deadline deadline)
      throws VmmException, InterruptedException {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(run.qmpSocket());
    while (true) {
      try {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
          channel.connect(address);
          return channel;
        } catch (IOException e) {
          channel.close();
          throw e;
        }
      } catch (IOException e) {
        if (process.ended().isDone()) {
          throw new VmmException("exec", process.ended().join(), List.of(), e);
        }
        if (deadline.passed()) {
          throw new VmmException(
              "qmp-connect",
              "QEMU (process %d) did not open %s within %d ms"
                  .formatted(
                      process.identity().pid(), run.qmpSocket(), deadline.limit().toMillis()),
              List.of(),
              e);
        }
        Thread.sleep(CONNECT_STEP);
      }
    }
  }
}
