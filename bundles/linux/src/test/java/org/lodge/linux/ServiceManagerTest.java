package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileDescriptor;
import java.net.DatagramPacket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.newsclub.net.unix.AFUNIXDatagramSocket;
import org.newsclub.net.unix.AFUNIXSocketAddress;

@Timeout(10)
class ServiceManagerTest {
  @TempDir Path directory;

  @Test
  void stateAndDescriptorsReachTheManager() throws Exception {
    Path path = directory.resolve("notify");
    try (AFUNIXDatagramSocket manager = AFUNIXDatagramSocket.newInstance();
        EventFd event = EventFd.create()) {
      manager.bind(AFUNIXSocketAddress.of(path));
      manager.setAncillaryReceiveBufferSize(1024);
      ServiceManager told = ServiceManager.of(Map.of("NOTIFY_SOCKET", path.toString()));
      assertTrue(told.isPresent());
      assertTrue(told.tell("READY=1", "STATUS=up"));
      assertEquals("READY=1\nSTATUS=up", receive(manager));
      assertTrue(told.keep("vhost-user:blk".replace(':', '-'), List.of(event, event)));
      assertEquals("FDSTORE=1\nFDNAME=vhost-user-blk", receive(manager));
      FileDescriptor[] stored = manager.getReceivedFileDescriptors();
      assertEquals(2, stored.length);
      told.forget("vhost-user-blk");
      assertEquals("FDSTOREREMOVE=1\nFDNAME=vhost-user-blk", receive(manager));
      assertThrows(IllegalArgumentException.class, () -> told.keep("a:b", List.of(event)));
    }
  }

  @Test
  void withoutAManagerNothingIsKeptAndNothingFails() throws Exception {
    ServiceManager none = ServiceManager.of(Map.of());
    assertFalse(none.isPresent());
    assertFalse(none.tell("READY=1"));
    assertFalse(none.keep("x", List.of()));
    none.forget("x");
    assertArrayEquals(new Object[0], none.take("").toArray());
  }

  @Test
  void aManagerThatHasDiedIsOneThatIsNotThere() throws Exception {
    Path path = directory.resolve("notify");
    UnixDatagramListener manager = UnixDatagramListener.bind(path);
    ServiceManager told = ServiceManager.of(Map.of("NOTIFY_SOCKET", path.toString()));
    assertTrue(told.keep("kept", List.of()));
    manager.close();
    told.keep("lost", List.of());
    assertFalse(told.isPresent());
    assertFalse(told.keep("lost", List.of()));
  }

  @Test
  void descriptorsMeantForAnotherProcessAreNotTaken() {
    ServiceManager other =
        ServiceManager.of(Map.of("LISTEN_PID", "1", "LISTEN_FDS", "2", "LISTEN_FDNAMES", "a:b"));
    assertTrue(other.take("").isEmpty());
  }

  private static String receive(AFUNIXDatagramSocket socket) throws Exception {
    DatagramPacket packet = new DatagramPacket(new byte[256], 256);
    socket.receive(packet);
    return new String(Arrays.copyOf(packet.getData(), packet.getLength()), StandardCharsets.UTF_8);
  }
}
