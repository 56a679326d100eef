package org.lodge.vhostuser.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.vhostuser.internal.MockFrontEnd.MODERN;
import static org.lodge.vhostuser.internal.MockFrontEnd.PROTOCOL;
import static org.lodge.vhostuser.internal.MockFrontEnd.bytes;
import static org.lodge.vhostuser.internal.MockFrontEnd.pair;
import static org.lodge.vhostuser.internal.MockFrontEnd.u64;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.Pipe;
import org.lodge.linux.UnixListener;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendStatus.Link;
import org.lodge.vhostuser.ProtocolFeature;
import org.lodge.virtio.fixture.DriverQueue;

/** The same device served to front-ends that each say things in their own order. */
@Timeout(20)
class MessageOrdersTest {
  @TempDir Path directory;
  private Bench bench;
  private Bench.EchoFactory factory;
  private Backend backend;

  @BeforeEach
  void open() throws Exception {
    bench = new Bench(directory);
    factory = bench.deploy("1.0.0");
    backend = bench.open();
  }

  @AfterEach
  void close() {
    bench.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {MODERN, MODERN | 1L << 34, 1L << 32})
  void qemuBlk(long driverFeatures) throws Exception {
    try (MockFrontEnd qemu = bench.connect();
        UnixListener listener = UnixListener.bind(directory.resolve("back"));
        UnixStreamSocket back = UnixStreamSocket.connect(directory.resolve("back"));
        UnixStreamSocket theirs = listener.accept()) {
      long offered = qemu.ask(Request.GET_FEATURES);
      assertEquals(MODERN | PROTOCOL | 1L << 34 | 1L << 5, offered);
      long protocol = qemu.ask(Request.GET_PROTOCOL_FEATURES);
      qemu.tell(Request.SET_PROTOCOL_FEATURES, u64(protocol));
      assertEquals(2, qemu.ask(Request.GET_QUEUE_NUM));
      assertEquals(MemoryTable.MAX_SLOTS, qemu.ask(Request.GET_MAX_MEM_SLOTS));
      assertEquals(0, qemu.code(Request.SET_BACKEND_REQ_FD.id, new byte[0], theirs));
      qemu.tell(Request.SET_OWNER);
      qemu.ask(Request.GET_FEATURES);
      qemu.newQueue(64, driverFeatures);
      qemu.newQueue(64, driverFeatures);
      for (int ring = 0; ring < 2; ring++) {
        qemu.sendCall(ring);
        qemu.tell(Request.SET_VRING_ERR, u64(ring), qemu.calls.get(ring));
      }
      byte[] config = qemu.ask(Request.GET_CONFIG, bytes(72).putInt(0).putInt(60).array());
      assertArrayEquals(new byte[] {1, 2, 3, 4}, Arrays.copyOfRange(config, 12, 16));
      assertEquals(72, config.length);

      for (int boot = 0; boot < 2; boot++) {
        int[] bases = new int[2];
        qemu.tell(Request.SET_FEATURES, u64(driverFeatures | PROTOCOL));
        assertEquals(0, qemu.ask(Request.GET_STATUS));
        qemu.tell(Request.SET_STATUS, u64(8));
        byte[] inflight =
            qemu.ask(
                Request.GET_INFLIGHT_FD,
                bytes(24).putLong(0).putLong(0).putShort((short) 2).putShort((short) 64).array());
        assertEquals(24, inflight.length);
        Fd area = qemu.received.removeLast();
        qemu.tell(Request.SET_INFLIGHT_FD, inflight, area);
        area.close();
        qemu.sendCall(0);
        qemu.sendCall(1);
        qemu.tell(Request.SET_FEATURES, u64(driverFeatures | PROTOCOL));
        assertEquals(8, qemu.ask(Request.GET_STATUS));
        assertEquals(
            0,
            qemu.code(
                Request.ADD_MEM_REG.id,
                bytes(40).putLong(0).put(qemu.wholeRegion()).array(),
                qemu.memory));
        for (int ring = 0; ring < 2; ring++) {
          if (boot > 0) {
            qemu.queues.set(ring, DriverQueue.create(qemu.guest, 64, driverFeatures));
          }
          qemu.sendNum(ring);
          qemu.sendBase(ring, 0x8000_8000 * (int) (driverFeatures >>> 34 & 1));
          qemu.sendAddresses(ring);
          qemu.sendKick(ring);
          qemu.enable(ring, true);
        }
        qemu.tell(Request.SET_STATUS, u64(0xf));
        qemu.echo(0, "first");
        qemu.echo(1, "second");
        qemu.echo(0, "third");
        assertTrue(factory.last.started);
        factory.context.configurationChanged();
        assertTrue(back.awaitReadable(5000));
        assertEquals(2, answerBackChannel(back));
        assertEquals(Link.RUNNING, backend.status().link());

        qemu.tell(Request.SET_STATUS, u64(0));
        for (int ring = 0; ring < 2; ring++) {
          qemu.enable(ring, false);
          bases[ring] = qemu.stop(ring);
        }
        if (driverFeatures >>> 34 == 0) {
          assertEquals(2, bases[0]);
          assertEquals(1, bases[1]);
        }
        assertFalse(factory.last.started);
        qemu.tell(Request.REM_MEM_REG, bytes(40).putLong(0).put(qemu.wholeRegion()).array());
      }
      assertTrue(ProtocolFeature.CONFIGURE_MEM_SLOTS.in(protocol));
    }
  }

  /** Takes a request of the device's and acknowledges it. */
  private static int answerBackChannel(UnixStreamSocket back) throws Exception {
    MemorySegment request = Arena.ofAuto().allocate(12, 4);
    assertEquals(12, back.receive(request, Fd::close));
    int id = request.get(ValueLayout.JAVA_INT, 0);
    back.send(Message.reply(id, u64(0)), 1000, List.of());
    return id;
  }

  @Test
  void qemuWithoutEnableMessagesAndWithUnmasking() throws Exception {
    try (MockFrontEnd qemu = bench.connect()) {
      qemu.ask(Request.GET_FEATURES);
      qemu.tell(Request.SET_OWNER);
      qemu.newQueue(16, MODERN);
      qemu.tell(Request.SET_FEATURES, u64(MODERN));
      qemu.sendMemoryTable();
      qemu.sendNum(0);
      qemu.sendBase(0, 0);
      qemu.sendAddresses(0);
      qemu.sendKick(0);
      qemu.sendCall(0);
      for (int i = 0; i < 100; i++) {
        qemu.echo(0, "request " + i);
        if (i % 10 == 0) {
          qemu.calls.set(0, EventFd.adopt(qemu.calls.get(0).duplicate()));
          qemu.sendCall(0);
        }
      }
      assertEquals(100, qemu.stop(0));
    }
  }

  @Test
  void cloudHypervisor() throws Exception {
    try (MockFrontEnd cloud = bench.connect()) {
      cloud.tell(Request.SET_OWNER);
      cloud.ask(Request.GET_FEATURES);
      long protocol = cloud.ask(Request.GET_PROTOCOL_FEATURES);
      cloud.tell(Request.SET_PROTOCOL_FEATURES, u64(protocol));
      cloud.needReply = true;
      cloud.ask(Request.GET_QUEUE_NUM);
      cloud.tell(Request.SET_FEATURES, u64(MODERN | PROTOCOL));
      cloud.sendMemoryTable();
      cloud.newQueue(128, MODERN);
      byte[] inflight =
          cloud.ask(
              Request.GET_INFLIGHT_FD,
              bytes(24).putLong(0).putLong(0).putShort((short) 1).putShort((short) 128).array());
      Fd area = cloud.received.removeLast();
      cloud.tell(Request.SET_INFLIGHT_FD, inflight, area);
      cloud.sendNum(0);
      cloud.sendAddresses(0);
      cloud.sendBase(0, 0);
      cloud.sendCall(0);
      cloud.sendKick(0);
      cloud.enable(0, true);
      cloud.echo(0, "over the cloud");
      cloud.enable(0, false);
      assertEquals(1, cloud.stop(0));
      cloud.tell(Request.RESET_DEVICE);
      assertEquals(Link.CONNECTED, backend.status().link());
      area.close();
    }
  }

  @Test
  void crosvm() throws Exception {
    try (MockFrontEnd crosvm = bench.connect()) {
      crosvm.start(64, MODERN);
      crosvm.echo(0, "one");
      byte[] write = bytes(14).putInt(6).putInt(2).putInt(0).put((byte) 9).put((byte) 9).array();
      crosvm.tell(Request.SET_CONFIG, write);
      crosvm.echo(0, "two");
      crosvm.ask(Request.GET_QUEUE_NUM);
      assertEquals(9, factory.last.config[7]);
      assertEquals(2, crosvm.stop(0));
    }
  }

  @Test
  void aPausedGuestFindsTheDeviceAsItWas() throws Exception {
    try (MockFrontEnd qemu = bench.connect()) {
      qemu.start(16, MODERN);
      qemu.echo(0, "before");
      for (int pause = 1; pause <= 2; pause++) {
        backend.expectPause(true);
        int base = qemu.stop(0);
        assertTrue(factory.last.started);
        qemu.reopen(0, base);
        qemu.echo(0, "after");
        assertEquals(1, factory.last.starts);
      }
      qemu.stop(0);
      assertFalse(factory.last.started, "the pause is over: this is a reset");
    }
  }

  @Test
  void aPauseThatDidNotComeIsForgotten() throws Exception {
    try (MockFrontEnd qemu = bench.connect()) {
      qemu.start(16, MODERN);
      backend.expectPause(true);
      backend.expectPause(false);
      assertTrue(factory.last.started);
      qemu.stop(0);
      assertFalse(factory.last.started);
    }
  }

  @Test
  void aMonitorThatHangsUpWhilePausedHasNothingAnyMore() throws Exception {
    try (MockFrontEnd qemu = bench.connect()) {
      qemu.start(16, MODERN);
      qemu.echo(0, "before");
      backend.expectPause(true);
      qemu.stop(0);
    }
    try (MockFrontEnd next = bench.connect()) {
      next.ask(Request.GET_FEATURES);
      assertFalse(factory.last.started);
    }
  }

  @Test
  void aStateThatIsLoadedWhilePausedFindsADeviceThatStarts() throws Exception {
    try (MockFrontEnd qemu = bench.connect();
        Pipe pipe = Pipe.create()) {
      qemu.start(16, MODERN);
      qemu.echo(0, "before");
      Bench.Echo former = factory.last;
      backend.expectPause(true);
      int base = qemu.stop(0);
      pipe.sink().writeAll(StateTransfer.encode(former.exportState()), 1000);
      pipe.sink().close();
      qemu.ask(Request.SET_DEVICE_STATE_FD, pair(1, 0), pipe.source());
      assertEquals(0, qemu.ask(Request.CHECK_DEVICE_STATE, new byte[0])[0]);
      assertFalse(former.started);
      qemu.reopen(0, base);
      qemu.echo(0, "after");
      assertNotSame(former, factory.last);
      assertEquals(1, factory.last.starts);
    }
  }

  @Test
  void anotherDriverThanTheOneThatWasPausedFindsTheDeviceAsNew() throws Exception {
    try (MockFrontEnd qemu = bench.connect()) {
      qemu.start(16, MODERN | 1L << 5);
      qemu.echo(0, "before");
      backend.expectPause(true);
      int base = qemu.stop(0);
      qemu.tell(Request.SET_FEATURES, u64(MODERN | MockFrontEnd.PROTOCOL));
      qemu.reopen(0, base);
      qemu.echo(0, "with other features");
      assertEquals(2, factory.last.starts);
      backend.expectPause(true);
      qemu.stop(0);
      qemu.queues.set(0, DriverQueue.create(qemu.guest, 16, MODERN));
      qemu.reopen(0, 0);
      qemu.echo(0, "from the beginning");
      assertEquals(3, factory.last.starts);
    }
  }

  @Test
  void anotherFrontEndFindsTheDeviceAsNew() throws Exception {
    for (int i = 0; i < 3; i++) {
      try (MockFrontEnd frontEnd = bench.connect()) {
        frontEnd.start(16, MODERN);
        frontEnd.echo(0, "once");
      }
    }
    try (MockFrontEnd frontEnd = bench.connect()) {
      ByteBuffer base =
          ByteBuffer.wrap(frontEnd.ask(Request.GET_VRING_BASE, pair(0, 0)))
              .order(ByteOrder.nativeOrder());
      assertEquals(0, base.getInt(4));
      assertEquals(0, backend.status().acceptedFeatures());
    }
  }
}
