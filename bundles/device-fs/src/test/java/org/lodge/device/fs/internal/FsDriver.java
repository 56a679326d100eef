package org.lodge.device.fs.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.lodge.filesystem.FileSystems;
import org.lodge.filesystem.internal.FileSystemsService;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.TestTransport;

/** A guest's file system driver, one request at a time, for tests. */
final class FsDriver implements AutoCloseable {
  static final Duration LIMIT = Duration.ofSeconds(20);
  static final int ROOM = 1 << 17;
  static final int URGENT = 0;
  static final int REQUESTS = 1;

  final GuestArena guest = new GuestArena(0x8000_0000L, 16 << 20, 8 << 20);
  final TestTransport transport = new TestTransport(guest);
  final FileSystems fileSystems;
  private final String name;
  final long request = guest.allocate(2 << 20, 4096);
  final long reply = guest.allocate(2 << 20, 4096);
  private final long urgentRequest = guest.allocate(4096, 4096);
  private final long urgentReply = guest.allocate(4096, 4096);
  Device device;
  private long unique = 1;

  /** What came back: the error, 0 or negative, and what followed the header. */
  record Answer(int error, ByteBuffer body) {}

  FsDriver() {
    this(FileSystemsService.of(null, () -> false), "work");
  }

  /** One of several guests whose shares one Lodge serves. */
  FsDriver(FileSystems fileSystems, String name) {
    this.fileSystems = fileSystems;
    this.name = name;
  }

  private DeviceConfig config(Path path, Map<String, Object> more) {
    Map<String, Object> values = new HashMap<>(more);
    values.put("path", path.toString());
    return new DeviceConfig(name, "docs", values);
  }

  Device create(Path path, Map<String, Object> more) throws DeviceException {
    return new FsFactory(fileSystems).create(config(path, more), transport);
  }

  FsDriver start(Path path, Map<String, Object> more) throws Exception {
    device = create(path, more);
    transport.start(device, TestTransport.SPLIT, 64);
    init();
    return this;
  }

  private void init() throws Exception {
    Answer answer = call(Opcode.INIT, 0, args(64).putInt(7).putInt(41).putInt(1 << 20).putInt(-1));
    if (answer.error() != 0) {
      throw new AssertionError("INIT: " + answer);
    }
  }

  static ByteBuffer args(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  static ByteBuffer name(String... names) {
    byte[] bytes = (String.join("\0", names) + "\0").getBytes(StandardCharsets.UTF_8);
    return args(bytes.length).put(bytes);
  }

  static ByteBuffer with(ByteBuffer head, String... names) {
    ByteBuffer tail = name(names);
    return args(head.capacity() + tail.capacity()).put(head.array()).put(tail.array());
  }

  Answer call(Opcode opcode, long node, ByteBuffer arguments) throws Exception {
    return send(whole(opcode, node, arguments), ROOM);
  }

  /** As {@link #call}, with room for so many bytes of an answer that is none then. */
  void callWithRoom(Opcode opcode, long node, ByteBuffer arguments, int room) throws Exception {
    begin(whole(opcode, node, arguments), room);
    if (!transport.await(REQUESTS, LIMIT) || transport.driver(REQUESTS).usedLength() != 0) {
      throw new AssertionError("not given back");
    }
    unique++;
  }

  private byte[] whole(Opcode opcode, long node, ByteBuffer arguments) {
    byte[] body = arguments.array();
    ByteBuffer whole = args(Fuse.IN_HEADER_BYTES + body.length);
    whole.putInt(whole.capacity()).putInt(opcode.number).putLong(unique).putLong(node);
    whole.putInt(0).putInt(0).putInt(1).putInt(0).put(body);
    return whole.array();
  }

  /**
   * Sends any bytes and checks that what comes back is a reply to them at all. Whoever waits for a
   * lock is interrupted.
   */
  Answer send(byte[] bytes, int room) throws Exception {
    begin(bytes, room);
    boolean mayWait = bytes.length >= Fuse.IN_HEADER_BYTES && number(bytes) == Opcode.SETLKW.number;
    if (mayWait && !transport.await(REQUESTS, Duration.ZERO)) {
      if (interrupt(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(8)) != 0) {
        throw new AssertionError("a request that waits is not known");
      }
      mayWait = false;
    }
    if (!mayWait && !transport.await(REQUESTS, LIMIT)) {
      throw new AssertionError("no answer");
    }
    return answer(bytes);
  }

  private static int number(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
  }

  /** Sends a request and does not wait for its answer. */
  byte[] begin(Opcode opcode, long node, ByteBuffer arguments) throws Exception {
    byte[] bytes = whole(opcode, node, arguments);
    begin(bytes, ROOM);
    return bytes;
  }

  private void begin(byte[] bytes, int room) throws Exception {
    guest.put(request, bytes);
    guest.put(reply, new byte[Fuse.OUT_HEADER_BYTES]);
    DriverQueue driver = transport.driver(REQUESTS);
    int writable = room > 0 ? 1 : 0;
    driver.add(new long[] {request, reply}, new int[] {bytes.length, room}, 1, writable);
    transport.kick(REQUESTS);
  }

  boolean isAnswered(Duration limit) {
    return transport.await(REQUESTS, limit);
  }

  /** Tells, on the queue of high priority, that nobody wants an answer any more; the error. */
  int interrupt(long unique) throws Exception {
    return urgent(Opcode.INTERRUPT, 0, args(8).putLong(unique));
  }

  /** A request on the queue of high priority, while another one is under way; the error. */
  int urgent(Opcode opcode, long node, ByteBuffer arguments) throws Exception {
    byte[] bytes = whole(opcode, node, arguments);
    guest.put(urgentRequest, bytes);
    DriverQueue driver = transport.driver(URGENT);
    driver.add(new long[] {urgentRequest, urgentReply}, new int[] {bytes.length, 4096}, 1, 1);
    transport.kick(URGENT);
    if (!transport.await(URGENT, LIMIT)) {
      throw new AssertionError("no answer to what is urgent");
    }
    return ByteBuffer.wrap(guest.get(urgentReply, 8)).order(ByteOrder.LITTLE_ENDIAN).getInt(4);
  }

  Answer answer(byte[] bytes) {
    DriverQueue driver = transport.driver(REQUESTS);
    int used = driver.usedLength();
    if (used == 0) {
      return null;
    }
    ByteBuffer answer = ByteBuffer.wrap(guest.get(reply, used)).order(ByteOrder.LITTLE_ENDIAN);
    int length = answer.getInt();
    int error = answer.getInt();
    long echoed = answer.getLong();
    long asked =
        bytes.length < Fuse.IN_HEADER_BYTES
            ? 0
            : ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(8);
    if (length != used || error > 0 || error <= -512 || echoed != asked) {
      throw new AssertionError(
          "a bad reply: length %d of %d, error %d, unique %d of %d"
              .formatted(length, used, error, echoed, asked));
    }
    unique++;
    return new Answer(error, answer.slice().order(ByteOrder.LITTLE_ENDIAN));
  }

  /** Looks a name up; its node, or the negated error. */
  long lookup(long parent, String name) throws Exception {
    Answer answer = call(Opcode.LOOKUP, parent, name(name));
    return answer.error() < 0 ? answer.error() : answer.body().getLong(0);
  }

  Answer open(long node, int flags) throws Exception {
    return call(Opcode.OPEN, node, args(8).putInt(flags));
  }

  Answer create(long parent, String name, int flags) throws Exception {
    return call(Opcode.CREATE, parent, with(args(16).putInt(flags).putInt(0100644), name));
  }

  Answer read(long node, long handle, long offset, int size) throws Exception {
    return call(Opcode.READ, node, args(40).putLong(handle).putLong(offset).putInt(size));
  }

  Answer write(long node, long handle, long offset, String text) throws Exception {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    ByteBuffer arguments = args(40 + bytes.length).putLong(handle).putLong(offset);
    arguments.putInt(bytes.length).position(40).put(bytes);
    return call(Opcode.WRITE, node, arguments);
  }

  static String text(Answer answer) {
    return StandardCharsets.UTF_8.decode(answer.body()).toString();
  }

  long counter(String name) {
    return device.counters().stream()
        .filter(counter -> counter.name().equals(name))
        .findFirst()
        .orElseThrow()
        .value();
  }

  @Override
  public void close() {
    transport.close();
    guest.close();
  }
}
