package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.handles.FileHandle;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleConnection.PipeEnd;
import org.lodge.agent.handles.HandleLimits;
import org.lodge.agent.handles.HandleShare;
import org.lodge.agent.handles.PipeHandle;
import org.lodge.agent.handles.TooManyHandlesException;
import org.lodge.agent.internal.handles.HandlesComponent;
import org.lodge.linux.ByteFd;
import org.lodge.linux.Fd;
import org.lodge.linux.MemFd;
import org.lodge.linux.Pipe;
import org.lodge.linux.SharedMapping;
import org.lodge.linux.UnixListener;
import org.lodge.linux.UnixStreamSocket;

/** Connections to a server of this host, which is played here. */
@Timeout(60)
class HostSocketTest {
  private static final HandleLimits LIMITS = new HandleLimits(1 << 20, 8, 64);

  @TempDir Path folder;
  private final HandlesComponent handles = new HandlesComponent(null);
  private final List<Fd> received = new ArrayList<>();
  private UnixListener listener;
  private UnixStreamSocket server;
  private HandleConnection connection;

  @BeforeEach
  void connect() throws Exception {
    Path path = folder.resolve("server");
    listener = UnixListener.bind(path);
    connection = handles.connectHost("@host", path, uid(), LIMITS);
    server = listener.accept();
  }

  @AfterEach
  void close() {
    connection.reset("the test is over");
    handles.deactivate();
    received.forEach(Fd::close);
    server.close();
    listener.close();
  }

  private static int uid() throws IOException {
    return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  }

  private String read(int bytes) throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment into = arena.allocate(bytes);
      long done = 0;
      while (done < bytes) {
        assertTrue(server.awaitReadable(10_000));
        int count = server.receive(into.asSlice(done), received::add);
        assertTrue(count > 0, "the connection has ended");
        done += count;
      }
      return new String(into.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.US_ASCII);
    }
  }

  private void say(String text, Fd... descriptors) throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocateFrom(text);
      server.send(bytes.asSlice(0, text.length()), 10_000, List.of(descriptors));
    }
  }

  private String heard(int bytes) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(bytes);
    while (into.hasRemaining()) {
      assertTrue(connection.receive(into) > 0);
    }
    return new String(into.array(), StandardCharsets.US_ASCII);
  }

  private static ByteBuffer bytes(String text) {
    return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
  }

  @Test
  void whatIsMadeIsOfAShare() throws Exception {
    AtomicInteger left = new AtomicInteger(1);
    HandleShare share =
        new HandleShare() {
          @Override
          public boolean take(Handle.Kind kind) {
            return left.getAndUpdate(had -> Math.max(0, had - 1)) > 0;
          }

          @Override
          public void give(Handle.Kind kind) {
            left.incrementAndGet();
          }
        };
    Path path = folder.resolve("server");
    try (HandleConnection other = handles.connectHost("@host", path, uid(), LIMITS.with(share));
        UnixStreamSocket far = listener.accept()) {
      FileHandle file = other.makeFile(1, true);
      assertThrows(TooManyHandlesException.class, () -> other.makePipe(PipeEnd.READ));
      file.close();
      file.close();
      assertEquals(1, left.get());
      assertThrows(Exception.class, () -> other.makeFile(-1, true));
      other.makePipe(PipeEnd.READ);
      assertTrue(far.number() > 0);
      other.reset("the test says so");
      assertEquals(1, left.get());
    }
  }

  @Test
  void descriptorsThatWaitAreLimited() {
    assertThrows(
        IOException.class,
        () -> {
          for (int i = 0; i < 3000; i++) {
            FileHandle file = connection.makeFile(1, true);
            connection.pass(file);
            connection.send(bytes("x"));
            file.close();
          }
        });
    assertFalse(connection.isOpen());
  }

  @Test
  void descriptorsThatWaitArriveOnceTheyAreRead() throws Exception {
    int sent = 0;
    for (; connection.queuedBytes() < 100_000; sent++) {
      FileHandle file = connection.makeFile(1, true);
      connection.pass(file);
      connection.send(bytes("x"));
      file.close();
    }
    read(sent);
    connection.awaitQueuedBytes(0);
    assertEquals(sent, received.size());
  }

  @Test
  void bytesCrossBothWays() throws Exception {
    connection.send(bytes("hello"));
    assertEquals("hello", read(5));
    CompletableFuture<String> answer =
        CompletableFuture.supplyAsync(() -> {
          try {
            return heard(7);
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
    say("good");
    say("bye");
    assertEquals("goodbye", answer.get());
    server.close();
    assertEquals(-1, connection.receive(ByteBuffer.allocate(1)));
  }

  @Test
  void aFileIsMemoryThatTheServerMapsAndNobodyCanShrink() throws Exception {
    FileHandle file = connection.makeFile(8192, false);
    connection.pass(file);
    connection.send(bytes("f"));
    assertEquals("f", read(1));
    Fd memory = received.getFirst();
    assertTrue(MemFd.isShrinkSealed(memory));
    try (SharedMapping mapped = SharedMapping.of(memory, 0, 8192)) {
      connection.writeRows(file, 10, 100, 3, 2, bytes("abcdef"));
      assertEquals('c', mapped.segment().get(ValueLayout.JAVA_BYTE, 12));
      assertEquals('d', mapped.segment().get(ValueLayout.JAVA_BYTE, 110));
    }
    file.resize(1 << 20);
    connection.writeRows(file, (1 << 20) - 1, 1, 1, 1, bytes("z"));
    ByteBuffer end = ByteBuffer.allocate(2);
    assertEquals(2, connection.readRows(file, (1 << 20) - 2, 2, 2, 1, end));
    assertEquals('z', end.get(1));
    assertTrue(file.failure().isEmpty());
    connection.writeRows(file, 1 << 20, 1, 1, 1, bytes("z"));
    assertEquals(27, file.failure().getAsInt(), "beyond its end");
    file.close();
    try (SharedMapping mapped = SharedMapping.of(memory, 0, 1 << 20)) {
      assertEquals('z', mapped.segment().get(ValueLayout.JAVA_BYTE, (1 << 20) - 1));
    }
  }

  @Test
  void aFileOfTheServerIsReadAsFarAsItGoes() throws Exception {
    try (MemFd memory = MemFd.resizable("keymap", 6);
        SharedMapping mapped = SharedMapping.of(memory, 0, 6)) {
      MemorySegment.copy(
          MemorySegment.ofArray("keymap".getBytes(StandardCharsets.US_ASCII)),
          0,
          mapped.segment(),
          0,
          6);
      say("k", memory);
      assertEquals("k", heard(1));
      FileHandle file = assertInstanceOf(FileHandle.class, connection.takeHandle());
      assertEquals(6, file.sizeBytes());
      ByteBuffer into = ByteBuffer.allocate(10);
      assertEquals(6, connection.readRows(file, 0, 10, 10, 1, into));
      assertEquals('p', into.get(5));
      memory.resize(3);
      assertEquals(1, connection.readRows(file, 2, 4, 4, 1, into.clear()));
      file.close();
    }
  }

  @Test
  void pipesRunBothWaysAndEnd() throws Exception {
    PipeHandle out = connection.makePipe(PipeEnd.READ);
    PipeHandle in = connection.makePipe(PipeEnd.WRITE);
    connection.pass(out);
    connection.pass(in);
    connection.send(bytes("p"));
    read(1);
    assertEquals(2, received.size());
    try (ByteFd source = ByteFd.adopt(received.removeFirst())) {
      String much = "0123456789".repeat(20_000);
      CompletableFuture<byte[]> all =
          CompletableFuture.supplyAsync(() -> {
            try {
              return source.readAll(1 << 20, 10_000);
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          });
      out.write(bytes(much));
      out.endOutput();
      assertEquals(much, new String(all.get(), StandardCharsets.US_ASCII));

      ByteFd sink = ByteFd.adopt(received.removeFirst());
      sink.writeAll("pasted".getBytes(StandardCharsets.US_ASCII), 10_000);
      sink.close();
      ByteBuffer into = ByteBuffer.allocate(10);
      while (in.read(into) >= 0) {
        assertTrue(into.hasRemaining());
      }
      assertEquals(6, into.position());
    }
  }

  @Test
  void aPipeThatTheServerSendsIsWritten() throws Exception {
    try (Pipe pipe = Pipe.create()) {
      say("s", pipe.sink());
      heard(1);
      PipeHandle sink = assertInstanceOf(PipeHandle.class, connection.takeHandle());
      sink.write(bytes("text"));
      pipe.sink().close();
      sink.close();
      assertEquals(4, pipe.source().readAll(10, 10_000).length);
    }
  }

  @Test
  void manyDescriptorsComeInOrderAndNotTooManyAtATime() throws Exception {
    List<FileHandle> files = new ArrayList<>();
    for (int i = 1; i <= 60; i++) {
      files.add(connection.makeFile(i, true));
      connection.pass(files.getLast());
    }
    connection.send(bytes("all of them"));
    assertEquals("all of them", read(11));
    assertEquals(60, received.size());
    for (int i = 0; i < 60; i++) {
      assertEquals(i + 1, received.get(i).status().sizeBytes());
    }
  }

  @Test
  void aServerThatDoesNotReadIsCutOffAndOneThatReadsLateGetsAll() throws Exception {
    ByteBuffer half = ByteBuffer.allocate(1 << 19);
    FileHandle file = connection.makeFile(1, true);
    connection.send(half.duplicate());
    connection.pass(file);
    file.close();
    connection.send(bytes("end"));
    assertTrue(connection.queuedBytes() > 0);
    read(1 << 19);
    assertEquals("end", read(3));
    assertEquals(1, received.size());
    connection.awaitQueuedBytes(0);
    assertThrows(
        IOException.class,
        () -> {
          for (int i = 0; i < 8; i++) {
            connection.send(half.duplicate());
          }
        });
    assertFalse(connection.isOpen());
  }

  @Test
  void whatIsQueuedAtTheCloseStillArrives() throws Exception {
    connection.send(ByteBuffer.allocate(1 << 19));
    connection.send(bytes("end"));
    connection.close();
    read(1 << 19);
    assertEquals("end", read(3));
    assertTrue(server.awaitReadable(10_000));
    assertEquals(UnixStreamSocket.END_OF_STREAM, end());
  }

  private int end() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      return server.receive(arena.allocate(1), received::add);
    }
  }

  @Test
  void whoWaitsIsToldOfTheEnd() throws Exception {
    PipeHandle in = connection.makePipe(PipeEnd.WRITE);
    CompletableFuture<Object> reader = waiting(() -> in.read(ByteBuffer.allocate(1)));
    CompletableFuture<Object> receiver = waiting(() -> connection.receive(ByteBuffer.allocate(1)));
    connection.reset("for a test");
    assertInstanceOf(IOException.class, reader.get());
    assertInstanceOf(IOException.class, receiver.get());
    assertThrows(IOException.class, () -> connection.send(bytes("x")));
  }

  private interface Call {
    Object call() throws IOException;
  }

  private static CompletableFuture<Object> waiting(Call call) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return call.call();
          } catch (IOException e) {
            return e;
          }
        },
        task -> Thread.startVirtualThread(task));
  }

  @Test
  void moreDescriptorsThanAnybodyAskedForEndTheConnection() throws Exception {
    try (MemFd memory = MemFd.resizable("x", 1)) {
      for (int i = 0; i < 10; i++) {
        say("x", memory);
      }
      assertThrows(
          IOException.class,
          () -> {
            while (true) {
              connection.receive(ByteBuffer.allocate(1));
            }
          });
    }
  }

  @Test
  void aListenerIsForTheServerAlone() throws Exception {
    Path path = folder.resolve("made");
    Handle made = connection.makeListener(path.toString());
    connection.pass(made);
    connection.send(bytes("l"));
    read(1);
    try (UnixListener passed = UnixListener.adopt(received.removeFirst())) {
      HandleConnection other = handles.connectHost("@host", path, uid(), LIMITS);
      passed.accept().close();
      assertEquals(-1, other.receive(ByteBuffer.allocate(1)));
      made.close();
      assertFalse(Files.exists(path));
    }
  }

  @Test
  void aServerOfAnotherUserIsNotSpokenTo() throws Exception {
    Path path = folder.resolve("server");
    IOException refused =
        assertThrows(
            IOException.class, () -> handles.connectHost("@host", path, uid() + 1L, LIMITS));
    assertTrue(refused.getMessage().contains("is served by user " + uid()), refused::getMessage);
  }
}
