package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.agent.internal.HandlesRig.receive;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.handles.FileHandle;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.HandleConnection.PipeEnd;
import org.lodge.agent.handles.PipeHandle;
import org.lodge.agent.internal.HandlesRig.Pair;
import org.lodge.linux.ByteFd;
import org.lodge.linux.Fd;
import org.lodge.linux.MemFd;
import org.lodge.linux.Pipe;

/** Connections with descriptors, through the agent's program under the sanitizers. */
@Timeout(120)
class HandlesTest {
  private static final int SILENCE_MILLIS = 20_000;

  @TempDir Path folder;
  private HandlesRig rig;

  @BeforeEach
  void start() throws Exception {
    rig = new HandlesRig(folder);
  }

  @AfterEach
  void stop() throws Exception {
    assertTrue(rig.agent.isAlive(), "the agent has ended");
    rig.close();
  }

  private static byte[] random(int length) {
    byte[] bytes = new byte[length];
    new Random(length).nextBytes(bytes);
    return bytes;
  }

  private static ByteBuffer text(String text) {
    return ByteBuffer.wrap(text.getBytes());
  }

  @Test
  void bytesGoBothWaysWhole() throws Exception {
    byte[] bytes = random(3_000_000);
    for (Pair pair : List.of(rig.client(), rig.server())) {
      CompletableFuture<Void> sent =
          CompletableFuture.runAsync(() -> attempt(() -> pair.program().send(bytes)));
      assertArrayEquals(bytes, receive(pair.connection(), bytes.length));
      sent.get(20, TimeUnit.SECONDS);
      CompletableFuture<byte[]> got = new CompletableFuture<>();
      Thread.startVirtualThread(
          () -> attempt(() -> got.complete(pair.program().receive(bytes.length))));
      Thread receiver =
          Thread.startVirtualThread(() -> {
            try {
              pair.connection().receive(ByteBuffer.allocate(1));
            } catch (IOException ended) {
              assertFalse(pair.connection().isOpen());
            }
          });
      for (int at = 0; at < bytes.length; at += 50_000) {
        pair.connection().awaitQueuedBytes(100_000);
        pair.connection().send(ByteBuffer.wrap(bytes, at, 50_000));
      }
      assertArrayEquals(bytes, got.get(20, TimeUnit.SECONDS));
      pair.close();
      receiver.join();
    }
  }

  private interface Attempt {
    void run() throws Exception;
  }

  private static void attempt(Attempt attempt) {
    try {
      attempt.run();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void descriptorsArriveTypedAndNoLaterThanTheirBytes() throws Exception {
    try (Pair pair = rig.client();
        MemFd file = MemFd.sealed("test", 12_345);
        Pipe pipe = Pipe.create();
        Fd folderFd = Fd.adopt(openFolder())) {
      pair.program().send("a", file, pipe.source(), pipe.sink(), folderFd);
      pair.program().send("b", pair.program().socket, file);
      assertEquals('a', receive(pair.connection(), 1)[0]);
      assertTrue(pair.connection().waitingHandles() >= 4);
      FileHandle first = (FileHandle) pair.connection().takeHandle();
      assertEquals(12_345, first.sizeBytes());
      assertTrue((first.seals() & FileHandle.SEAL_SHRINK) != 0);
      PipeHandle reads = (PipeHandle) pair.connection().takeHandle();
      assertTrue(reads.readable() && !reads.writable());
      PipeHandle writes = (PipeHandle) pair.connection().takeHandle();
      assertTrue(!writes.readable() && writes.writable());
      assertEquals(Handle.Kind.REFUSED, pair.connection().takeHandle().kind());
      assertEquals('b', receive(pair.connection(), 1)[0]);
      assertEquals(Handle.Kind.SOCKET, pair.connection().takeHandle().kind());
      assertEquals(Handle.Kind.FILE, pair.connection().takeHandle().kind());
      assertNull(pair.connection().takeHandle());
    }
  }

  private int openFolder() throws IOException {
    return TestDescriptors.folder(folder);
  }

  @Test
  void rowsGoFromAProgramsFileToTheOtherProgramsFile() throws Exception {
    int stride = 5120;
    int rows = 800;
    byte[] picture = random(stride * rows);
    try (HandlesRig other = new HandlesRig(folder.resolve("b"));
        Pair client = rig.client();
        Pair server = other.server();
        MemFd file = MemFd.sealed("picture", picture.length)) {
      Peer.write(file, 0, picture);
      client.program().send("pool", file);
      receive(client.connection(), 4);
      FileHandle from = (FileHandle) client.connection().takeHandle();
      FileHandle to = server.connection().makeFile(picture.length, false);
      server.connection().pass(to);
      server.connection().send(text("pool"));
      assertArrayEquals("pool".getBytes(), server.program().receive(4));
      Fd shown = server.program().descriptors.remove();
      assertEquals(picture.length, Peer.size(shown));

      client.connection().transferRows(from, 0, stride, to, 0, stride, stride, rows);
      assertEquals(0, client.connection().awaitTransfers());
      server.connection().send(text("commit"));
      assertArrayEquals("commit".getBytes(), server.program().receive(6));
      assertArrayEquals(picture, Peer.read(shown, 0, picture.length));

      byte[] changed = random(picture.length + 1);
      Peer.write(file, 0, java.util.Arrays.copyOf(changed, picture.length));
      int offset = 100 * stride + 40;
      client.connection().transferRows(from, offset, stride, to, offset, stride, 64, 16);
      client.connection().transferRows(from, 8, 100_000, to, 8, 100_000, 77_777, 3);
      assertEquals(0, client.connection().awaitTransfers());
      server.connection().send(text("commit"));
      server.program().receive(6);
      byte[] expected = picture.clone();
      for (int row = 0; row < 16; row++) {
        System.arraycopy(changed, offset + row * stride, expected, offset + row * stride, 64);
      }
      for (int row = 0; row < 3; row++) {
        System.arraycopy(changed, 8 + row * 100_000, expected, 8 + row * 100_000, 77_777);
      }
      assertArrayEquals(expected, Peer.read(shown, 0, picture.length));
    }
  }

  @Test
  void aFileThatWasShortenedGivesWhatItHas() throws Exception {
    try (Pair client = rig.client();
        Pair server = rig.server();
        MemFd file = MemFd.resizable("short", 1 << 20)) {
      byte[] bytes = random(1000);
      Peer.write(file, 0, bytes);
      client.program().send("x", file);
      receive(client.connection(), 1);
      FileHandle from = (FileHandle) client.connection().takeHandle();
      FileHandle to = server.connection().makeFile(1 << 20, true);
      file.resize(1050);
      client.connection().transferRows(from, 0, 100, to, 0, 100, 100, 1000);
      assertEquals(99_000, client.connection().awaitTransfers());
      ByteBuffer into = ByteBuffer.allocate(2000);
      assertEquals(1000, client.connection().readRows(from, 0, 100, 100, 20, into));
      assertArrayEquals(bytes, java.util.Arrays.copyOf(into.array(), 1000));
      assertEquals(0, client.connection().readRows(from, 5000, 1, 1, 1, into.clear()));
      assertEquals(0, client.connection().awaitTransfers());
      file.resize(1 << 20);
      client.connection().transferRows(from, 0, 100, to, 0, 100, 100, 1000);
      assertEquals(0, client.connection().awaitTransfers());
    }
  }

  @Test
  void aFileThatIsShortenedWhileItIsReadHarmsNobody() throws Exception {
    int bytes = 2 << 20;
    try (Pair client = rig.client();
        Pair server = rig.server();
        MemFd file = MemFd.resizable("unsteady", bytes)) {
      client.program().send("x", file);
      receive(client.connection(), 1);
      FileHandle from = (FileHandle) client.connection().takeHandle();
      FileHandle to = server.connection().makeFile(bytes, true);
      AtomicBoolean over = new AtomicBoolean();
      Thread program =
          Thread.ofPlatform()
              .start(() -> {
                while (!over.get()) {
                  attempt(() -> file.resize(bytes / 3));
                  attempt(() -> file.resize(bytes));
                }
              });
      for (int i = 0; i < 100; i++) {
        client.connection().transferRows(from, 0, 4096, to, 0, 4096, 4096, bytes / 4096);
        client.connection().awaitTransfers();
      }
      over.set(true);
      program.join();
      client.connection().transferRows(from, 0, 4096, to, 0, 4096, 4096, bytes / 4096);
      assertEquals(0, client.connection().awaitTransfers());
    }
  }

  @Test
  void aFileThatWasMadeGrowsIsSealedAndGoesToSeveralPrograms() throws Exception {
    try (Pair pair = rig.server()) {
      FileHandle file = pair.connection().makeFile(10, false);
      file.resize(100_000);
      byte[] bytes = random(100_000);
      pair.connection().writeRows(file, 0, 100_000, 100_000, 1, ByteBuffer.wrap(bytes));
      file.seal(FileHandle.SEAL_GROW | FileHandle.SEAL_WRITE);
      pair.connection().pass(file);
      pair.connection().send(text("1"));
      pair.connection().pass(file);
      pair.connection().send(text("2"));
      file.close();
      pair.program().receive(2);
      Fd first = pair.program().descriptors.remove();
      Fd second = pair.program().descriptors.remove();
      assertTrue(MemFd.isShrinkSealed(first));
      assertArrayEquals(bytes, Peer.read(second, 0, bytes.length));
      assertThrows(IOException.class, () -> Peer.write(first, 0, new byte[1]));
    }
  }

  @Test
  void aWriteThatFailsIsToldAndCostsNothingElse() throws Exception {
    try (Pair pair = rig.server()) {
      FileHandle file = pair.connection().makeFile(10, true);
      pair.connection().writeRows(file, 0, 100, 100, 1, ByteBuffer.allocate(100));
      pair.connection().send(text("x"));
      pair.program().receive(1);
      pair.program().send("y");
      receive(pair.connection(), 1);
      assertTrue(file.failure().isPresent());
    }
  }

  @Test
  void moreDescriptorsThanGoAtOnceArriveInOrder() throws Exception {
    try (Pair pair = rig.server()) {
      for (int i = 0; i < 100; i++) {
        FileHandle file = pair.connection().makeFile(1000 + i, true);
        pair.connection().pass(file);
        file.close();
      }
      pair.connection().send(text("a hundred of them"));
      pair.program().receive(17);
      assertEquals(100, pair.program().descriptors.size());
      for (int i = 0; i < 100; i++) {
        try (Fd file = pair.program().descriptors.remove()) {
          assertEquals(1000 + i, Peer.size(file));
        }
      }
    }
  }

  @Test
  void aProgramsPipesAreReadAndWritten() throws Exception {
    byte[] bytes = random(500_000);
    try (Pair pair = rig.client();
        Pipe toHost = Pipe.create();
        Pipe fromHost = Pipe.create()) {
      pair.program().send("x", toHost.source(), fromHost.sink());
      receive(pair.connection(), 1);
      toHost.source().close();
      fromHost.sink().close();
      PipeHandle reads = (PipeHandle) pair.connection().takeHandle();
      PipeHandle writes = (PipeHandle) pair.connection().takeHandle();
      CompletableFuture<byte[]> got = new CompletableFuture<>();
      pump(pair);
      Thread.startVirtualThread(() -> attempt(() -> got.complete(readAll(reads))));
      toHost.sink().writeAll(bytes, SILENCE_MILLIS);
      toHost.sink().close();
      assertArrayEquals(bytes, got.get(20, TimeUnit.SECONDS));
      Thread.startVirtualThread(() ->
          attempt(() -> {
            writes.write(ByteBuffer.wrap(bytes));
            writes.endOutput();
          }));
      assertArrayEquals(bytes, fromHost.source().readAll(bytes.length + 1, SILENCE_MILLIS));
    }
  }

  @Test
  void aPipeThatWasMadeCarriesWhatTheProgramWrites() throws Exception {
    byte[] bytes = random(300_000);
    try (Pair pair = rig.server()) {
      PipeHandle reads = pair.connection().makePipe(PipeEnd.WRITE);
      pair.connection().pass(reads);
      pair.connection().send(text("send"));
      pair.program().receive(4);
      pump(pair);
      CompletableFuture<byte[]> got = new CompletableFuture<>();
      Thread.startVirtualThread(() -> attempt(() -> got.complete(readAll(reads))));
      try (ByteFd sink = ByteFd.adopt(pair.program().descriptors.remove())) {
        sink.writeAll(bytes, SILENCE_MILLIS);
      }
      assertArrayEquals(bytes, got.get(20, TimeUnit.SECONDS));

      PipeHandle writes = pair.connection().makePipe(PipeEnd.READ);
      pair.connection().pass(writes);
      pair.connection().send(text("take"));
      pair.program().receive(4);
      pair.program().descriptors.remove().close();
      assertThrows(
          IOException.class,
          () -> {
            while (true) {
              writes.write(ByteBuffer.allocate(10_000));
            }
          });
    }
  }

  private static byte[] readAll(PipeHandle pipe) throws IOException {
    java.io.ByteArrayOutputStream all = new java.io.ByteArrayOutputStream();
    ByteBuffer buffer = ByteBuffer.allocate(10_000);
    while (pipe.read(buffer.clear()) >= 0) {
      all.write(buffer.array(), 0, buffer.position());
    }
    return all.toByteArray();
  }

  /** Somebody has to be in receive, for pipes to move. */
  private static void pump(Pair pair) {
    Thread.startVirtualThread(() -> {
      try {
        while (pair.connection().receive(ByteBuffer.allocate(100)) >= 0) {
          assertTrue(pair.connection().isOpen());
        }
      } catch (IOException over) {
        assertFalse(pair.connection().isOpen());
      }
    });
  }

  @Test
  void aProgramThatEndsIsToldAsAnEndAndTheHostsEndReachesIt() throws Exception {
    try (Pair pair = rig.client()) {
      pair.connection().send(text("last words"));
      pair.connection().close();
      assertArrayEquals("last words".getBytes(), pair.program().receive(10));
      assertNull(pair.program().receiveSome(1));
    }
    try (Pair pair = rig.client()) {
      pair.program().send("bye");
      pair.program().close();
      receive(pair.connection(), 3);
      assertEquals(-1, pair.connection().receive(ByteBuffer.allocate(1)));
    }
  }

  @Test
  void whatAProgramHasNotReadArrivesAfterTheClose() throws Exception {
    byte[] bytes = random(700_000);
    try (Pair pair = rig.client()) {
      pair.connection().send(ByteBuffer.wrap(bytes));
      assertTrue(pair.connection().queuedBytes() > 0);
      pair.connection().close();
      assertArrayEquals(bytes, pair.program().receive(bytes.length));
      assertNull(pair.program().receiveSome(1));
    }
  }

  @Test
  void descriptorsAndHandlesAreGivenBack() throws Exception {
    try (Pair warm = rig.client()) {
      warm.program().send("x");
      receive(warm.connection(), 1);
    }
    rig.session.ping(AgentHost.SOON);
    long before = AgentHost.openDescriptors(rig.agent);
    List<Handle> taken = new ArrayList<>();
    for (int round = 0; round < 5; round++) {
      try (Pair pair = rig.client();
          MemFd file = MemFd.sealed("x", 100);
          Pipe pipe = Pipe.create()) {
        for (int i = 0; i < 200; i++) {
          pair.program().send("x", file, pipe.sink());
          receive(pair.connection(), 1);
          taken.add(pair.connection().takeHandle());
          taken.add(pair.connection().takeHandle());
          taken.add(pair.connection().makeFile(10, true));
          taken.add(pair.connection().makePipe(PipeEnd.READ));
          if (i % 50 == 49) {
            taken.forEach(Handle::close);
            taken.clear();
          }
        }
        taken.forEach(Handle::close);
        taken.clear();
        pair.connection().flush();
        pair.connection().send(text("y"));
        pair.program().receive(1);
      }
    }
    long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (AgentHost.openDescriptors(rig.agent) > before && System.nanoTime() < limit) {
      rig.session.ping(AgentHost.SOON);
    }
    assertTrue(AgentHost.openDescriptors(rig.agent) <= before);
  }
}
