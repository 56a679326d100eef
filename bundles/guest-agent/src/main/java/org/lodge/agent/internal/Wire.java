package org.lodge.agent.internal;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentInfo;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.GuestClocks;
import org.lodge.agent.GuestStats;
import org.lodge.vsock.VsockStream;

/**
 * The agent's protocol, as its {@code protocol.h} has it: prefaces, messages and their bodies. All
 * that is read here comes from a guest and is checked.
 */
final class Wire {
  static final long PORT = 5100;
  private static final long ROOT_PORTS = 1024;
  static final int MAGIC = 0x4147444c;
  static final int VERSION = 1;
  static final int PREFACE_BYTES = 32;
  static final int REPLY_BYTES = 8;
  static final int HEADER_BYTES = 16;
  static final int BODY_BYTES_MAX = 65536;
  static final int NAME_MAX = 128;
  static final int ARGUMENT_MAX = 256;
  static final int TEXT_MAX = 256;
  static final int PATH_MAX = 1023;
  static final int ARGUMENTS_MAX = 512;

  static final int MAIN = 1;
  static final int ANNOUNCED = 2;
  static final int CALL = 3;
  static final int READY = 4;
  static final int STATUS = 5;

  /** In a preface's flags: frames with handles follow. */
  private static final int WITH_HANDLES = 1;

  /** In a preface's flags: the caller will ask how its call ended. */
  private static final int WANTS_STATUS = 2;

  static final int EXEC = 1;
  static final int RESIZE = 2;
  static final int SIGNAL = 3;
  static final int GET = 4;
  static final int PUT = 5;
  static final int SHUTDOWN = 6;
  static final int STATS = 7;
  static final int OPEN = 8;
  static final int LISTEN = 9;
  static final int UNLISTEN = 10;
  static final int PING = 11;
  static final int CLOCKS = 12;
  static final int LISTEN_HANDLES = 64;
  static final int OPEN_HANDLES = 65;
  static final int SHARE = 80;
  static final int HELLO = 32;
  private static final int HELLO_UP = 1;
  static final int RESULT = 33;
  static final int EXITED = 34;

  /** Error numbers of Linux. */
  static final int ENOENT = 2;

  static final int EACCES = 13;
  static final int ECONNRESET = 104;
  static final int EINPROGRESS = 115;

  static final int OPEN_UNIX = 1;
  static final int OPEN_TCP = 2;

  private static final int TERMINAL = 1;
  private static final int AS_USER = 2;
  private static final int STATS_BYTES_MIN = 58;
  private static final int CLOCKS_BYTES = 24;

  private Wire() {}

  record Preface(
      int kind,
      long token,
      boolean wantsStatus,
      boolean withHandles,
      String name,
      String argument,
      String target) {}

  record Message(int type, long call, ByteBuffer body) {}

  static ByteBuffer buffer(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** Reads exactly as many bytes. */
  static ByteBuffer read(VsockStream stream, int bytes) throws IOException {
    ByteBuffer into = buffer(bytes);
    while (into.hasRemaining()) {
      if (stream.read(into) < 0) {
        throw new AgentException("guest '%s': the agent has hung up".formatted(stream.guest()));
      }
    }
    return into.flip();
  }

  /** Linux lets nobody else in a guest have such a port. */
  static boolean isRoots(long guestPort) {
    return guestPort < ROOT_PORTS;
  }

  static Preface readPreface(VsockStream stream) throws IOException {
    ByteBuffer in = read(stream, PREFACE_BYTES);
    int magic = in.getInt();
    int version = Short.toUnsignedInt(in.getShort());
    int kind = Short.toUnsignedInt(in.getShort());
    long token = in.getLong();
    int untrustedName = Short.toUnsignedInt(in.getShort());
    int untrustedArgument = Short.toUnsignedInt(in.getShort());
    int flags = in.getInt();
    int untrustedTarget = Short.toUnsignedInt(in.getShort());
    if (magic != MAGIC || version != VERSION) {
      throw bad(stream, "its preface is not of version " + VERSION);
    }
    if (untrustedName > NAME_MAX
        || untrustedArgument > ARGUMENT_MAX
        || untrustedTarget > NAME_MAX
        || (flags & ~(WANTS_STATUS | WITH_HANDLES)) != 0) {
      throw bad(stream, "its preface has lengths or flags that are not allowed");
    }
    String name = printable(stream, read(stream, untrustedName));
    String argument = printable(stream, read(stream, untrustedArgument));
    String target = printable(stream, read(stream, untrustedTarget));
    return new Preface(
        kind,
        token,
        (flags & WANTS_STATUS) != 0,
        (flags & WITH_HANDLES) != 0,
        name,
        argument,
        target);
  }

  private static String printable(VsockStream stream, ByteBuffer bytes) throws AgentException {
    for (int i = 0; i < bytes.limit(); i++) {
      if (bytes.get(i) < ' ' || bytes.get(i) > '~') {
        throw bad(stream, "a name in its preface is not printable ASCII");
      }
    }
    return StandardCharsets.US_ASCII.decode(bytes).toString();
  }

  static AgentException bad(VsockStream stream, String what) {
    return new AgentException(
        "guest '%s': the agent breaks the protocol: %s".formatted(stream.guest(), what));
  }

  static Message readMessage(VsockStream stream) throws IOException {
    ByteBuffer header = read(stream, HEADER_BYTES);
    long untrustedLength = Integer.toUnsignedLong(header.getInt());
    int type = Short.toUnsignedInt(header.getShort());
    header.getShort();
    long call = header.getLong();
    if (untrustedLength > BODY_BYTES_MAX) {
      throw bad(stream, "a message of %d bytes".formatted(untrustedLength));
    }
    return new Message(type, call, read(stream, (int) untrustedLength));
  }

  static ByteBuffer message(int type, long call, ByteBuffer body) {
    return buffer(HEADER_BYTES + body.remaining())
        .putInt(body.remaining())
        .putShort((short) type)
        .putShort((short) 0)
        .putLong(call)
        .put(body)
        .flip();
  }

  static ByteBuffer reply(int errno, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int length = Math.min(bytes.length, TEXT_MAX);
    return buffer(REPLY_BYTES + length)
        .putShort((short) errno)
        .putShort((short) length)
        .putInt(0)
        .put(bytes, 0, length)
        .flip();
  }

  /** A string with its length before it. */
  private static void put(ByteBuffer out, byte[] string) {
    out.putShort((short) string.length).put(string);
  }

  private static byte[] string(String what, String text, int most) throws AgentException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > most || text.indexOf(0) >= 0) {
      throw new AgentException(
          "%s is longer than %d bytes or has a NUL in it; the agent can't take it"
              .formatted(what, most));
    }
    return bytes;
  }

  static byte[] path(String path) throws AgentException {
    if (!path.startsWith("/")) {
      throw new AgentException("the path '%s' must begin with /".formatted(path));
    }
    return string("the path", path, PATH_MAX);
  }

  static ByteBuffer exec(ExecRequest request, long token, long errorToken) throws AgentException {
    ByteBuffer out = buffer(BODY_BYTES_MAX);
    Map<String, String> environment = request.environment();
    if (request.arguments().size() > ARGUMENTS_MAX || environment.size() > ARGUMENTS_MAX) {
      throw new AgentException("more than %d arguments".formatted(ARGUMENTS_MAX));
    }
    out.putInt(
            (request.terminal().isPresent() ? TERMINAL : 0)
                | (request.user().isPresent() ? AS_USER : 0))
        .putInt(request.uid())
        .putInt(request.gid())
        .putShort(request.terminal().map(size -> (short) size.rows()).orElse((short) 0))
        .putShort(request.terminal().map(size -> (short) size.columns()).orElse((short) 0))
        .putLong(token)
        .putLong(errorToken)
        .putShort((short) request.arguments().size())
        .putShort((short) environment.size());
    List<String> strings = new ArrayList<>();
    strings.add(request.folder());
    strings.addAll(request.arguments());
    environment.forEach((name, value) -> strings.add(name + "=" + value));
    request.user().ifPresent(strings::add);
    for (String text : strings) {
      byte[] bytes = string("an argument", text, out.remaining());
      if (bytes.length + 2 > out.remaining()) {
        throw new AgentException(
            "arguments and environment have more than %d bytes".formatted(BODY_BYTES_MAX));
      }
      put(out, bytes);
    }
    return out.flip();
  }

  static ByteBuffer get(long token, String path) throws AgentException {
    byte[] bytes = path(path);
    ByteBuffer out = buffer(10 + bytes.length).putLong(token);
    put(out, bytes);
    return out.flip();
  }

  static ByteBuffer put(long token, long sizeBytes, int mode, String path) throws AgentException {
    byte[] bytes = path(path);
    ByteBuffer out = buffer(22 + bytes.length).putLong(token).putLong(sizeBytes).putInt(mode);
    put(out, bytes);
    return out.flip();
  }

  static ByteBuffer openUnix(long token, String path) throws AgentException {
    byte[] bytes = path(path);
    ByteBuffer out = buffer(14 + bytes.length).putLong(token);
    out.putShort((short) OPEN_UNIX).putShort((short) 0);
    put(out, bytes);
    return out.flip();
  }

  static ByteBuffer share(long token, boolean create, String path) throws AgentException {
    byte[] bytes = path(path);
    ByteBuffer out = buffer(14 + bytes.length).putLong(token).putInt(create ? 1 : 0);
    put(out, bytes);
    return out.flip();
  }

  static ByteBuffer openTcp(long token, int port) {
    ByteBuffer out = buffer(14).putLong(token).putShort((short) OPEN_TCP).putShort((short) port);
    return out.putShort((short) 0).flip();
  }

  static ByteBuffer listen(
      String path, int mode, int uid, int gid, String service, String argument, String target)
      throws AgentException {
    byte[] pathBytes = path(path);
    byte[] name = string("the service's name", service, NAME_MAX);
    byte[] argumentBytes = string("the argument", argument, ARGUMENT_MAX);
    byte[] targetBytes = string("the target", target, NAME_MAX);
    return buffer(20 + pathBytes.length + name.length + argumentBytes.length + targetBytes.length)
        .putInt(mode)
        .putInt(uid)
        .putInt(gid)
        .putShort((short) pathBytes.length)
        .putShort((short) name.length)
        .putShort((short) argumentBytes.length)
        .putShort((short) targetBytes.length)
        .put(pathBytes)
        .put(name)
        .put(argumentBytes)
        .put(targetBytes)
        .flip();
  }

  static ByteBuffer unlisten(String path) throws AgentException {
    byte[] bytes = path(path);
    ByteBuffer out = buffer(2 + bytes.length);
    put(out, bytes);
    return out.flip();
  }

  /**
   * @param up whether the guest has come up before
   */
  record Hello(AgentInfo info, boolean up) {}

  static Hello hello(VsockStream stream, Message message) throws AgentException {
    ByteBuffer body = message.body();
    if (message.type() != HELLO || body.remaining() < 8 || body.getInt() != VERSION) {
      throw bad(stream, "it does not say hello in version " + VERSION);
    }
    int version = body.getInt();
    String bootId = text(stream, body);
    String hostName = text(stream, body);
    String kernel = text(stream, body);
    boolean up = body.remaining() >= 4 && (body.getInt() & HELLO_UP) != 0;
    return new Hello(
        new AgentInfo(
            "%d.%d".formatted(version >>> 16, version & 0xffff), bootId, hostName, kernel),
        up);
  }

  private static String text(VsockStream stream, ByteBuffer body) throws AgentException {
    int length = body.remaining() < 2 ? -1 : Short.toUnsignedInt(body.getShort());
    if (length < 0 || length > body.remaining()) {
      throw bad(stream, "a text is longer than its message");
    }
    return text(take(body, length));
  }

  /** Text for people to read: anything that could move a cursor is replaced. */
  static String text(ByteBuffer bytes) {
    return StandardCharsets.UTF_8.decode(bytes).toString().replaceAll("\\p{C}", "?");
  }

  private static ByteBuffer take(ByteBuffer from, int length) {
    ByteBuffer part = from.slice(from.position(), length);
    from.position(from.position() + length);
    return part;
  }

  static GuestStats stats(VsockStream stream, ByteBuffer body) throws IOException {
    if (body.remaining() < STATS_BYTES_MIN) {
      throw bad(stream, "statistics of %d bytes".formatted(body.remaining()));
    }
    long up = body.getLong();
    List<Double> loads = new ArrayList<>();
    for (int i = 0; i < 3; i++) {
      loads.add(Integer.toUnsignedLong(body.getInt()) / 100.0);
    }
    int programs = body.getInt();
    long memory = body.getLong();
    long memoryAvailable = body.getLong();
    long disk = body.getLong();
    long diskAvailable = body.getLong();
    int count = Short.toUnsignedInt(body.getShort());
    List<GuestStats.Address> addresses = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      addresses.add(address(stream, body));
    }
    return new GuestStats(
        up, loads, programs, memory, memoryAvailable, disk, diskAvailable, addresses);
  }

  static GuestClocks clocks(VsockStream stream, ByteBuffer body) throws AgentException {
    if (body.remaining() < CLOCKS_BYTES) {
      throw bad(stream, "clocks of %d bytes".formatted(body.remaining()));
    }
    return new GuestClocks(body.getLong(), body.getLong(), body.getLong());
  }

  private static GuestStats.Address address(VsockStream stream, ByteBuffer body)
      throws IOException {
    if (body.remaining() < 3) {
      throw bad(stream, "fewer addresses than it says");
    }
    int family = body.get();
    int prefix = Byte.toUnsignedInt(body.get());
    int nameLength = Byte.toUnsignedInt(body.get());
    int length = family == 4 ? 4 : 16;
    if (family != 4 && family != 6 || body.remaining() < nameLength + length) {
      throw bad(stream, "an address that is none");
    }
    String name = text(take(body, nameLength));
    byte[] bytes = new byte[length];
    body.get(bytes);
    return new GuestStats.Address(name, InetAddress.getByAddress(bytes), prefix);
  }
}
