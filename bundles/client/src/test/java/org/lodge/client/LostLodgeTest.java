package org.lodge.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LostLodgeTest {
  @TempDir Path folder;

  /** A script must be able to tell it from an exit code of the program. */
  @Test
  void aLodgeThatGoesDuringACommandInAGuestIsNotTheProgramsFailure() throws Exception {
    UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("admin.sock"));
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(address);
      Thread.ofVirtual()
          .start(() -> {
            try (SocketChannel lodge = server.accept()) {
              Frame.read(lodge);
            } catch (java.io.IOException e) {
              throw new AssertionError(e);
            }
          });
      try (SocketChannel channel = SocketChannel.open(address)) {
        assertEquals(125, Main.relay(channel, new byte[] {'{', '}'}, 125));
      }
    }
    assertTrue(Main.runsInGuest("exec"));
    assertFalse(Main.runsInGuest("start"));
  }
}
