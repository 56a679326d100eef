package org.lodge.wayland.router.internal;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.OptionalInt;
import org.lodge.agent.handles.FileHandle;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.PipeHandle;
import org.lodge.agent.handles.TooManyHandlesException;

/**
 * A connection whose program is the test: bytes and descriptors are queues, files are arrays. For
 * what the router decides; that it works with real programs is another test's business.
 */
final class MemoryConnection implements HandleConnection {
  private final Deque<byte[]> toRouter = new ArrayDeque<>();
  private final Deque<Handle> handlesToRouter = new ArrayDeque<>();
  private final Deque<byte[]> toProgram = new ArrayDeque<>();
  final Deque<Handle> handlesToProgram = new ArrayDeque<>();
  private boolean ended;
  private boolean stalled;
  private int stalledSends;
  private long missing;
  int queuedBytes;
  volatile boolean noPipes;

  /** Done by the thread that reads from the other side, after each batch of requests. */
  volatile Runnable whenHandled = () -> {};

  OptionalInt listenerFailure = OptionalInt.empty();
  int openHandles;
  boolean full;
  long transferredBytes;

  /** A file of the program, or one that the router made. */
  final class MemoryFile implements FileHandle {
    final byte[] content;
    private long size;

    MemoryFile(long size) {
      this.size = size;
      content = new byte[(int) Math.min(size, 1 << 20)];
      openHandles++;
    }

    @Override
    public Kind kind() {
      return Kind.FILE;
    }

    @Override
    public HandleConnection connection() {
      return MemoryConnection.this;
    }

    @Override
    public void close() {
      openHandles--;
    }

    @Override
    public long sizeBytes() {
      return size;
    }

    @Override
    public int seals() {
      return 0;
    }

    @Override
    public boolean writable() {
      return true;
    }

    @Override
    public void resize(long sizeBytes) {
      size = sizeBytes;
    }

    @Override
    public void seal(int seals) {}

    @Override
    public OptionalInt failure() {
      return OptionalInt.empty();
    }
  }

  /** A pipe whose other end the program holds. */
  final class MemoryPipe implements PipeHandle {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int position;
    private boolean over;

    synchronized void programWrites(byte[] more) {
      bytes.writeBytes(more);
      notifyAll();
    }

    synchronized void programEnds() {
      over = true;
      notifyAll();
    }

    /** What the router writes, until it ends. */
    synchronized String all() throws InterruptedException {
      long end = System.nanoTime() + TestPeer.LIMIT.toNanos();
      while (!over) {
        if (System.nanoTime() > end) {
          throw new AssertionError("the pipe does not end");
        }
        wait(10_000);
      }
      return bytes.toString(StandardCharsets.UTF_8);
    }

    @Override
    public synchronized int read(ByteBuffer into) throws IOException {
      try {
        while (position == bytes.size() && !over) {
          wait();
        }
      } catch (InterruptedException e) {
        throw new IOException(e);
      }
      int count = Math.min(into.remaining(), bytes.size() - position);
      into.put(bytes.toByteArray(), position, count);
      position += count;
      return count == 0 ? -1 : count;
    }

    @Override
    public void write(ByteBuffer from) {
      byte[] more = new byte[from.remaining()];
      from.get(more);
      programWrites(more);
    }

    @Override
    public void endOutput() {
      programEnds();
    }

    @Override
    public boolean readable() {
      return true;
    }

    @Override
    public boolean writable() {
      return true;
    }

    @Override
    public Kind kind() {
      return Kind.PIPE;
    }

    @Override
    public HandleConnection connection() {
      return MemoryConnection.this;
    }

    @Override
    public void close() {
      programEnds();
    }

    @Override
    public OptionalInt failure() {
      return OptionalInt.empty();
    }
  }

  /** A listening socket, or one that can't be made. */
  record Listener(HandleConnection connection, String path, OptionalInt failure) implements Handle {
    @Override
    public Kind kind() {
      return Kind.LISTENER;
    }

    @Override
    public void close() {}
  }

  /** Something that is neither file nor pipe. */
  record Refused(HandleConnection connection) implements Handle {
    @Override
    public Kind kind() {
      return Kind.REFUSED;
    }

    @Override
    public void close() {}

    @Override
    public OptionalInt failure() {
      return OptionalInt.empty();
    }
  }

  synchronized void programSends(byte[] bytes, Handle... handles) {
    handlesToRouter.addAll(Arrays.asList(handles));
    toRouter.add(bytes);
    notifyAll();
  }

  synchronized void programCloses() {
    ended = true;
    notifyAll();
  }

  /** What the program reads next; null once the router has closed. */
  synchronized byte[] programReads() throws InterruptedException {
    while (toProgram.isEmpty()) {
      if (ended) {
        return null;
      }
      wait();
    }
    return toProgram.poll();
  }

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public synchronized int receive(ByteBuffer into) throws IOException {
    while (toRouter.isEmpty()) {
      if (ended) {
        return -1;
      }
      await();
    }
    byte[] bytes = toRouter.poll();
    int count = Math.min(bytes.length, into.remaining());
    into.put(bytes, 0, count);
    if (count < bytes.length) {
      toRouter.addFirst(Arrays.copyOfRange(bytes, count, bytes.length));
    }
    return count;
  }

  private void await() throws IOException {
    try {
      wait();
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Override
  public synchronized Handle takeHandle() {
    return handlesToRouter.poll();
  }

  @Override
  public synchronized int waitingHandles() {
    return handlesToRouter.size();
  }

  /** Whether its agent takes nothing. */
  synchronized void stall(boolean stall) {
    stalled = stall;
    notifyAll();
  }

  /** Waits until the router waits for the agent. */
  synchronized void awaitStalled() throws InterruptedException {
    while (stalledSends == 0) {
      wait();
    }
  }

  @Override
  public synchronized void send(ByteBuffer bytes) throws IOException {
    stalledSends++;
    notifyAll();
    while (stalled && !ended) {
      await();
    }
    stalledSends--;
    if (ended) {
      throw new IOException("ended");
    }
    byte[] sent = new byte[bytes.remaining()];
    bytes.get(sent);
    toProgram.add(sent);
    notifyAll();
  }

  @Override
  public synchronized void pass(Handle handle) {
    handlesToProgram.add(handle);
  }

  @Override
  public void flush() {}

  @Override
  public int queuedBytes() {
    return queuedBytes;
  }

  @Override
  public void awaitQueuedBytes(int atMost) {
    whenHandled.run();
  }

  @Override
  public void endOutput() {}

  @Override
  public FileHandle makeFile(long sizeBytes, boolean sealed) throws IOException {
    if (full) {
      throw new TooManyHandlesException("too many handles are open");
    }
    return new MemoryFile(sizeBytes);
  }

  @Override
  public PipeHandle makePipe(PipeEnd passed) throws IOException {
    if (noPipes) {
      throw new IOException("too many handles are open");
    }
    return new MemoryPipe();
  }

  @Override
  public Handle makeListener(String path) {
    return new Listener(this, path, listenerFailure);
  }

  @Override
  public void writeRows(
      FileHandle to, long offset, long strideBytes, int rowBytes, int rows, ByteBuffer packed) {
    byte[] content = ((MemoryFile) to).content;
    for (int row = 0; row < rows; row++) {
      long at = offset + row * strideBytes;
      if (at + rowBytes <= content.length) {
        packed.get(content, (int) at, rowBytes);
      }
    }
  }

  @Override
  public long readRows(
      FileHandle from, long offset, long strideBytes, int rowBytes, int rows, ByteBuffer into) {
    byte[] content = ((MemoryFile) from).content;
    long came = 0;
    for (int row = 0; row < rows; row++) {
      long at = offset + row * strideBytes;
      int count = Math.clamp(content.length - at, 0, rowBytes);
      into.put(content, count == 0 ? 0 : (int) at, count);
      came += count;
    }
    return came;
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
      int rows) {
    byte[] source = ((MemoryFile) from).content;
    byte[] target = ((MemoryFile) to).content;
    for (int row = 0; row < rows; row++) {
      long at = fromOffset + row * fromStrideBytes;
      if (at + rowBytes > from.sizeBytes()) {
        missing += rowBytes;
        continue;
      }
      int into = (int) (toOffset + row * toStrideBytes);
      if (into + rowBytes <= target.length) {
        System.arraycopy(source, (int) at, target, into, rowBytes);
      }
      transferredBytes += rowBytes;
    }
  }

  @Override
  public long awaitTransfers() {
    long told = missing;
    missing = 0;
    return told;
  }

  @Override
  public synchronized boolean isOpen() {
    return !ended;
  }

  @Override
  public void close() {
    programCloses();
  }

  @Override
  public void reset(String why) {
    programCloses();
  }
}
