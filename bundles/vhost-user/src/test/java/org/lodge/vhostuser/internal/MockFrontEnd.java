package org.lodge.vhostuser.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.MemFd;
import org.lodge.linux.SharedMapping;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.ring.MemoryRegion;

/**
 * The monitor's side of a connection, with a guest of one memory region and its driver's queues.
 * Rings lie at addresses that differ between guest and front-end, as in life.
 */
final class MockFrontEnd implements AutoCloseable {
  static final long PROTOCOL = 1L << 30;
  static final long MODERN = 1L << 32 | 1L << 29 | 1L << 28;
  static final long PACKED = 1L << 34;

  /** Both indices 0, both wrap counters set. */
  static final int PACKED_BASE = 0x8000_8000;

  static final long GUEST = 0x4000_0000L;
  static final long USER = 0x7f00_0000_0000L;
  static final long MEMORY_BYTES = 4 << 20;

  private static final int REPLY_LIMIT_MILLIS = 5000;

  final UnixStreamSocket socket;
  final MemFd memory;
  final SharedMapping mapping;
  final GuestArena guest;
  final List<DriverQueue> queues = new ArrayList<>();
  final List<EventFd> kicks = new ArrayList<>();
  final List<EventFd> calls = new ArrayList<>();
  final List<Fd> received = new ArrayList<>();
  boolean needReply;

  MockFrontEnd(Path path) throws LinuxException {
    socket = UnixStreamSocket.connect(path);
    memory = MemFd.sealed("guest", MEMORY_BYTES);
    mapping = SharedMapping.of(memory, 0, MEMORY_BYTES);
    guest = new GuestArena(List.of(new MemoryRegion(GUEST, mapping.segment())));
  }

  static ByteBuffer bytes(int length) {
    return ByteBuffer.allocate(length).order(ByteOrder.nativeOrder());
  }

  static byte[] u64(long value) {
    return bytes(8).putLong(value).array();
  }

  static byte[] pair(int first, int second) {
    return bytes(8).putInt(first).putInt(second).array();
  }

  /** Sends a frame as it is. */
  void raw(int id, int flags, int size, byte[] payload, Fd... fds) throws LinuxException {
    MemorySegment frame = Arena.ofAuto().allocate(12L + payload.length, 8);
    frame.set(ValueLayout.JAVA_INT, 0, id);
    frame.set(ValueLayout.JAVA_INT, 4, flags);
    frame.set(ValueLayout.JAVA_INT, 8, size);
    MemorySegment.copy(payload, 0, frame, ValueLayout.JAVA_BYTE, 12, payload.length);
    socket.send(frame, REPLY_LIMIT_MILLIS, List.of(fds));
  }

  void raw(byte[] bytes, Fd... fds) throws LinuxException {
    MemorySegment segment = Arena.ofAuto().allocate(bytes.length, 8);
    MemorySegment.copy(bytes, 0, segment, ValueLayout.JAVA_BYTE, 0, bytes.length);
    socket.send(segment, REPLY_LIMIT_MILLIS, List.of(fds));
  }

  /** Sends a request that has no answer of its own; checks the acknowledgement if one is due. */
  void tell(Request request, byte[] payload, Fd... fds) throws LinuxException {
    raw(request.id, needReply ? 9 : 1, payload.length, payload, fds);
    if (needReply && !request.answers) {
      long code = ByteBuffer.wrap(reply(request.id)).order(ByteOrder.nativeOrder()).getLong();
      if (code != 0) {
        throw new AssertionError(request + " was refused");
      }
    }
  }

  void tell(Request request) throws LinuxException {
    tell(request, new byte[0]);
  }

  byte[] ask(Request request, byte[] payload, Fd... fds) throws LinuxException {
    raw(request.id, needReply ? 9 : 1, payload.length, payload, fds);
    return reply(request.id);
  }

  long ask(Request request) throws LinuxException {
    return ByteBuffer.wrap(ask(request, new byte[0])).order(ByteOrder.nativeOrder()).getLong();
  }

  /** Sends with the wish for a reply; gives the code of the acknowledgement. */
  long code(int id, byte[] payload, Fd... fds) throws LinuxException {
    raw(id, 9, payload.length, payload, fds);
    return ByteBuffer.wrap(reply(id)).order(ByteOrder.nativeOrder()).getLong();
  }

  byte[] reply(int id) throws LinuxException {
    byte[] header = receive(12);
    ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.nativeOrder());
    if (fields.getInt(0) != id || fields.getInt(4) != 5) {
      throw new AssertionError(
          "reply to %d with flags %#x, asked was %d"
              .formatted(fields.getInt(0), fields.getInt(4), id));
    }
    return receive(fields.getInt(8));
  }

  private byte[] receive(int length) throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(Math.max(1, length));
      int done = 0;
      while (done < length) {
        if (!socket.awaitReadable(REPLY_LIMIT_MILLIS)) {
          throw new AssertionError("no reply");
        }
        int count = socket.receive(into.asSlice(done, length - done), received::add);
        if (count == UnixStreamSocket.END_OF_STREAM) {
          throw new AssertionError("the connection was ended");
        }
        done += Math.max(0, count);
      }
      return into.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
    }
  }

  /** Whether the other side has closed. */
  boolean isEnded() throws LinuxException {
    try (Arena arena = Arena.ofConfined()) {
      if (!socket.awaitReadable(REPLY_LIMIT_MILLIS)) {
        return false;
      }
      return socket.receive(arena.allocate(64), Fd::close) == UnixStreamSocket.END_OF_STREAM;
    }
  }

  byte[] region(long guestAddress, long size, long user, long offset) {
    return bytes(32).putLong(guestAddress).putLong(size).putLong(user).putLong(offset).array();
  }

  byte[] wholeRegion() {
    return region(GUEST, MEMORY_BYTES, USER, 0);
  }

  void sendMemoryTable() throws LinuxException {
    tell(Request.SET_MEM_TABLE, bytes(40).putInt(1).putInt(0).put(wholeRegion()).array(), memory);
  }

  void addMemoryRegion() throws LinuxException {
    tell(Request.ADD_MEM_REG, bytes(40).putLong(0).put(wholeRegion()).array(), memory);
  }

  /** Makes a queue in guest memory, without telling. */
  DriverQueue newQueue(int size, long features) throws LinuxException {
    DriverQueue queue = DriverQueue.create(guest, size, features);
    queues.add(queue);
    kicks.add(EventFd.create());
    calls.add(EventFd.create());
    return queue;
  }

  byte[] addresses(int index) {
    var setup = queues.get(index).setup(index);
    long delta = USER - GUEST;
    return bytes(40)
        .putInt(index)
        .putInt(0)
        .putLong(setup.descriptorArea() + delta)
        .putLong(setup.deviceArea() + delta)
        .putLong(setup.driverArea() + delta)
        .putLong(0)
        .array();
  }

  void sendNum(int index) throws LinuxException {
    tell(Request.SET_VRING_NUM, pair(index, queues.get(index).size()));
  }

  void sendBase(int index, int base) throws LinuxException {
    tell(Request.SET_VRING_BASE, pair(index, base));
  }

  void sendAddresses(int index) throws LinuxException {
    tell(Request.SET_VRING_ADDR, addresses(index));
  }

  void sendKick(int index) throws LinuxException {
    tell(Request.SET_VRING_KICK, u64(index), kicks.get(index));
  }

  void sendCall(int index) throws LinuxException {
    tell(Request.SET_VRING_CALL, u64(index), calls.get(index));
  }

  void enable(int index, boolean on) throws LinuxException {
    tell(Request.SET_VRING_ENABLE, pair(index, on ? 1 : 0));
  }

  int stop(int index) throws LinuxException {
    return ByteBuffer.wrap(ask(Request.GET_VRING_BASE, pair(index, 0)))
        .order(ByteOrder.nativeOrder())
        .getInt(4);
  }

  /** All of a plain start, in crosvm's order, with protocol features. */
  void start(int queueSize, long features) throws LinuxException {
    tell(Request.SET_OWNER);
    ask(Request.GET_FEATURES);
    tell(Request.SET_FEATURES, u64(features | PROTOCOL));
    long offered = ask(Request.GET_PROTOCOL_FEATURES);
    tell(Request.SET_PROTOCOL_FEATURES, u64(offered));
    sendMemoryTable();
    newQueue(queueSize, features);
    sendNum(0);
    sendAddresses(0);
    sendBase(0, (features & PACKED) == 0 ? 0 : PACKED_BASE);
    sendCall(0);
    sendKick(0);
    enable(0, true);
  }

  /** Sends a request through a queue and waits for its echo. */
  void echo(int index, String text) throws LinuxException {
    DriverQueue queue = queues.get(index);
    byte[] sent = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    long from = GUEST + MEMORY_BYTES - 8192;
    long to = GUEST + MEMORY_BYTES - 4096;
    guest.put(from, sent);
    guest.put(to, new byte[sent.length]);
    int id = add(index, from, to, sent.length);
    awaitUsed(index);
    if (queue.usedId() != id
        || queue.usedLength() != sent.length
        || !new String(guest.get(to, sent.length), java.nio.charset.StandardCharsets.UTF_8)
            .equals(text)) {
      throw new AssertionError("a wrong answer in queue " + index);
    }
  }

  /** Makes a request of 8 bytes and waits for no answer; its buffers end so far from the end. */
  void ask(int index, long fromEnd) {
    long from = GUEST + MEMORY_BYTES - fromEnd;
    add(index, from, from + 8, 8);
  }

  private int add(int index, long from, long to, int length) {
    DriverQueue queue = queues.get(index);
    int id = queue.add(new long[] {from, to}, new int[] {length, length}, 1, 1);
    if (id < 0) {
      throw new AssertionError("the queue is full");
    }
    if (queue.kickNeeded()) {
      kicks.get(index).signal();
    }
    return id;
  }

  /** Opens a queue that was stopped where it stood, as at the end of a pause. */
  void reopen(int index, int base) throws Exception {
    sendNum(index);
    sendBase(index, base);
    sendAddresses(index);
    sendCall(index);
    sendKick(index);
    enable(index, true);
  }

  void awaitUsed(int index) throws LinuxException {
    long deadlineNanos = System.nanoTime() + 20_000_000_000L;
    while (!queues.get(index).takeUsed()) {
      if (!calls.get(index).await(1000) && System.nanoTime() > deadlineNanos) {
        throw new AssertionError("queue %d was not served".formatted(index));
      }
    }
  }

  @Override
  public void close() {
    socket.close();
    mapping.close();
    memory.close();
    kicks.forEach(Fd::close);
    calls.forEach(Fd::close);
    received.forEach(Fd::close);
  }
}
