package org.lodge.vhostuser.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.vhostuser.internal.MockFrontEnd.GUEST;
import static org.lodge.vhostuser.internal.MockFrontEnd.MODERN;
import static org.lodge.vhostuser.internal.MockFrontEnd.bytes;
import static org.lodge.vhostuser.internal.MockFrontEnd.pair;
import static org.lodge.vhostuser.internal.MockFrontEnd.u64;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.Pipe;
import org.lodge.linux.UnixListener;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.vhostuser.Backend;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.fixture.DriverQueue;

/** Messages that come while requests, other messages or a state are under way. */
@Timeout(30)
class InFlightTest {
  private static final byte[] LONG_STATE = new byte[512 * 1024];

  @TempDir Path directory;
  private Bench bench;
  private Backend backend;
  private Holding device;
  private DeviceContext context;
  private MockFrontEnd frontEnd;

  @BeforeEach
  void open() throws Exception {
    bench = new Bench(directory);
    bench.deploy(
        new Bench.EchoFactory() {
          @Override
          public Device create(DeviceConfig config, DeviceContext itsContext) {
            InFlightTest.this.context = itsContext;
            device = new Holding();
            return device;
          }
        },
        "1.0.0");
    backend = bench.open();
    frontEnd = bench.connect();
  }

  @AfterEach
  void close() {
    frontEnd.close();
    bench.close();
  }

  /** Keeps requests of 16 bytes until told, and has much to remember. */
  private final class Holding extends Bench.Echo {
    final CompletableFuture<DescriptorChain> held = new CompletableFuture<>();
    final CountDownLatch written = new CountDownLatch(1);
    final CountDownLatch mayGoOn = new CountDownLatch(1);
    private int writes;
    volatile boolean brokenAtTheLast;

    Holding() {
      super(1L << 5, 1);
    }

    @Override
    protected void handle(DescriptorChain chain) {
      if (chain.writableBytes() == 16 && !held.isDone()) {
        held.complete(chain);
      } else {
        super.handle(chain);
      }
    }

    /** The first takes as long as it is told to. */
    @Override
    public void writeConfig(int offset, ByteBuffer untrustedBytes) {
      if (++writes == 1) {
        written.countDown();
        try {
          mayGoOn.await();
        } catch (InterruptedException e) {
          Thread.currentThread().interrupt();
        }
      }
      brokenAtTheLast = backend.status().trouble().isPresent();
    }

    @Override
    public DeviceState exportState() {
      return new DeviceState("echo", 1, LONG_STATE);
    }
  }

  private DescriptorChain submitOneThatIsHeld() {
    frontEnd.queues.getFirst().add(new long[] {GUEST + 65536}, new int[] {16}, 0, 1);
    frontEnd.kicks.getFirst().signal();
    return device.held.join();
  }

  @Test
  void theBaseIsToldOnceWhatIsInFlightHasEnded() throws Exception {
    frontEnd.start(16, MODERN);
    DescriptorChain held = submitOneThatIsHeld();
    frontEnd.raw(Request.GET_VRING_BASE.id, 1, 8, pair(0, 0));
    assertFalse(frontEnd.socket.awaitReadable(100), "no answer while a request is out");
    held.complete(16);
    assertEquals(8, frontEnd.reply(Request.GET_VRING_BASE.id).length);
    assertTrue(frontEnd.queues.getFirst().takeUsed(), "it was answered before the base was");
  }

  @Test
  void aRequestThatNeverEndsDelaysTheBaseToALimitAndIsDroppedAfterAReboot() throws Exception {
    frontEnd.start(16, MODERN);
    DescriptorChain held = submitOneThatIsHeld();
    assertEquals(1, frontEnd.stop(0), "after the limit");
    frontEnd.queues.set(0, DriverQueue.create(frontEnd.guest, 16, MODERN));
    frontEnd.sendNum(0);
    frontEnd.sendAddresses(0);
    frontEnd.sendBase(0, 0);
    frontEnd.sendKick(0);
    frontEnd.sendCall(0);
    held.complete(16);
    frontEnd.echo(0, "what was late is not in the new ring");
    assertFalse(frontEnd.queues.getFirst().takeUsed());
  }

  @Test
  void theCallIsMaskedAndUnmaskedUnderLoad() throws Exception {
    frontEnd.start(64, MODERN);
    Load load = new Load(frontEnd);
    load.start();
    for (int i = 0; i < 500; i++) {
      if (i % 3 == 0) {
        frontEnd.tell(Request.SET_VRING_CALL, u64(1 << 8));
        try (EventFd masked = EventFd.create()) {
          frontEnd.tell(Request.SET_VRING_CALL, u64(0), masked);
        }
      }
      frontEnd.tell(Request.SET_VRING_CALL, u64(0), frontEnd.calls.getFirst());
      long before = load.done;
      while (load.done == before && load.isRunning()) {
        Thread.onSpinWait();
      }
    }
    load.finish();
  }

  @Test
  void aRingIsEnabledBeforeItIsSetUpAndOneThatIsDisabledWaits() throws Exception {
    frontEnd.enable(0, true);
    frontEnd.enable(1, true);
    frontEnd.enable(1, false);
    frontEnd.start(16, MODERN);
    frontEnd.newQueue(16, MODERN);
    frontEnd.sendNum(1);
    frontEnd.sendAddresses(1);
    frontEnd.sendBase(1, 0);
    frontEnd.sendCall(1);
    frontEnd.sendKick(1);
    frontEnd.queues.get(1).add(new long[] {GUEST + 65536}, new int[] {8}, 0, 1);
    frontEnd.kicks.get(1).signal();
    frontEnd.echo(0, "the other");
    assertFalse(frontEnd.queues.get(1).takeUsed());
    frontEnd.enable(1, true);
    frontEnd.awaitUsed(1);
  }

  @Test
  void aFrontEndThatAsksBeforeItAnswersIsAnswered() throws Exception {
    Path path = directory.resolve("back");
    try (UnixListener listener = UnixListener.bind(path);
        UnixStreamSocket back = UnixStreamSocket.connect(path);
        UnixStreamSocket theirs = listener.accept()) {
      frontEnd.start(16, MODERN);
      frontEnd.tell(Request.SET_BACKEND_REQ_FD, new byte[0], theirs);
      frontEnd.ask(Request.GET_QUEUE_NUM);
      for (int i = 0; i < 3; i++) {
        context.configurationChanged();
        assertTrue(back.awaitReadable(5000));
        byte[] config = frontEnd.ask(Request.GET_CONFIG, bytes(20).putInt(0).putInt(8).array());
        assertEquals(20, config.length);
        frontEnd.sendMemoryTable();
        frontEnd.echo(0, "meanwhile");
        MemorySegment request = Arena.ofAuto().allocate(12, 4);
        assertEquals(12, back.receive(request, Fd::close));
        back.send(Message.reply(2, u64(0)), 1000, List.of());
      }
    }
  }

  @Test
  void aFloodOfMessagesLeavesTimeForOtherWork() throws Exception {
    byte[] write =
        bytes(28).putInt(Request.SET_CONFIG.id).putInt(1).putInt(16).putInt(4).putInt(4).array();
    frontEnd.raw(write);
    device.written.await();
    ByteBuffer flood = bytes(28 * 500);
    while (flood.hasRemaining()) {
      flood.put(write);
    }
    frontEnd.raw(flood.array());
    context.broken("this is to be said between two of them");
    device.mayGoOn.countDown();
    assertEquals(2, frontEnd.ask(Request.GET_QUEUE_NUM));
    assertTrue(device.brokenAtTheLast);
  }

  @Test
  void aFullPipeHoldsNothingElse() throws Exception {
    frontEnd.start(16, MODERN);
    frontEnd.stop(0);
    try (Pipe pipe = Pipe.create()) {
      frontEnd.ask(Request.SET_DEVICE_STATE_FD, pair(0, 0), pipe.sink());
      pipe.sink().close();
      assertEquals(2, frontEnd.ask(Request.GET_QUEUE_NUM), "answered while the pipe is full");
      assertTrue(pipe.source().readAll(1 << 20, 5000).length > LONG_STATE.length);
      assertEquals(0, frontEnd.ask(Request.CHECK_DEVICE_STATE, new byte[0])[0]);
    }
  }
}
