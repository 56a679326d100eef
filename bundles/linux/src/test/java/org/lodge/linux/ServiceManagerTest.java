package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.FileDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.net.DatagramPacket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.linux.internal.Envelope;
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
  void whatIsKeptTwiceIsTwoFilesToAManagerThatKeepsEachOnce() throws Exception {
    Path path = directory.resolve("notify");
    List<Fd> stored = new ArrayList<>();
    try (UnixDatagramListener manager = UnixDatagramListener.bind(path);
        EventFd event = EventFd.create();
        EventFd other = EventFd.create();
        MemFd memory = MemFd.sealed("memory", 4096)) {
      ServiceManager told = ServiceManager.of(Map.of("NOTIFY_SOCKET", path.toString()));
      for (Fd each : List.of(event, event, other, memory, memory)) {
        told.keep("any", List.of(each));
        manager.receive(Arena.ofAuto().allocate(64), stored::add);
      }
      assertEquals(5, stored.stream().map(ServiceManagerTest::inode).distinct().count());

      stored.get(1).close();
      for (int restart = 0; restart < 2; restart++) {
        try (EventFd again = EventFd.adopt(Envelope.open(stored.getFirst().duplicate()));
            Fd file = Envelope.open(stored.getLast().duplicate())) {
          again.signal();
          assertTrue(event.await(0), "it is the same event");
          event.drain();
          assertEquals(4096, file.status().sizeBytes());
        }
      }
      assertFalse(other.await(0));
    } finally {
      stored.forEach(Fd::close);
    }
  }

  @Test
  void socketsAreKeptAsTheyAreSoThatTheManagerSeesThemHangUp() throws Exception {
    Path path = directory.resolve("notify");
    List<Fd> stored = new ArrayList<>();
    try (UnixDatagramListener manager = UnixDatagramListener.bind(path);
        UnixListener socket = UnixListener.bind(directory.resolve("socket"))) {
      ServiceManager.of(Map.of("NOTIFY_SOCKET", path.toString())).keep("any", List.of(socket));
      manager.receive(Arena.ofAuto().allocate(64), stored::add);
      assertEquals(inode(socket), inode(stored.getFirst()));
      assertSame(stored.getFirst(), Envelope.open(stored.getFirst()));
    } finally {
      stored.forEach(Fd::close);
    }
  }

  private static Object inode(Fd fd) {
    try {
      return Files.getAttribute(Path.of("/proc/self/fd/" + fd.number()), "unix:ino");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
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
