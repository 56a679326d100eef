package org.lodge.device.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.vsock.internal.Hub;

/** Programs of the host that reach a guest, and are reached, through Unix sockets. */
@Timeout(60)
class HybridSocketTest {
  @TempDir Path folder;
  private final Hub hub = new Hub();
  private TestGuest guest;
  private Path path;

  @BeforeEach
  void start() throws Exception {
    path = folder.resolve("work.vsock");
    guest = new TestGuest(hub, "work", 3, Optional.of(path));
  }

  @AfterEach
  void stop() {
    guest.close();
    hub.deactivate();
    assertFalse(Files.exists(path));
  }

  private static void say(SocketChannel channel, String text) throws Exception {
    channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
  }

  private static String hear(SocketChannel channel, int length) throws Exception {
    ByteBuffer bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining() && channel.read(bytes) >= 0) {}
    return new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
  }

  @Test
  void aProgramConnectsByPort() throws Exception {
    try (SocketChannel program = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      say(program, "CONNECT 5000\nhello");
      Packet request = guest.receive();
      assertEquals(5000, request.targetPort());
      int hostPort = request.sourcePort();
      guest.send(guest.packet(Header.RESPONSE, 5000, hostPort, 0, 0, new byte[0]));
      String line = "OK %d\n".formatted(Integer.toUnsignedLong(hostPort));
      assertEquals(line, hear(program, line.length()));
      assertArrayEquals("hello".getBytes(StandardCharsets.US_ASCII), guest.receive(5).payload());
      guest.send(guest.packet(Header.RW, 5000, hostPort, 0, 5, new byte[] {'h', 'i'}));
      assertEquals("hi", hear(program, 2));
      program.shutdownOutput();
      assertEquals(2, guest.receive(Header.SHUTDOWN).flags());
      guest.send(guest.packet(Header.SHUTDOWN, 5000, hostPort, 3, 5, new byte[0]));
      assertEquals("", hear(program, 1));
      guest.receive(Header.RST);
    }
  }

  @Test
  void whatIsNoConnectLineIsHungUpOn() throws Exception {
    for (String line : new String[] {"GET / HTTP/1.0\n", "CONNECT x\n", "CONNECT 99999999999\n"}) {
      try (SocketChannel program = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
        say(program, line);
        assertEquals("", hear(program, 1));
      }
    }
  }

  @Test
  void aGuestReachesAProgramThatListens() throws Exception {
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(path + "_80"));
      guest.send(guest.packet(Header.REQUEST, 9, 80, 0, 0, new byte[0]));
      try (SocketChannel program = server.accept()) {
        guest.receive(Header.RESPONSE);
        guest.send(guest.packet(Header.RW, 9, 80, 0, 0, new byte[] {'a', 'b'}));
        assertEquals("ab", hear(program, 2));
      }
      guest.receive(Header.SHUTDOWN);
      guest.send(guest.packet(Header.RST, 9, 80, 0, 0, new byte[0]));
    }
    guest.send(guest.packet(Header.REQUEST, 9, 81, 0, 0, new byte[0]));
    guest.receive(Header.RST);
  }
}
