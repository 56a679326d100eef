package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(10)
class UnixStreamSocketTest {
  @TempDir Path directory;
  private UnixStreamSocket ours;
  private UnixStreamSocket theirs;

  @BeforeEach
  void connect() throws IOException {
    try (UnixListener listener = UnixListener.bind(directory.resolve("s"))) {
      theirs = UnixStreamSocket.connect(directory.resolve("s"));
      ours = listener.accept();
    }
  }

  @AfterEach
  void close() {
    ours.close();
    theirs.close();
  }

  @Test
  void bytesCarryDescriptorsThatOutliveTheSocket() throws Exception {
    List<Fd> received = new ArrayList<>();
    try (EventFd event = EventFd.create()) {
      theirs.send(bytes(1, 2, 3), 1000, List.of(event));
      assertArrayEquals(new byte[] {1, 2, 3}, receive(ours, received));
      ours.close();
      theirs.close();
      try (EventFd arrived = EventFd.adopt(received.getFirst())) {
        event.signal();
        assertTrue(arrived.drain());
      }
    }
  }

  @Test
  void aPeekLeavesBytesAndDescriptorsInPlace() throws Exception {
    try (EventFd event = EventFd.create();
        Arena arena = Arena.ofConfined()) {
      theirs.send(bytes(7), 1000, List.of(event));
      List<Fd> peeked = new ArrayList<>();
      assertEquals(1, ours.peek(arena.allocate(8), peeked::add));
      List<Fd> received = new ArrayList<>();
      assertArrayEquals(new byte[] {7}, receive(ours, received));
      assertEquals(1, peeked.size());
      assertEquals(1, received.size());
      peeked.forEach(Fd::close);
      received.forEach(Fd::close);
    }
  }

  @Test
  void silenceAndTheEndAreToldApart() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(8);
      assertEquals(UnixStreamSocket.NOTHING_YET, ours.receive(into, Fd::close));
      theirs.close();
      assertTrue(ours.awaitReadable(1000));
      assertEquals(UnixStreamSocket.END_OF_STREAM, ours.receive(into, Fd::close));
    }
  }

  @Test
  void aPeerThatNeverReadsDoesNotHoldTheSender() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment much = arena.allocate(4 << 20);
      LinuxException stuck =
          assertThrows(LinuxException.class, () -> ours.send(much, 20, List.of()));
      assertEquals(LinuxException.EAGAIN, stuck.errno());
    }
  }

  @Test
  void aDuplicateAdoptedElsewhereKeepsTheConnection() throws Exception {
    UnixStreamSocket restored = UnixStreamSocket.adopt(ours.duplicate());
    ours.close();
    restored.send(bytes(9), 1000, List.of());
    assertArrayEquals(new byte[] {9}, receive(theirs, new ArrayList<>()));
    assertEquals(ProcessHandle.current().pid(), restored.peerCredentials().pid());
    restored.close();
    assertTrue(theirs.awaitReadable(1000));
  }

  @Test
  void aListenerAdoptedElsewhereGoesOnAccepting() throws Exception {
    UnixListener listener = UnixListener.bind(directory.resolve("l"));
    Fd copy = listener.duplicate();
    listener.close();
    assertTrue(Files.exists(directory.resolve("l")));
    try (UnixListener restored = UnixListener.adopt(copy);
        UnixStreamSocket client = UnixStreamSocket.connect(directory.resolve("l"));
        UnixStreamSocket accepted = restored.accept()) {
      client.send(bytes(4), 1000, List.of());
      assertArrayEquals(new byte[] {4}, receive(accepted, new ArrayList<>()));
    }
  }

  static MemorySegment bytes(int... values) {
    MemorySegment segment = Arena.ofAuto().allocate(values.length);
    for (int i = 0; i < values.length; i++) {
      segment.set(ValueLayout.JAVA_BYTE, i, (byte) values[i]);
    }
    return segment;
  }

  static byte[] receive(UnixStreamSocket socket, List<Fd> fds) throws LinuxException {
    assertTrue(socket.awaitReadable(5000));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(256);
      int count = socket.receive(into, fds::add);
      return into.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
    }
  }
}
