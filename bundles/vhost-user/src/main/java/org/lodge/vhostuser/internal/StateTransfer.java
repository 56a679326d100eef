package org.lodge.vhostuser.internal;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.lodge.linux.ByteFd;
import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.virtio.DeviceState;

/**
 * A device's state through a pipe of the front-end's (vhost-user, "Migrating back-end state"). The
 * pipe is served on a thread of its own, because it may be full until the front-end reads. It ends
 * with the connection, or when nothing has moved for {@link #SILENCE_MILLIS}; nobody waits for it
 * but the front-end's own next message.
 */
final class StateTransfer {
  private static final int MAGIC = 0x4c4f4447;
  private static final int MAX_BYTES = (1 << 20) + 1024;
  private static final int SILENCE_MILLIS = 5000;

  private final CompletableFuture<byte[]> done = new CompletableFuture<>();

  /** Whether the state comes to us; otherwise it goes to the front-end. */
  final boolean loading;

  private final EventFd stop;

  private StateTransfer(boolean loading) throws LinuxException {
    this.loading = loading;
    stop = EventFd.create();
  }

  /** Takes over the pipe, unless it throws; the connection stays the caller's. */
  static StateTransfer save(Fd pipe, DeviceState state, UnixStreamSocket connection)
      throws LinuxException {
    byte[] bytes = encode(state);
    StateTransfer transfer = new StateTransfer(false);
    transfer.start(() -> {
      try (ByteFd sink = ByteFd.adopt(pipe)) {
        sink.writeAll(bytes, SILENCE_MILLIS, transfer.stop, connection);
        return bytes;
      }
    });
    return transfer;
  }

  /** Takes over the pipe, unless it throws; the connection stays the caller's. */
  static StateTransfer load(Fd pipe, UnixStreamSocket connection) throws LinuxException {
    StateTransfer transfer = new StateTransfer(true);
    transfer.start(() -> {
      try (ByteFd source = ByteFd.adopt(pipe)) {
        return source.readAll(MAX_BYTES, SILENCE_MILLIS, transfer.stop, connection);
      }
    });
    return transfer;
  }

  /** Ends it soon if it still runs. */
  void cancel() {
    stop.signal();
  }

  private interface Work {
    byte[] run() throws IOException;
  }

  private void start(Work work) {
    Thread.ofPlatform()
        .daemon()
        .name("lodge-state-transfer")
        .start(() -> {
          try {
            done.complete(work.run());
          } catch (IOException | RuntimeException e) {
            done.completeExceptionally(e);
          } finally {
            stop.close();
          }
        });
  }

  boolean isRunning() {
    return !done.isDone();
  }

  /** Runs once it has ended, on whatever thread; at once if it has. */
  void whenEnded(Runnable action) {
    done.whenComplete((bytes, failure) -> action.run());
  }

  /** The state that came, or that went. To be asked when it no longer runs. */
  DeviceState finish() throws RefusedException {
    try {
      return decode(done.join());
    } catch (CompletionException e) {
      throw new RefusedException("the state's transfer failed: " + e.getCause().getMessage(), e);
    }
  }

  static byte[] encode(DeviceState state) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(MAGIC);
      out.writeUTF(state.type());
      out.writeInt(state.version());
      out.writeInt(state.bytes().length);
      out.write(state.bytes());
    } catch (IOException e) {
      throw new AssertionError("writing to memory", e);
    }
    return bytes.toByteArray();
  }

  static DeviceState decode(byte[] untrustedBytes) throws RefusedException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(untrustedBytes))) {
      if (in.readInt() != MAGIC) {
        throw new RefusedException("this is no state of a Lodge device");
      }
      String type = in.readUTF();
      int version = in.readInt();
      int length = in.readInt();
      if (length != in.available()) {
        throw new RefusedException(
            "a state of %d bytes tells %d".formatted(in.available(), length));
      }
      return new DeviceState(type, version, in.readNBytes(length));
    } catch (IOException e) {
      throw new RefusedException("the state is cut short", e);
    }
  }
}
