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
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.handles.FileHandle;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleLimits;
import org.lodge.agent.handles.HandleShare;
import org.lodge.agent.handles.PipeHandle;
import org.lodge.agent.handles.TooManyHandlesException;
import org.lodge.agent.internal.HandlesRig.Pair;
import org.lodge.agent.internal.handles.HandlesComponent;
import org.lodge.connect.ByteStream;
import org.lodge.linux.Fd;
import org.lodge.linux.MemFd;
import org.lodge.linux.Pipe;

/** Programs, servers and agents that mean ill cost their own connection and nothing else. */
@Timeout(120)
class HandlesHostileTest {
  @TempDir Path folder;

  @Test
  void aProgramThatNeverReadsCostsItsConnectionAndDoesNotStallOthers() throws Exception {
    try (HandlesRig rig = new HandlesRig(folder);
        Pair slow = rig.client();
        Pair other = rig.client()) {
      IOException refused =
          assertThrows(
              IOException.class,
              () -> {
                while (true) {
                  slow.connection().send(ByteBuffer.allocate(4000));
                }
              });
      assertTrue(refused.getMessage().contains("unread"), refused.getMessage());
      assertFalse(slow.connection().isOpen());
      other.connection().send(ByteBuffer.wrap("quick".getBytes()));
      assertArrayEquals("quick".getBytes(), other.program().receive(5));
    }
  }

  @Test
  void aFloodOfDescriptorsCostsItsConnectionOnly() throws Exception {
    try (HandlesRig rig = new HandlesRig(folder);
        Pair other = rig.client();
        MemFd file = MemFd.sealed("x", 10)) {
      for (int most : new int[] {100, 100_000}) {
        HandleLimits limits = new HandleLimits(1 << 20, most, most);
        try (Pair flood = rig.client(limits)) {
          Fd[] many = new Fd[200];
          Arrays.fill(many, file);
          assertThrows(
              IOException.class,
              () -> {
                for (int i = 0; i < 10; i++) {
                  flood.program().send("x", many);
                  receive(flood.connection(), 1);
                }
              });
        }
      }
      other.program().send("y", file);
      receive(other.connection(), 1);
      assertEquals(Handle.Kind.FILE, other.connection().takeHandle().kind());
      assertTrue(rig.agent.isAlive());
    }
  }

  @Test
  void aShareIsOfAllConnectionsThatHaveIt() throws Exception {
    AtomicInteger left = new AtomicInteger(3);
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
    HandleLimits limits = HandleLimits.DEFAULT.with(share);
    try (HandlesRig rig = new HandlesRig(folder);
        Pair one = rig.client(limits);
        Pair other = rig.client(limits)) {
      FileHandle file = one.connection().makeFile(1, true);
      one.connection().makePipe(HandleConnection.PipeEnd.READ);
      other.connection().makeFile(1, true);
      assertThrows(TooManyHandlesException.class, () -> other.connection().makeFile(1, true));
      file.close();
      one.connection().flush();
      one.program().send("x");
      receive(one.connection(), 1);
      assertEquals(1, left.get(), "the agent has closed it");
      one.connection().reset("the test says so");
      assertEquals(2, left.get());
      one.connection().reset("and again");
      assertEquals(2, left.get());
    }
  }

  @Test
  void manyHandlesOfSomeLeaveRoomForThoseOfOthers() throws Exception {
    List<Pair> greedy = new ArrayList<>();
    try (HandlesRig rig = new HandlesRig(folder);
        Pair other = rig.client()) {
      for (int i = 0; i < 9; i++) {
        Pair pair = rig.client();
        greedy.add(pair);
        for (int made = 0; made < 510; made++) {
          pair.connection().makeFile(1, true);
        }
        pair.connection().send(ByteBuffer.wrap("x".getBytes()));
        pair.program().receive(1);
      }
      other.connection().pass(other.connection().makeFile(1, true));
      other.connection().send(ByteBuffer.wrap("y".getBytes()));
      other.program().receive(1);
      assertEquals(1, other.program().descriptors.size());
    } finally {
      greedy.forEach(Pair::close);
    }
  }

  @Test
  void whatAnAgentHasNoRoomForCostsTheConnectionThatAsksAndSaysSo() throws Exception {
    try (HandlesRig rig = new HandlesRig(folder);
        Pair greedy = rig.client();
        Pair late = rig.client()) {
      for (int i = 0; i < 256; i++) {
        greedy.connection().makePipe(HandleConnection.PipeEnd.READ);
      }
      greedy.connection().send(ByteBuffer.wrap("x".getBytes()));
      greedy.program().receive(1);
      Handle pipe = late.connection().makePipe(HandleConnection.PipeEnd.READ);
      late.connection().pass(pipe);
      late.connection().send(ByteBuffer.wrap("never read without it".getBytes()));
      assertNull(late.program().receiveSome(1));
      assertThrows(
          TooManyHandlesException.class, () -> late.connection().receive(ByteBuffer.allocate(1)));
      greedy.connection().send(ByteBuffer.wrap("z".getBytes()));
      greedy.program().receive(1);
    }
  }

  /** What the program does to its own description of the pipe is no matter to the agent's. */
  @Test
  void aPipeThatNobodyReadsStallsNothingElse() throws Exception {
    try (HandlesRig rig = new HandlesRig(folder);
        Pair pair = rig.client();
        Pipe pipe = Pipe.create()) {
      pair.program().send("x", pipe.sink());
      receive(pair.connection(), 1);
      PipeHandle writes = (PipeHandle) pair.connection().takeHandle();
      Thread writer =
          Thread.startVirtualThread(() -> {
            try {
              while (true) {
                writes.write(ByteBuffer.allocate(50_000));
              }
            } catch (IOException ended) {
              assertFalse(writes.toString().isEmpty());
            }
          });
      for (int i = 0; i < 100; i++) {
        pair.program().send("ping");
        receive(pair.connection(), 4);
        pair.connection().send(ByteBuffer.wrap("pong".getBytes()));
        pair.program().receive(4);
      }
      writes.close();
      writer.join();
    }
  }

  @Test
  void anAgentThatIsKilledIsToldToBothSides() throws Exception {
    try (HandlesRig rig = new HandlesRig(folder);
        Pair pair = rig.client()) {
      FileHandle file = pair.connection().makeFile(100, true);
      rig.agent.destroyForcibly().waitFor();
      assertThrows(IOException.class, () -> pair.connection().receive(ByteBuffer.allocate(1)));
      assertThrows(
          IOException.class,
          () -> pair.connection().readRows(file, 0, 1, 1, 1, ByteBuffer.allocate(1)));
      assertFalse(pair.connection().isOpen());
      assertNull(pair.program().receiveSome(1));
    }
  }

  /** Frames that are right, nearly right and wrong; then silence for ever is an end. */
  private static final class Nonsense implements ByteStream {
    private final Random random;
    private final ByteBuffer bytes;
    private boolean reset;

    Nonsense(long seed) {
      random = new Random(seed);
      bytes = Wire.buffer(400_000);
      for (int i = 0; i < 1 + random.nextInt(60); i++) {
        int type = random.nextInt(30) == 0 ? random.nextInt(100) : 66 + random.nextInt(16);
        int length = length(type);
        bytes.putInt(random.nextInt(200) == 0 ? random.nextInt() : length);
        bytes.putShort((short) type).putShort((short) random.nextInt(2));
        bytes.putInt(random.nextInt(3) == 0 ? 0x80000000 | random.nextInt(3) : random.nextInt(9));
        bytes.putInt(1 + random.nextInt(4));
        for (int at = 0; at < length; at += 4) {
          int number = random.nextInt(6) == 0 ? random.nextInt() : random.nextInt(4);
          for (int part = 0; part < Math.min(4, length - at); part++) {
            bytes.put((byte) (number >>> (8 * part)));
          }
        }
      }
      bytes.flip();
    }

    private int length(int type) {
      return switch (type) {
        case 66, 75 -> random.nextInt(300);
        case 67 -> 16;
        case 71 -> 10 * (1 + random.nextInt(10));
        case 73, 77 -> 4;
        case 76 -> 8;
        case 78, 80 -> 0;
        default -> random.nextInt(20);
      };
    }

    @Override
    public int read(ByteBuffer into) throws IOException {
      if (reset) {
        throw new IOException("reset");
      }
      if (!bytes.hasRemaining()) {
        return -1;
      }
      int count = Math.min(into.remaining(), 1 + random.nextInt(bytes.remaining()));
      into.put(bytes.slice(bytes.position(), count));
      bytes.position(bytes.position() + count);
      return count;
    }

    @Override
    public void write(ByteBuffer from) {
      from.position(from.limit());
    }

    @Override
    public void shutdownOutput() {}

    @Override
    public void reset() {
      reset = true;
    }

    @Override
    public void close() {}
  }

  @Test
  void whatIsToBeClosedWaitsOnlyWithinTheLimit() throws Exception {
    HandlesComponent handles = new HandlesComponent(new FileLanes(folder));
    HandleConnection connection =
        handles.open("work", new Nonsense(1), new HandleLimits(1000, 20, 40));
    connection.send(ByteBuffer.allocate(65_537));
    int closed = 0;
    for (; closed < 30 && connection.isOpen(); closed++) {
      connection.makeFile(1, true).close();
    }
    assertFalse(connection.isOpen(), closed + " wait");
  }

  @Test
  void theHostSurvivesAnAgentThatTalksNonsense() throws Exception {
    HandlesComponent handles = new HandlesComponent(new FileLanes(folder));
    int ended = 0;
    for (int seed = 0; seed < 20_000; seed++) {
      HandleConnection connection =
          handles.open("work", new Nonsense(seed), new HandleLimits(10_000, 20, 40));
      Random random = new Random(seed);
      try {
        FileHandle made = connection.makeFile(1000, false);
        connection.makePipe(HandleConnection.PipeEnd.READ);
        ByteBuffer into = ByteBuffer.allocate(100);
        while (connection.receive(into.clear()) >= 0) {
          Handle handle = connection.takeHandle();
          if (handle instanceof FileHandle file && random.nextBoolean()) {
            connection.readRows(file, 0, 10, 10, 10, into.clear());
          } else if (random.nextInt(4) == 0) {
            int rowBytes = random.nextBoolean() ? 10 : 10_000;
            connection.transferRows(made, 0, rowBytes, made, 0, rowBytes, rowBytes, 10);
            connection.awaitTransfers();
          } else if (handle != null) {
            handle.close();
          }
          connection.send(into.clear());
        }
      } catch (IOException expected) {
        ended++;
        assertFalse(String.valueOf(expected.getMessage()).isEmpty());
      }
    }
    assertTrue(ended > 1000, ended + " ended by what they said");
  }
}
