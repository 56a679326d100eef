package org.lodge.vmm.qemu.internal;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.io.IOException;
import java.io.StringReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** The other end of a control socket, which does just what a test tells it. */
final class FakeQemu implements AutoCloseable {
  static final String GREETING = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}";

  final SocketChannel lodge;
  final SocketChannel peer;
  private final QmpLines lines;

  FakeQemu(Path directory) throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      Path socket = directory.resolve("qmp.sock");
      server.bind(UnixDomainSocketAddress.of(socket));
      lodge = SocketChannel.open(UnixDomainSocketAddress.of(socket));
      peer = server.accept();
    }
    lines = new QmpLines(peer, 1 << 16);
  }

  void say(String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap((text + "\r\n").getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      peer.write(bytes);
    }
  }

  /** Greets and agrees to the capabilities, while the other side negotiates. */
  void greet() throws IOException {
    say(GREETING);
    answer(hear(), "{}");
  }

  record Command(String name, String id) {}

  Command hear() throws IOException {
    String line = lines.next();
    if (line == null) {
      throw new IOException("Lodge hung up");
    }
    JsonObject message = Text.JSON.createReader(new StringReader(line)).readObject();
    return new Command(message.getString("execute"), ((JsonString) message.get("id")).getString());
  }

  void answer(Command command, String value) throws IOException {
    say("{\"return\": " + value + ", \"id\": \"" + command.id() + "\"}");
  }

  void refuse(Command command, String why) throws IOException {
    say(
        "{\"error\": {\"class\": \"GenericError\", \"desc\": \"%s\"}, \"id\": \"%s\"}"
            .formatted(why, command.id()));
  }

  @Override
  public void close() throws IOException {
    peer.close();
    lodge.close();
  }
}
