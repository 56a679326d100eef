package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.agent.handles.FileHandle;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleLimits;
import org.lodge.agent.handles.PipeHandle;
import org.lodge.agent.handles.TooManyHandlesException;
import org.lodge.connect.ByteStream;
import org.lodge.connect.StreamMove;
import org.lodge.lane.LaneSlot;
import org.lodge.lane.Lanes;

/**
 * A connection to a Unix socket in a guest. Whoever waits for something takes frames off the stream
 * until it has come: {@link #pump}. So nothing is handed from thread to thread on the way.
 */
final class FarSocket implements HandleConnection {
  private static final Duration LINGER = Duration.ofSeconds(10);
  private static final int PASSED_BYTES = 16;

  private final String name;
  private final ByteStream stream;
  private final HandleLimits limits;
  private final Output output;
  private final Input input;
  private final HandleTable handles;
  private final Reads reads;
  private final Maker maker;
  private final ReentrantLock pumping = new ReentrantLock();
  private final AtomicBoolean closing = new AtomicBoolean();
  private final AtomicBoolean over = new AtomicBoolean();
  private volatile String broken;

  private final Received received = new Received();
  private final Queue<FarHandle> waiting = new ArrayDeque<>();

  /** Where rows were sent last, and how: of the receiver. */
  private FarSocket movesTo;

  private StreamMove move;

  private final SocketLane lane;

  FarSocket(String name, ByteStream stream, HandleLimits limits, Lanes lanes) {
    this.name = name;
    lane = new SocketLane(name, lanes);
    this.stream = stream;
    this.limits = limits;
    output = new Output(stream, limits.queueBytes());
    input = new Input(stream);
    handles = new HandleTable(limits.handles(), limits.share());
    reads = new Reads(output);
    maker = new Maker(this, handles, output);
  }

  // What arrives.

  /** Takes one frame; waits for it. False once the agent has hung up. */
  private boolean pump() throws IOException {
    pumping.lock();
    try {
      if (over.get()) {
        throw new IOException(broken);
      }
      if (!input.hasFrame()) {
        output.flush();
        if (!input.await(reads.areMoved())) {
          return false;
        }
      }
      if (input.hasHeadOfRows()) {
        return moveRows();
      }
      dispatch();
      return true;
    } catch (ProtocolException e) {
      String why = "guest '%s': its agent breaks the protocol: %s".formatted(name, e.getMessage());
      reset(why);
      throw new IOException(why);
    } catch (IOException e) {
      reset(e.getMessage());
      throw e;
    } finally {
      pumping.unlock();
    }
  }

  /** Rows that stay in the stream until they go to another. False where it has ended. */
  private boolean moveRows() throws IOException {
    int left = reads.move(input.tag(), input.isLast(), input.bodyBytes());
    input.headDone();
    return left == 0 || left > 0 && input.skip(left);
  }

  private void dispatch() throws IOException {
    ByteBuffer body = input.frame();
    int id = input.handle();
    switch (input.type()) {
      case Frame.BYTES -> received.put(body, closing.get());
      case Frame.PASS -> passed(id, body);
      case Frame.DATA -> reads.data(input.tag(), input.isLast(), body);
      case Frame.FAILED -> failed(id, input.tag(), input.number());
      case Frame.CLOSE -> handles.forget(id);
      case Frame.PIPE_DATA ->
          require(!(find(id) instanceof FarPipe pipe) || pipe.received(body), "more than credit");
      case Frame.PIPE_END -> {
        int errno = input.number();
        if (find(id) instanceof FarPipe pipe) {
          pipe.ended(errno, input.number());
        }
      }
      case Frame.CREDIT -> credit(id, input.number());
      case Frame.LANE -> lane.isThere();
      case Frame.LANE_DATA -> reads.laneData(input.tag());
      default -> throw new ProtocolException("a frame of type " + input.type());
    }
    input.done();
  }

  /** What was closed here may still be spoken of; that is null and no matter. */
  private FarHandle find(int id) {
    return handles.find(id);
  }

  private static void require(boolean holds, String otherwise) throws ProtocolException {
    if (!holds) {
      throw new ProtocolException(otherwise);
    }
  }

  private void passed(int id, ByteBuffer body) throws IOException {
    require(body.remaining() == PASSED_BYTES && id > 0, "a descriptor that is none");
    int kind = Short.toUnsignedInt(body.getShort());
    int access = Short.toUnsignedInt(body.getShort());
    int seals = body.getInt();
    long size = body.getLong();
    boolean writable = (access & Frame.WRITABLE) != 0;
    FarHandle handle =
        switch (kind) {
          case 0 -> new FarHandle(this, id, Handle.Kind.REFUSED);
          case 1 -> new FarFile(this, id, size, seals, writable);
          case 2 -> new FarPipe(this, id, Handle.Kind.PIPE, access);
          case 3 -> new FarPipe(this, id, Handle.Kind.SOCKET, access);
          default -> throw new ProtocolException("a descriptor of kind " + kind);
        };
    require(size >= 0, "a file of a negative size");
    if (waiting.size() == limits.waitingHandles() || !handles.add(handle)) {
      throw new IOException(
          "guest '%s': a program sent more than %d descriptors that nobody asked for"
              .formatted(name, waiting.size()));
    }
    waiting.add(handle);
  }

  private void failed(int id, int tag, int errno) throws IOException {
    if (tag != 0) {
      reads.failed(tag);
    } else if (find(id) instanceof FarHandle handle) {
      handle.failed(errno);
      if (handle.isOfHost() && (errno == Frame.NO_DESCRIPTORS || errno == Frame.NO_FILES)) {
        throw new TooManyHandlesException(
            "guest '%s': its agent has no room for more".formatted(name));
      }
    }
  }

  private void credit(int id, int bytes) throws IOException {
    if (id == 0) {
      require(output.credit(bytes), "more credit than there can be");
    } else if (find(id) instanceof FarPipe pipe) {
      require(pipe.credited(bytes), "more credit than there can be");
    }
  }

  // What the receiver does.

  @Override
  public int receive(ByteBuffer into) throws IOException {
    if (!into.hasRemaining()) {
      return 0;
    }
    while (received.isEmpty()) {
      if (received.hasEnded()) {
        return -1;
      }
      requireOpen();
      if (!pump()) {
        throw hungUp();
      }
    }
    int count = received.take(into);
    int credit = received.takeCreditDue();
    if (credit > 0) {
      output.hold(Frame.CREDIT, 0, 0, credit);
    }
    return count;
  }

  private IOException hungUp() {
    String how =
        closing.get()
            ? "the connection to guest '%s' was closed"
            : "guest '%s': its agent has hung up";
    String why = how.formatted(name);
    finish(why);
    return new IOException(why);
  }

  private void requireOpen() throws IOException {
    if (over.get() || closing.get()) {
      throw new IOException(
          broken != null ? broken : "the connection to guest '%s' was closed".formatted(name));
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

  @Override
  public long readRows(
      FileHandle from, long offset, long strideBytes, int rowBytes, int rows, ByteBuffer into)
      throws IOException {
    Frame.checkRows(offset, strideBytes, rowBytes, rows);
    if ((long) rowBytes * rows > into.remaining()) {
      throw new IllegalArgumentException("the buffer has no room for these rows");
    }
    int start = into.position();
    awaitReads(Frame.READS_MAX - 1);
    reads.begin(mine(from), offset, strideBytes, rowBytes, rows, into, null, null, 0, 0);
    awaitReads(0);
    return into.position() - start;
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
    Frame.checkRows(fromOffset, fromStrideBytes, rowBytes, rows);
    Frame.checkRows(toOffset, toStrideBytes, rowBytes, rows);
    RowTarget target = (RowTarget) to;
    boolean dense = rows == 1 || fromStrideBytes == rowBytes && toStrideBytes == rowBytes;
    long bytes = (long) rowBytes * rows;
    if (dense && lane.suits(fromOffset, toOffset, bytes)) {
      transfer(mine(from), fromOffset, target, toOffset, bytes);
      return;
    }
    awaitReads(Frame.READS_MAX - 1);
    reads.begin(
        mine(from),
        fromOffset,
        fromStrideBytes,
        rowBytes,
        rows,
        null,
        target,
        moveTo(target),
        toOffset,
        toStrideBytes);
  }

  /** A range, in parts that go through the lane where there is one. */
  private void transfer(FarFile from, long fromOffset, RowTarget to, long toOffset, long bytes)
      throws IOException {
    for (long done = 0; done < bytes; done += SocketLane.PART_BYTES) {
      long at = fromOffset + done;
      int part = (int) Math.min(bytes - done, SocketLane.PART_BYTES);
      awaitReads(Frame.READS_MAX - 1);
      Optional<LaneSlot> slot = lane.open(at, part);
      if (slot.isPresent()) {
        reads.beginSectors(from, at, part, to, moveTo(to), toOffset + done, slot.get());
      } else {
        reads.begin(from, at, part, part, 1, null, to, moveTo(to), toOffset + done, part);
      }
    }
  }

  /** Lets the guest read a slot; false where it has no lane. */
  boolean mayRead(LaneSlot slot) {
    return lane.take(slot);
  }

  /** The way to another connection, null where bytes go there through a buffer. */
  private StreamMove moveTo(RowTarget target) {
    if (!(target instanceof FarFile file)) {
      return null;
    }
    if (movesTo != file.socket) {
      movesTo = file.socket;
      move = movesTo.output.movesFrom(stream).orElse(null);
    }
    return move;
  }

  @Override
  public long awaitTransfers() throws IOException {
    awaitReads(0);
    return reads.takeMissingBytes();
  }

  private void awaitReads(int atMost) throws IOException {
    while (reads.count() > atMost) {
      requireOpen();
      if (!pump()) {
        throw hungUp();
      }
    }
  }

  private FarFile mine(Handle handle) {
    if (handle.connection() != this) {
      throw new IllegalArgumentException("%s is not of %s".formatted(handle, name));
    }
    return (FarFile) handle;
  }

  // What anybody may do.

  @Override
  public void send(ByteBuffer bytes) throws IOException {
    requireOpen();
    if (!output.send(bytes)) {
      throw tooSlow();
    }
  }

  private IOException tooSlow() {
    String why = tooMuchUnread();
    reset(why);
    return new IOException(why);
  }

  private String tooMuchUnread() {
    return "guest '%s': a program left more than %d bytes unread"
        .formatted(name, limits.queueBytes());
  }

  @Override
  public void pass(Handle handle) throws IOException {
    requireOpen();
    boolean passable =
        handle.kind() == Handle.Kind.FILE
            || handle.kind() == Handle.Kind.LISTENER
            || handle.kind() == Handle.Kind.PIPE && ((FarHandle) handle).isOfHost();
    if (handle.connection() != this || !passable) {
      throw new IllegalArgumentException(handle + " can't be passed here");
    }
    if (!output.pass(((FarHandle) handle).id)) {
      throw tooSlow();
    }
  }

  @Override
  public void flush() throws IOException {
    output.flush();
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
      throw new InterruptedIOException("guest '%s' was waited for".formatted(name));
    }
  }

  @Override
  public void endOutput() throws IOException {
    requireOpen();
    output.end();
  }

  @Override
  public FileHandle makeFile(long sizeBytes, boolean sealed) throws IOException {
    requireOpen();
    return maker.file(sizeBytes, sealed);
  }

  @Override
  public PipeHandle makePipe(PipeEnd passed) throws IOException {
    requireOpen();
    return maker.pipe(passed);
  }

  @Override
  public Handle makeListener(String path) throws IOException {
    requireOpen();
    return maker.listener(path);
  }

  @Override
  public void writeRows(
      FileHandle to, long offset, long strideBytes, int rowBytes, int rows, ByteBuffer packed)
      throws IOException {
    requireOpen();
    Frame.checkRows(offset, strideBytes, rowBytes, rows);
    maker.fill(mine(to), offset, strideBytes, rowBytes, rows, packed);
  }

  /** Where a handle's own frames go. */
  Output output(FarHandle handle) throws IOException {
    if (over.get() || handle.isClosed()) {
      throw new IOException(handle + " is closed");
    }
    return output;
  }

  /** A handle was closed by who has it. */
  void closed(FarHandle handle) {
    if (!handle.isOfHost()) {
      handles.forget(handle.id);
    }
    if (!over.get()) {
      try {
        if (!output.close(handle.id)) {
          reset(tooMuchUnread());
        }
      } catch (IOException e) {
        reset(e.getMessage());
      }
    }
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

  /** Goes on until what was sent has arrived and pipes have run dry, within a limit. */
  private void linger() {
    CompletableFuture.delayedExecutor(LINGER.toMillis(), TimeUnit.MILLISECONDS)
        .execute(() -> reset("a program of guest '%s' did not read to the end".formatted(name)));
    try {
      output.end();
      boolean there = true;
      while (there && (output.queuedBytes() > 0 || handles.hasRunningPipe())) {
        there = pump();
      }
      output.flush();
      stream.shutdownOutput();
      while (there) {
        there = pump();
      }
      finish("the connection to guest '%s' was closed".formatted(name));
    } catch (IOException e) {
      reset(e.getMessage());
    }
  }

  private void finish(String why) {
    if (over.compareAndSet(false, true)) {
      end(why);
      stream.close();
    }
  }

  @Override
  public void reset(String why) {
    if (over.compareAndSet(false, true)) {
      end(why);
      stream.reset();
    }
  }

  private void end(String why) {
    broken = why;
    output.breakWith(why);
    handles.end();
    lane.end();
  }

  @Override
  public String toString() {
    return "connection with handles to guest '%s'".formatted(name);
  }
}
