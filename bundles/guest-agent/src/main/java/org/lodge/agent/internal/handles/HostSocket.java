package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.agent.handles.FileHandle;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleLimits;
import org.lodge.agent.handles.PipeHandle;
import org.lodge.agent.handles.TooManyHandlesException;
import org.lodge.linux.ByteFd;
import org.lodge.linux.Epoll;
import org.lodge.linux.Fd;
import org.lodge.linux.FileStatus;
import org.lodge.linux.LinuxException;
import org.lodge.linux.Pipe;
import org.lodge.linux.UnixListener;
import org.lodge.linux.UnixStreamSocket;

/**
 * A connection to a server of this host: its handles are descriptors of this process, and nothing
 * is between but the socket. What a file gets is written once, into memory that the server maps.
 */
final class HostSocket implements HandleConnection {
  private static final Duration LINGER = Duration.ofSeconds(10);
  private static final int ROOM_BYTES = 65_536;

  private final String name;
  private final HostLoop loop;
  private final UnixStreamSocket socket;
  private final HandleLimits limits;
  private final HostOutput output;
  private final MemorySegment room = Arena.ofAuto().allocate(ROOM_BYTES);
  private final Queue<Handle> waiting = new ConcurrentLinkedQueue<>();
  private final Set<HostHandle> handles = ConcurrentHashMap.newKeySet();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final AtomicBoolean over = new AtomicBoolean();
  private volatile String broken = "the connection was closed";
  private long missingBytes;

  HostSocket(String name, HostLoop loop, UnixStreamSocket socket, HandleLimits limits)
      throws LinuxException {
    this.name = name;
    this.loop = loop;
    this.socket = socket;
    this.limits = limits;
    output =
        new HostOutput(
            loop, socket, limits.queueBytes(), () -> reset(name + ": the server has hung up"));
  }

  HostLoop loop() {
    return loop;
  }

  // What arrives.

  @Override
  public int receive(ByteBuffer into) throws IOException {
    if (!into.hasRemaining()) {
      return 0;
    }
    while (true) {
      requireOpen();
      int count = receiveNow(into);
      if (count == UnixStreamSocket.END_OF_STREAM) {
        return -1;
      }
      if (count != UnixStreamSocket.NOTHING_YET) {
        return count;
      }
      loop.await(socket, Epoll.READABLE);
    }
  }

  private int receiveNow(ByteBuffer into) throws IOException {
    try {
      int most = Math.min(ROOM_BYTES, into.remaining());
      int count = socket.receive(room.asSlice(0, most), this::received);
      if (count > 0) {
        into.put(room.asSlice(0, count).asByteBuffer());
      }
      if (waiting.size() > limits.waitingHandles()) {
        throw new IOException(
            "%s: more than %d descriptors that nobody asked for"
                .formatted(name, limits.waitingHandles()));
      }
      return count;
    } catch (IOException | IllegalStateException e) {
      reset(e.getMessage());
      throw new IOException(broken, e);
    }
  }

  /** Takes up what the server sent. */
  private void received(Fd descriptor) {
    HostHandle handle;
    try {
      FileStatus status = descriptor.status();
      if (handles.size() >= limits.handles()) {
        handle = new HostHandle(this, Handle.Kind.REFUSED, descriptor);
      } else if (status.isRegularFile()) {
        handle = new GivenFile(this, descriptor, status.sizeBytes());
      } else if (status.isPipe() || status.isSocket()) {
        Handle.Kind kind = status.isPipe() ? Handle.Kind.PIPE : Handle.Kind.SOCKET;
        handle = new HostPipe(this, kind, ByteFd.adopt(descriptor), null, true, true);
      } else {
        handle = new HostHandle(this, Handle.Kind.REFUSED, descriptor);
      }
    } catch (LinuxException e) {
      handle = new HostHandle(this, Handle.Kind.REFUSED, descriptor);
    }
    added(handle);
    waiting.add(handle);
  }

  private <H extends HostHandle> H added(H handle) {
    handles.add(handle);
    if (over.get()) {
      handle.close();
    }
    return handle;
  }

  void closed(HostHandle handle) {
    handles.remove(handle);
    if (handle.counted) {
      limits.share().give(handle.kind());
    }
  }

  @Override
  public Handle takeHandle() {
    return waiting.poll();
  }

  @Override
  public int waitingHandles() {
    return waiting.size();
  }

  // What goes out.

  private void requireOpen() throws IOException {
    if (over.get() || closing.get()) {
      throw new IOException(broken);
    }
  }

  @Override
  public void send(ByteBuffer bytes) throws IOException {
    requireOpen();
    boolean fits;
    try {
      fits = output.send(bytes);
    } catch (IOException | IllegalStateException e) {
      reset(name + ": the server has hung up");
      throw new IOException(broken, e);
    }
    if (!fits) {
      reset("%s left more than %d bytes unread".formatted(name, limits.queueBytes()));
      throw new IOException(broken);
    }
  }

  @Override
  public void pass(Handle handle) throws IOException {
    requireOpen();
    Fd descriptor = handle.connection() == this ? ((HostHandle) handle).toPass() : null;
    if (descriptor == null) {
      throw new IllegalArgumentException(handle + " can't be passed here");
    }
    output.pass(descriptor);
  }

  @Override
  public void flush() {
    // Nothing is held back.
  }

  @Override
  public int queuedBytes() {
    return output.queuedBytes();
  }

  @Override
  public void awaitQueuedBytes(int atMost) throws IOException {
    try {
      output.awaitQueuedBytes(atMost);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(name + " was waited for");
    }
  }

  @Override
  public void endOutput() throws IOException {
    requireOpen();
    output.end();
  }

  @Override
  public FileHandle makeFile(long sizeBytes, boolean sealed) throws IOException {
    return make(Handle.Kind.FILE, () -> HostFile.make(this, sizeBytes, sealed));
  }

  @Override
  public PipeHandle makePipe(PipeEnd passed) throws IOException {
    return make(
        Handle.Kind.PIPE,
        () -> {
          Pipe pipe = Pipe.create();
          return passed == PipeEnd.READ
              ? new HostPipe(this, Handle.Kind.PIPE, pipe.sink(), pipe.source(), false, true)
              : new HostPipe(this, Handle.Kind.PIPE, pipe.source(), pipe.sink(), true, false);
        });
  }

  @Override
  public Handle makeListener(String path) throws IOException {
    return make(Handle.Kind.LISTENER, () -> listener(Path.of(path)));
  }

  private HostHandle listener(Path file) throws IOException {
    UnixListener listener = UnixListener.bind(file);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    return new HostHandle(this, Handle.Kind.LISTENER, listener) {
      @Override
      void release() {
        super.release();
        try {
          Files.deleteIfExists(file);
        } catch (IOException left) {
          errno = LinuxException.EINVAL;
        }
      }
    };
  }

  private interface Making<H> {
    H make() throws IOException;
  }

  /** Makes what counts until it is closed. */
  private <H extends HostHandle> H make(Handle.Kind kind, Making<H> making) throws IOException {
    requireOpen();
    if (handles.size() >= limits.handles() || !limits.share().take(kind)) {
      throw new TooManyHandlesException(name + ": too many handles are open");
    }
    H handle = null;
    try {
      handle = making.make();
    } finally {
      if (handle == null) {
        limits.share().give(kind);
      }
    }
    handle.counted = true;
    return added(handle);
  }

  // Rows.

  @Override
  public void writeRows(
      FileHandle to, long offset, long strideBytes, int rowBytes, int rows, ByteBuffer packed)
      throws IOException {
    requireOpen();
    Frame.checkRows(offset, strideBytes, rowBytes, rows);
    ((HostFile) to).takeRows(offset, strideBytes, rowBytes, rows, packed);
  }

  @Override
  public long readRows(
      FileHandle from, long offset, long strideBytes, int rowBytes, int rows, ByteBuffer into)
      throws IOException {
    requireOpen();
    Frame.checkRows(offset, strideBytes, rowBytes, rows);
    return from instanceof HostFile made
        ? made.read(offset, strideBytes, rowBytes, rows, into)
        : ((GivenFile) from).read(offset, strideBytes, rowBytes, rows, into);
  }

  @Override
  public void transferRows(
      FileHandle from,
      long fromOffset,
      long fromStrideBytes,
      FileHandle to,
      long toOffset,
      long toStrideBytes,
      int rowBytes,
      int rows)
      throws IOException {
    Frame.checkRows(toOffset, toStrideBytes, rowBytes, rows);
    ByteBuffer row = ByteBuffer.allocate(rowBytes);
    for (int i = 0; i < rows; i++) {
      long at = fromOffset + i * fromStrideBytes;
      missingBytes += rowBytes - readRows(from, at, rowBytes, rowBytes, 1, row.clear());
      long into = toOffset + i * toStrideBytes;
      to.connection().writeRows(to, into, rowBytes, rowBytes, 1, row.clear());
    }
  }

  @Override
  public long awaitTransfers() {
    long missing = missingBytes;
    missingBytes = 0;
    return missing;
  }

  // The end.

  @Override
  public String name() {
    return name;
  }

  @Override
  public boolean isOpen() {
    return !over.get() && !closing.get();
  }

  @Override
  public void close() {
    if (!over.get() && closing.compareAndSet(false, true)) {
      Thread.startVirtualThread(this::linger);
    }
  }

  /** Goes on until what was sent has gone, within a limit. */
  private void linger() {
    CompletableFuture.delayedExecutor(LINGER.toMillis(), TimeUnit.MILLISECONDS)
        .execute(() -> reset(name + " did not read to the end"));
    try {
      output.end();
      output.awaitQueuedBytes(0);
    } catch (IOException | InterruptedException e) {
      broken = name + " did not read to the end";
    }
    finish(broken);
  }

  @Override
  public void reset(String why) {
    finish(why);
  }

  private void finish(String why) {
    if (over.compareAndSet(false, true)) {
      broken = String.valueOf(why);
      output.close();
      loop.close(socket);
      Set.copyOf(handles).forEach(HostHandle::close);
    }
  }

  @Override
  public String toString() {
    return "connection to " + name + " on this host";
  }
}
