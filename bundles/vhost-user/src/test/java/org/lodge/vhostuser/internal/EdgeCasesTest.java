package org.lodge.vhostuser.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.vhostuser.internal.MockFrontEnd.GUEST;
import static org.lodge.vhostuser.internal.MockFrontEnd.MEMORY_BYTES;
import static org.lodge.vhostuser.internal.MockFrontEnd.MODERN;
import static org.lodge.vhostuser.internal.MockFrontEnd.PROTOCOL;
import static org.lodge.vhostuser.internal.MockFrontEnd.USER;
import static org.lodge.vhostuser.internal.MockFrontEnd.bytes;
import static org.lodge.vhostuser.internal.MockFrontEnd.pair;
import static org.lodge.vhostuser.internal.MockFrontEnd.u64;

import java.io.File;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.MemFd;
import org.lodge.linux.Pipe;
import org.lodge.linux.SharedMapping;
import org.lodge.linux.UnixListener;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendException;
import org.lodge.vhostuser.BackendStatus.Link;
import org.lodge.virtio.fixture.DriverQueue;
import org.lodge.virtio.fixture.SplitDriver;

/** What a confused or hostile front-end or driver does, and that it harms its own device only. */
@Timeout(20)
class EdgeCasesTest {
  @TempDir Path directory;
  private Bench bench;
  private Bench.EchoFactory factory;
  private Backend backend;
  private MockFrontEnd frontEnd;

  @BeforeEach
  void open() throws Exception {
    bench = new Bench(directory);
    factory = bench.deploy("1.0.0");
    backend = bench.open();
    frontEnd = bench.connect();
  }

  @AfterEach
  void close() {
    frontEnd.close();
    bench.close();
  }

  private void reconnect() throws Exception {
    frontEnd.close();
    frontEnd = bench.connect();
  }

  @Test
  void anUnknownRequestIsAnsweredInStep() throws Exception {
    frontEnd.start(16, MODERN);
    for (int id : new int[] {0, 6, 20, 23, 28, 35, 41, 44, 45, 63, 64, 4711, -1}) {
      assertNotEquals(0, frontEnd.code(id, new byte[24]));
    }
    frontEnd.echo(0, "still in step");
  }

  @Test
  void aShortOrLongPayloadIsRefusedInStep() throws Exception {
    frontEnd.start(16, MODERN);
    for (Request request : Request.values()) {
      if (!request.answers) {
        assertNotEquals(
            0, frontEnd.code(request.id, new byte[request.mostBytes + 1]), request::name);
        if (request.leastBytes > 0) {
          byte[] cut = new byte[request.leastBytes - 1];
          assertNotEquals(0, frontEnd.code(request.id, cut), request::name);
        }
      }
    }
    frontEnd.echo(0, "still in step");
  }

  @Test
  void aLargerQueueThanTheDeviceHasIsRefused() throws Exception {
    frontEnd.start(16, MODERN);
    for (int size : new int[] {0, -1, 257, 32768}) {
      assertNotEquals(0, frontEnd.code(Request.SET_VRING_NUM.id, pair(1, size)));
    }
    assertEquals(0, frontEnd.code(Request.SET_VRING_NUM.id, pair(1, 256)));
  }

  @Test
  void moreMemoryThanAGuestCanHaveIsNotMapped() throws Exception {
    frontEnd.start(16, MODERN);
    long size = 1L << 40;
    try (MemFd file = MemFd.resizable("sparse", size)) {
      byte[] first = frontEnd.region(1L << 41, size, 1L << 50, 0);
      byte[] second = frontEnd.region(1L << 42, size, 1L << 51, 0);
      for (int round = 0; round < 3; round++) {
        assertEquals(0, frontEnd.code(Request.ADD_MEM_REG.id, region(first), file));
        assertNotEquals(0, frontEnd.code(Request.ADD_MEM_REG.id, region(second), file));
        frontEnd.echo(0, "the rest is as it was");
        assertEquals(0, frontEnd.code(Request.REM_MEM_REG.id, region(first)));
      }
    }
  }

  private static byte[] region(byte[] region) {
    return bytes(40).putLong(0).put(region).array();
  }

  @Test
  void aQuestionThatMakesNoSenseIsAnsweredInStep() throws Exception {
    frontEnd.start(16, MODERN);
    assertEquals(0, frontEnd.ask(Request.GET_CONFIG, new byte[3]).length);
    assertEquals(
        0, frontEnd.ask(Request.GET_CONFIG, bytes(12).putInt(-1).putInt(-1).array()).length);
    assertEquals(
        0, frontEnd.ask(Request.GET_CONFIG, bytes(12).putInt(200).putInt(100).array()).length);
    assertEquals(8, frontEnd.ask(Request.GET_VRING_BASE, pair(77, 0)).length);
    assertEquals(24, frontEnd.ask(Request.GET_INFLIGHT_FD, new byte[24]).length);
    frontEnd.ask(Request.CHECK_DEVICE_STATE, new byte[0]);
    frontEnd.echo(0, "still in step");
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 2, 3, 5})
  void aWrongVersionEndsTheConnectionAndTheNextIsServed(int flags) throws Exception {
    frontEnd.raw(Request.GET_FEATURES.id, flags, 0, new byte[0]);
    assertTrue(frontEnd.isEnded());
    reconnect();
    frontEnd.start(16, MODERN);
    frontEnd.echo(0, "next");
  }

  @ParameterizedTest
  @ValueSource(ints = {4097, Integer.MAX_VALUE, -1})
  void anEndlessPayloadEndsTheConnection(int size) throws Exception {
    frontEnd.raw(Request.SET_CONFIG.id, 1, size, new byte[16]);
    assertTrue(frontEnd.isEnded());
    reconnect();
    assertNotEquals(0, frontEnd.ask(Request.GET_FEATURES));
  }

  @Test
  void aMessageInPartsIsReadAsItComes() throws Exception {
    frontEnd.raw(bytes(4).putInt(Request.GET_FEATURES.id).array());
    frontEnd.raw(bytes(7).putInt(1).put(new byte[3]).array());
    Thread.sleep(20);
    assertEquals(Link.CONNECTED, backend.status().link());
    frontEnd.raw(new byte[1]);
    assertEquals(8, frontEnd.reply(Request.GET_FEATURES.id).length);
    byte[] kick = bytes(12).putInt(Request.SET_VRING_KICK.id).putInt(1).putInt(8).array();
    try (EventFd event = EventFd.create()) {
      frontEnd.raw(kick, event);
      frontEnd.raw(bytes(8).putLong(1).array());
    }
    frontEnd.start(16, MODERN);
    frontEnd.echo(0, "all of it");
  }

  @Test
  void anEndWithinAMessageLeavesTheDeviceListening() throws Exception {
    frontEnd.raw(bytes(12).putInt(Request.SET_FEATURES.id).putInt(1).putInt(8).array());
    reconnect();
    frontEnd.start(16, MODERN);
    frontEnd.echo(0, "next");
  }

  @Test
  void connectingWithoutAWordIsBorne() throws Exception {
    for (int i = 0; i < 20; i++) {
      reconnect();
    }
    frontEnd.start(16, MODERN);
    frontEnd.echo(0, "at last");
  }

  @Test
  void aSecondFrontEndIsTurnedAway() throws Exception {
    frontEnd.start(16, MODERN);
    frontEnd.echo(0, "first");
    try (MockFrontEnd second = bench.connect()) {
      assertTrue(second.isEnded());
    }
    frontEnd.echo(0, "still first");
  }

  @Test
  void withoutAHandshakeQuestionsAreAnswered() throws Exception {
    frontEnd.tell(Request.SET_VRING_ENABLE, pair(0, 0));
    byte[] base = frontEnd.ask(Request.GET_VRING_BASE, pair(1, 0));
    assertEquals(1, ByteBuffer.wrap(base).order(ByteOrder.nativeOrder()).getInt());
    try (EventFd call = EventFd.create()) {
      frontEnd.tell(Request.SET_VRING_CALL, u64(0), call);
    }
    assertNotEquals(0, frontEnd.ask(Request.GET_FEATURES));
  }

  @Test
  void ringsThatDoNotExistAreRefused() throws Exception {
    frontEnd.start(16, MODERN);
    try (EventFd event = EventFd.create()) {
      assertNotEquals(0, frontEnd.code(Request.SET_VRING_KICK.id, u64(2), event));
      assertNotEquals(0, frontEnd.code(Request.SET_VRING_CALL.id, u64(255), event));
      assertNotEquals(0, frontEnd.code(Request.SET_VRING_ERR.id, u64(9), event));
    }
    assertNotEquals(0, frontEnd.code(Request.SET_VRING_NUM.id, pair(2, 16)));
    assertNotEquals(0, frontEnd.code(Request.SET_VRING_NUM.id, pair(-1, 16)));
    assertNotEquals(0, frontEnd.code(Request.SET_VRING_ENABLE.id, pair(1 << 30, 1)));
    for (int size : new int[] {0, -1, 32769, Integer.MIN_VALUE}) {
      assertNotEquals(0, frontEnd.code(Request.SET_VRING_NUM.id, pair(1, size)));
    }
    frontEnd.echo(0, "still there");
  }

  @Test
  void descriptorsOfAnotherKindAreNoEvents() throws Exception {
    frontEnd.start(16, MODERN);
    try (Pipe pipe = Pipe.create()) {
      for (Fd wrong : new Fd[] {frontEnd.memory, pipe.source(), frontEnd.socket}) {
        assertNotEquals(0, frontEnd.code(Request.SET_VRING_KICK.id, u64(1), wrong));
        assertNotEquals(0, frontEnd.code(Request.SET_VRING_CALL.id, u64(1), wrong));
      }
    }
    frontEnd.echo(0, "still there");
  }

  @Test
  void missingDescriptorsAreRefused() throws Exception {
    frontEnd.start(16, MODERN);
    assertNotEquals(0, frontEnd.code(Request.SET_VRING_KICK.id, u64(1)));
    assertNotEquals(0, frontEnd.code(Request.ADD_MEM_REG.id, new byte[40]));
    assertNotEquals(0, frontEnd.code(Request.SET_MEM_TABLE.id, bytes(40).putInt(1).array()));
    assertNotEquals(0, frontEnd.code(Request.SET_INFLIGHT_FD.id, new byte[24]));
    assertEquals(0, frontEnd.code(Request.SET_VRING_CALL.id, u64(1 << 8)));
    frontEnd.tell(Request.SET_VRING_CALL, u64(0), frontEnd.calls.get(0));
    frontEnd.echo(0, "still there");
  }

  @Test
  void surplusDescriptorsAreClosed() throws Exception {
    frontEnd.start(16, MODERN);
    frontEnd.echo(0, "warm");
    Fd[] many = new Fd[9];
    Arrays.fill(many, frontEnd.memory);
    int before = openDescriptors();
    for (int i = 0; i < 20; i++) {
      frontEnd.code(Request.SET_MEM_TABLE.id, bytes(40).putInt(9).array(), many);
      frontEnd.code(Request.SET_OWNER.id, new byte[0], many);
      frontEnd.code(Request.GET_FEATURES.id, new byte[0], many);
      frontEnd.code(Request.SET_VRING_ENABLE.id, pair(0, 1), many);
      frontEnd.code(Request.SET_VRING_ERR.id, u64(1), many);
      frontEnd.code(4711, new byte[100], many);
      frontEnd.code(Request.REM_MEM_REG.id, new byte[40], frontEnd.memory);
      frontEnd.code(Request.SET_BACKEND_REQ_FD.id, new byte[0], many);
    }
    assertEquals(before, openDescriptors());
    frontEnd.echo(0, "still there");
  }

  @Test
  void aMessageWithoutItsDescriptorBeforeOneWithSuchEndsTheConnection() throws Exception {
    frontEnd.raw(Request.SET_VRING_KICK.id, 1, 8, u64(0));
    try (EventFd event = EventFd.create()) {
      frontEnd.raw(Request.SET_VRING_CALL.id, 1, 8, u64(0), event);
    }
    reconnect();
    frontEnd.start(16, MODERN);
    frontEnd.echo(0, "next");
  }

  @Test
  void impossibleMemoryIsRefusedAndTheFormerStays() throws Exception {
    frontEnd.start(16, MODERN);
    long[][] wrong = {
      {GUEST, 0, USER, 0},
      {GUEST, -4096, USER, 0},
      {GUEST, MEMORY_BYTES + 1, USER, 0},
      {GUEST, MEMORY_BYTES, USER, 4096},
      {GUEST, MEMORY_BYTES, USER, Long.MAX_VALUE},
      {GUEST, MEMORY_BYTES, USER, -1},
      {Long.MAX_VALUE - 4096, MEMORY_BYTES, USER, 0},
      {-4096, MEMORY_BYTES, USER, 0},
      {GUEST, MEMORY_BYTES, -4096, 0},
    };
    for (long[] each : wrong) {
      byte[] region = frontEnd.region(each[0], each[1], each[2], each[3]);
      byte[] table = bytes(40).putInt(1).putInt(0).put(region).array();
      assertNotEquals(
          0,
          frontEnd.code(Request.SET_MEM_TABLE.id, table, frontEnd.memory),
          () -> Arrays.toString(each));
    }
    byte[] twice =
        bytes(72)
            .putInt(2)
            .putInt(0)
            .put(frontEnd.wholeRegion())
            .put(frontEnd.region(GUEST + MEMORY_BYTES - 4096, 8192, USER + (1L << 40), 0))
            .array();
    assertNotEquals(
        0, frontEnd.code(Request.SET_MEM_TABLE.id, twice, frontEnd.memory, frontEnd.memory));
    try (EventFd event = EventFd.create()) {
      byte[] table = bytes(40).putInt(1).putInt(0).put(frontEnd.wholeRegion()).array();
      assertNotEquals(0, frontEnd.code(Request.SET_MEM_TABLE.id, table, event));
    }
    frontEnd.echo(0, "in the former memory");
  }

  @Test
  void memoryIsReplacedUnderARunningRing() throws Exception {
    frontEnd.start(16, MODERN);
    for (int i = 0; i < 50; i++) {
      frontEnd.sendMemoryTable();
      frontEnd.echo(0, "table " + i);
    }
    frontEnd.needReply = true;
    byte[] second = frontEnd.region(GUEST + (1L << 32), 4096, USER + (1L << 32), 0);
    for (int i = 0; i < 10; i++) {
      frontEnd.tell(Request.ADD_MEM_REG, bytes(40).putLong(0).put(second).array(), frontEnd.memory);
      frontEnd.echo(0, "slot " + i);
      byte[] otherOffset = frontEnd.region(GUEST + (1L << 32), 4096, USER + (1L << 32), 4096);
      frontEnd.tell(
          Request.REM_MEM_REG, bytes(40).putLong(0).put(otherOffset).array(), frontEnd.memory);
    }
    frontEnd.echo(0, "end");
  }

  @Test
  void aRingWhoseMemoryIsTakenAwayIsBrokenAndComesBack() throws Exception {
    frontEnd.start(16, MODERN);
    frontEnd.echo(0, "before");
    byte[] whole = bytes(40).putLong(0).put(frontEnd.wholeRegion()).array();
    assertNotEquals(0, frontEnd.code(Request.REM_MEM_REG.id, whole));
    assertTrue(backend.status().rings().getFirst().broken());
    int base = frontEnd.stop(0);
    assertEquals(1, base);
    frontEnd.addMemoryRegion();
    frontEnd.sendBase(0, base);
    frontEnd.sendKick(0);
    frontEnd.sendCall(0);
    frontEnd.echo(0, "after");
  }

  @Test
  void aFileCutUnderTheMapBreaksItsRingsOnly() throws Exception {
    try (MemFd file = MemFd.resizable("guest", 65536);
        SharedMapping mapping = SharedMapping.of(file, 0, 65536)) {
      frontEnd.tell(Request.SET_FEATURES, u64(MODERN));
      byte[] table =
          bytes(40).putInt(1).putInt(0).put(frontEnd.region(GUEST, 65536, USER, 0)).array();
      frontEnd.tell(Request.SET_MEM_TABLE, table, file);
      frontEnd.newQueue(16, MODERN);
      frontEnd.sendNum(0);
      frontEnd.sendAddresses(0);
      frontEnd.sendBase(0, 0);
      try (EventFd error = EventFd.create()) {
        frontEnd.tell(Request.SET_VRING_ERR, u64(0), error);
        frontEnd.sendKick(0);
        frontEnd.ask(Request.GET_QUEUE_NUM);
        file.resize(0);
        frontEnd.kicks.getFirst().signal();
        assertTrue(error.await(5000));
      }
      assertEquals(65536, mapping.segment().byteSize());
    }
    reconnect();
    frontEnd.start(16, MODERN);
    frontEnd.echo(0, "another guest's life");
  }

  @Test
  void aGarbageRingIsBrokenUntilTheDriverResets() throws Exception {
    frontEnd.start(16, MODERN);
    try (EventFd error = EventFd.create()) {
      frontEnd.tell(Request.SET_VRING_ERR, u64(0), error);
      frontEnd.echo(0, "good");
      ((SplitDriver) frontEnd.queues.getFirst()).setAvailableIndex(12345);
      frontEnd.kicks.getFirst().signal();
      assertTrue(error.await(5000));
      assertFalse(error.await(20));
    }
    frontEnd.ask(Request.GET_QUEUE_NUM);
    assertTrue(backend.status().trouble().orElseThrow().contains("queue 0"));
    frontEnd.stop(0);
    frontEnd.queues.set(0, DriverQueue.create(frontEnd.guest, 16, MODERN));
    frontEnd.sendNum(0);
    frontEnd.sendAddresses(0);
    frontEnd.sendBase(0, 0);
    frontEnd.sendKick(0);
    frontEnd.sendCall(0);
    frontEnd.echo(0, "reset");
  }

  @Test
  void aKickBeforeTheRingIsEnabledIsNotLost() throws Exception {
    frontEnd.start(16, MODERN);
    for (int i = 0; i < 50; i++) {
      frontEnd.enable(0, false);
      if (i % 2 == 0) {
        frontEnd.ask(Request.GET_QUEUE_NUM);
      }
      DriverQueue queue = frontEnd.queues.getFirst();
      queue.add(new long[] {GUEST + 65536}, new int[] {16}, 0, 1);
      frontEnd.kicks.getFirst().signal();
      frontEnd.enable(0, true);
      frontEnd.awaitUsed(0);
    }
  }

  @Test
  void featuresThatWereNotOfferedAreRefusedButForTwo() throws Exception {
    frontEnd.start(16, MODERN);
    assertNotEquals(0, frontEnd.code(Request.SET_FEATURES.id, u64(1L << 33 | PROTOCOL)));
    assertNotEquals(0, frontEnd.code(Request.SET_FEATURES.id, u64(1L << 3 | PROTOCOL)));
    assertEquals(0, frontEnd.code(Request.SET_FEATURES.id, u64(MODERN | PROTOCOL)));
    assertNotEquals(0, frontEnd.code(Request.SET_PROTOCOL_FEATURES.id, u64(1L << 14 | 8)));
    frontEnd.echo(0, "as before");
  }

  @Test
  void aForeignInflightAreaIsRefused() throws Exception {
    frontEnd.start(16, MODERN);
    frontEnd.stop(0);
    try (MemFd small = MemFd.sealed("inflight", 64);
        MemFd unsealed = MemFd.resizable("inflight", 65536);
        MemFd good = MemFd.sealed("inflight", 65536)) {
      assertNotEquals(0, inflight(small, 65536, 0, 1, 16));
      assertNotEquals(0, inflight(unsealed, 65536, 0, 1, 16));
      assertNotEquals(0, inflight(good, 65536, 8, 1, 16));
      assertNotEquals(0, inflight(good, 65536, -64, 1, 16));
      assertNotEquals(0, inflight(good, 65536, 0, 3, 16));
      assertNotEquals(0, inflight(good, 65536, 0, 0, 16));
      assertNotEquals(0, inflight(good, 65536, 0, 2, 32768));
      assertNotEquals(0, inflight(good, -1, 0, 1, 16));
      assertEquals(0, inflight(good, 65536, 0, 1, 16));
    }
  }

  private long inflight(MemFd file, long size, long offset, int queues, int queueSize)
      throws Exception {
    return frontEnd.code(
        Request.SET_INFLIGHT_FD.id,
        bytes(24)
            .putLong(size)
            .putLong(offset)
            .putShort((short) queues)
            .putShort((short) queueSize)
            .array(),
        file);
  }

  @Test
  void aFrontEndThatLeavesAmidAStateDoesNotHoldTheNext() throws Exception {
    frontEnd.start(16, MODERN);
    frontEnd.stop(0);
    try (Pipe never = Pipe.create()) {
      frontEnd.ask(Request.SET_DEVICE_STATE_FD, pair(1, 0), never.source());
      frontEnd.raw(Request.CHECK_DEVICE_STATE.id, 1, 0, new byte[0]);
      frontEnd.socket.close();
      frontEnd.close();
      long beganNanos = System.nanoTime();
      awaitListening();
      frontEnd.start(16, MODERN);
      frontEnd.stop(0);
      byte[] begun = frontEnd.ask(Request.SET_DEVICE_STATE_FD, pair(1, 0), never.source());
      assertEquals(0x100, ByteBuffer.wrap(begun).order(ByteOrder.nativeOrder()).getLong());
      // The time a silent pipe of a front-end that is still there would get.
      assertTrue(System.nanoTime() - beganNanos < 4_000_000_000L);
    }
  }

  @Test
  void aFrontEndThatNeverEndsItsStateHoldsNothingButItself() throws Exception {
    frontEnd.start(16, MODERN);
    frontEnd.stop(0);
    try (Pipe silent = Pipe.create()) {
      frontEnd.ask(Request.SET_DEVICE_STATE_FD, pair(1, 0), silent.source());
      silent.sink().writeAll(new byte[] {1}, 1000);
      frontEnd.raw(Request.CHECK_DEVICE_STATE.id, 1, 0, new byte[0]);
      frontEnd.raw(Request.GET_QUEUE_NUM.id, 1, 0, new byte[0]);
      assertFalse(frontEnd.socket.awaitReadable(200), "the state is still moving");
      assertThrows(BackendException.class, () -> backend.control("nothing", Map.of()));
      bench.deploy("1.1.0");
      assertEquals("1.1.0", backend.status().logicVersion().orElseThrow());
      assertFalse(frontEnd.socket.awaitReadable(0), "nor was it waited for");
      silent.sink().close();
      assertEquals(1, frontEnd.reply(Request.CHECK_DEVICE_STATE.id)[0]);
      assertEquals(2, frontEnd.reply(Request.GET_QUEUE_NUM.id)[0]);
    }
  }

  @Test
  void theStateGoesOutAndInThroughPipes() throws Exception {
    frontEnd.start(16, MODERN);
    try (Pipe pipe = Pipe.create()) {
      byte[] refused = frontEnd.ask(Request.SET_DEVICE_STATE_FD, pair(0, 0), pipe.sink());
      assertNotEquals(0, refused[0]);
      frontEnd.stop(0);
      byte[] begun = frontEnd.ask(Request.SET_DEVICE_STATE_FD, pair(0, 0), pipe.sink());
      assertEquals(0x100, ByteBuffer.wrap(begun).order(ByteOrder.nativeOrder()).getLong());
      pipe.sink().close();
      byte[] state = pipe.source().readAll(1 << 20, 5000);
      assertEquals(0, frontEnd.ask(Request.CHECK_DEVICE_STATE, new byte[0])[0]);
      try (Pipe back = Pipe.create()) {
        frontEnd.ask(Request.SET_DEVICE_STATE_FD, pair(1, 0), back.source());
        back.sink().writeAll(state, 5000);
        back.sink().close();
        assertEquals(0, frontEnd.ask(Request.CHECK_DEVICE_STATE, new byte[0])[0]);
        assertEquals(1, factory.last.imported);
      }
    }
    try (Pipe pipe = Pipe.create()) {
      frontEnd.ask(Request.SET_DEVICE_STATE_FD, pair(1, 0), pipe.source());
      pipe.sink().writeAll(new byte[] {1, 2, 3}, 5000);
      pipe.sink().close();
      assertEquals(1, frontEnd.ask(Request.CHECK_DEVICE_STATE, new byte[0])[0]);
    }
  }

  @Test
  void aFrontEndThatNeverReadsIsLeft() throws Exception {
    byte[] flood = new byte[12 * 1000];
    ByteBuffer fields = ByteBuffer.wrap(flood).order(ByteOrder.nativeOrder());
    for (int i = 0; i < 1000; i++) {
      fields.putInt(Request.GET_FEATURES.id).putInt(1).putInt(0);
    }
    try {
      for (int i = 0; i < 1000; i++) {
        frontEnd.raw(flood);
      }
    } catch (LinuxException e) {
      assertTrue(
          e.errno() == LinuxException.EPIPE
              || e.errno() == LinuxException.ECONNRESET
              || e.errno() == LinuxException.EAGAIN);
    }
    reconnect();
    frontEnd.start(16, MODERN);
    frontEnd.echo(0, "next");
  }

  @Test
  void manyConnectionsLeaveNoDescriptorBehind() throws Exception {
    for (int round = 0; round < 3; round++) {
      use();
    }
    int before = openDescriptors();
    for (int round = 0; round < 30; round++) {
      use();
    }
    awaitOpenDescriptors(before);
  }

  private void use() throws Exception {
    reconnect();
    frontEnd.start(16, MODERN);
    frontEnd.sendMemoryTable();
    frontEnd.sendCall(0);
    frontEnd.sendKick(0);
    frontEnd.echo(0, "round");
    Path path = directory.resolve("back");
    try (UnixListener listener = UnixListener.bind(path)) {
      UnixStreamSocket ours = UnixStreamSocket.connect(path);
      UnixStreamSocket theirs = listener.accept();
      frontEnd.tell(Request.SET_BACKEND_REQ_FD, new byte[0], theirs);
      theirs.close();
      ours.close();
    }
    byte[] wanted =
        bytes(24).putLong(0).putLong(0).putShort((short) 2).putShort((short) 16).array();
    frontEnd.stop(0);
    frontEnd.ask(Request.GET_INFLIGHT_FD, wanted);
    frontEnd.socket.close();
    frontEnd.close();
    awaitListening();
  }

  private void awaitListening() throws Exception {
    frontEnd = bench.connect();
    // Answered only when the former connection was cleaned up.
    frontEnd.ask(Request.GET_QUEUE_NUM);
  }

  /** Threads that were told to end may hold one for a moment more. */
  static void awaitOpenDescriptors(int most) throws InterruptedException {
    long deadlineNanos = System.nanoTime() + 30_000_000_000L;
    while (openDescriptors() > most && System.nanoTime() < deadlineNanos) {
      Thread.sleep(1);
    }
    assertTrue(openDescriptors() <= most);
  }

  static int openDescriptors() {
    return new File("/proc/self/fd").list().length;
  }
}
