package org.lodge.vhostuser.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.vhostuser.internal.MockFrontEnd.GUEST;
import static org.lodge.vhostuser.internal.MockFrontEnd.MODERN;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.linux.EventFd;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.Takeover;
import org.lodge.virtio.Counter;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.Virtqueue;
import org.lodge.virtio.fixture.DriverQueue;

/** Device logic replaced under a driver that goes on. */
@Timeout(60)
class TakeoverTest {
  @TempDir Path directory;
  private Bench bench;
  private Bench.EchoFactory first;
  private Backend backend;

  @BeforeEach
  void open() throws Exception {
    bench = new Bench(directory);
    first = bench.deploy("1.0.0");
    backend = bench.open();
  }

  @AfterEach
  void close() {
    bench.close();
  }

  @ParameterizedTest
  @ValueSource(longs = {MODERN, MODERN | 1L << 34})
  void fiftyTakeoversUnderLoadLoseNothing(long features) throws Exception {
    takeOverUnderLoad(features, Bench.EchoFactory::new, 50);
  }

  @ParameterizedTest
  @ValueSource(longs = {MODERN, MODERN | 1L << 34, 1L << 32})
  void nothingIsLostWhereDevicesAnswerFromOtherThreads(long features) throws Exception {
    takeOverUnderLoad(features, SlowFactory::new, Integer.getInteger("lodge.takeovers", 50));
  }

  private void takeOverUnderLoad(
      long features, Supplier<Bench.EchoFactory> factories, int takeovers) throws Exception {
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(64, features);
      frontEnd.echo(0, "before");
      Load load = new Load(frontEnd);
      load.start();
      Bench.EchoFactory serving = first;
      for (int swap = 1; swap <= takeovers; swap++) {
        long progressBefore = load.done;
        Bench.EchoFactory next = factories.get();
        bench.deploy(next, "1.%d.0".formatted(swap));
        assertEquals("1.%d.0".formatted(swap), backend.status().logicVersion().orElseThrow());
        assertTrue(serving.last.closed);
        assertEquals((byte) swap, next.last.imported);
        bench.backends.removeFactory(serving);
        serving = next;
        while (load.done < progressBefore + 100 && load.isRunning()) {
          Thread.onSpinWait();
        }
      }
      load.finish();
      assertEquals(takeovers, backend.status().takeovers());
      assertEquals(load.done, load.submitted);
    }
  }

  /** It was heard before, and comes to be told after. */
  @Test
  void whatTheFormerSaysAsItHandsOverIsNothingToTheNext() throws Exception {
    Bench.EchoFactory saying =
        new Bench.EchoFactory() {
          @Override
          public Device create(DeviceConfig config, DeviceContext context) {
            return new Bench.Echo(features, stateVersion) {
              @Override
              public DeviceState exportState() {
                context.broken("the former can't go on");
                return super.exportState();
              }
            };
          }
        };
    bench.deploy(saying, "2.0.0");
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.echo(0, "before");
      bench.deploy("3.0.0");
      assertEquals("3.0.0", backend.status().logicVersion().orElseThrow());
      frontEnd.ask(Request.GET_QUEUE_NUM);
      assertEquals(Optional.empty(), backend.status().trouble());
      frontEnd.echo(0, "after");
    }
  }

  @Test
  void aTypeTellsWhichDeviceOfVirtioItIs() {
    assertEquals(OptionalInt.of(42), bench.backends.virtioId("echo"));
    assertEquals(OptionalInt.empty(), bench.backends.virtioId("none"));
  }

  @Test
  void aDeviceThatLacksFeaturesIsRefusedAndTheFormerGoesOn() throws Exception {
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN | 1L << 5);
      frontEnd.echo(0, "before");
      Bench.Echo serving = first.last;
      Bench.EchoFactory poor = new Bench.EchoFactory();
      poor.features = 0;
      bench.deploy(poor, "2.0.0");
      Takeover refusal = backend.status().lastTakeover().orElseThrow();
      assertFalse(refusal.taken());
      assertTrue(refusal.reason().contains("0x20"), refusal.reason());
      assertEquals("1.0.0", backend.status().logicVersion().orElseThrow());
      assertTrue(poor.last.closed);
      assertSame(serving, first.last);
      frontEnd.echo(0, "after");
    }
  }

  @Test
  void aDeviceThatDoesNotUnderstandTheStateIsRefusedAndTheFormerGoesOn() throws Exception {
    first.stateVersion = 7;
    backend.close();
    backend = bench.open();
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.echo(0, "before");
      Bench.EchoFactory older = bench.deploy("2.0.0");
      Takeover refusal = backend.status().lastTakeover().orElseThrow();
      assertFalse(refusal.taken());
      assertTrue(refusal.reason().contains("state version"), refusal.reason());
      assertTrue(older.last.closed);
      frontEnd.echo(0, "after");
      bench.deploy("0.9.0");
      assertEquals("1.0.0", backend.status().logicVersion().orElseThrow());
      frontEnd.echo(0, "an older one changes nothing");
    }
  }

  @Test
  void aBundleThatLacksAClassIsRefusedAndTheFormerGoesOn() throws Exception {
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      bench.deploy(
          new Bench.EchoFactory() {
            @Override
            public Device create(DeviceConfig config, DeviceContext context) {
              throw new NoClassDefFoundError("org/example/Missing");
            }
          },
          "2.0.0");
      Takeover refusal = backend.status().lastTakeover().orElseThrow();
      assertFalse(refusal.taken());
      assertTrue(refusal.reason().contains("Missing"), refusal.reason());
      frontEnd.echo(0, "as before");
    }
  }

  /** What assertions and deep recursion throw is an error, and not of linking. */
  @Test
  void anErrorOfAnyKindIsARefusalAndTheFormerGoesOn() throws Exception {
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      List<Faulty> faulty =
          List.of(
              new Faulty("create", new StackOverflowError()),
              new Faulty("import", new AssertionError("impossible")),
              new Faulty("import close", new AssertionError("impossible")),
              new Faulty("start", new AssertionError("impossible")));
      for (Faulty each : faulty) {
        bench.deploy(each, "2.0.0");
        Takeover refusal = backend.status().lastTakeover().orElseThrow();
        assertFalse(refusal.taken());
        assertTrue(refusal.reason().contains("Error"), refusal.reason());
        frontEnd.echo(0, "as before");
        bench.backends.removeFactory(each);
      }
    }
  }

  @Test
  void aDeviceThatCanNotHandItsStateOverMakesWayOnceItsJarHasGone() throws Exception {
    Faulty faulty = new Faulty("export counters", new AssertionError("impossible"));
    bench.deploy(faulty, "2.0.0");
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.echo(0, "before");
      Bench.EchoFactory better = bench.deploy("3.0.0");
      Takeover refusal = backend.status().lastTakeover().orElseThrow();
      assertTrue(refusal.reason().contains("fails to hand its state over"), refusal.reason());
      frontEnd.echo(0, "as before");
      bench.backends.removeFactory(better);
      bench.backends.removeFactory(faulty);
      assertEquals("1.0.0", backend.status().logicVersion().orElseThrow());
      frontEnd.echo(0, "the former");
    }
  }

  @Test
  void aStateThatNoOlderVersionUnderstandsIsToldAsTheReason() throws Exception {
    Bench.EchoFactory newer = new Bench.EchoFactory();
    newer.stateVersion = 7;
    bench.deploy(newer, "2.0.0");
    first.stateVersion = 6;
    bench.backends.removeFactory(newer);
    String trouble = backend.status().trouble().orElseThrow();
    assertTrue(trouble.contains("1.0.0 refused: "), trouble);
    bench.deploy(newer, "2.0.0");
    assertEquals(Optional.empty(), backend.status().trouble());
  }

  /** Fails at the steps that it names. */
  private static final class Faulty extends Bench.EchoFactory {
    private final String steps;
    private final Error fault;

    Faulty(String steps, Error fault) {
      this.steps = steps;
      this.fault = fault;
    }

    private void step(String name) {
      if (steps.contains(name)) {
        throw fault;
      }
    }

    @Override
    public Device create(DeviceConfig config, DeviceContext context) {
      step("create");
      return new Bench.Echo(1L << 5, 1) {
        @Override
        public void start(long features) {
          step("start");
        }

        @Override
        public DeviceState exportState() {
          step("export");
          return super.exportState();
        }

        @Override
        public void importState(DeviceState state) throws DeviceException {
          step("import");
          super.importState(state);
        }

        @Override
        public List<Counter> counters() {
          step("counters");
          return super.counters();
        }

        @Override
        public void close() {
          step("close");
          super.close();
        }
      };
    }
  }

  @Test
  void aDeviceThatFailsToStopServesTheNextDriver() throws Exception {
    bench.deploy(
        new Bench.EchoFactory() {
          @Override
          public Device create(DeviceConfig config, DeviceContext context) {
            return new Bench.Echo(1L << 5, 1) {
              @Override
              public void stop() {
                throw new IllegalStateException("stuck");
              }
            };
          }
        },
        "2.0.0");
    for (int driver = 0; driver < 2; driver++) {
      try (MockFrontEnd frontEnd = bench.connect()) {
        frontEnd.start(16, MODERN);
        frontEnd.echo(0, "driver " + driver);
      }
    }
  }

  @Test
  void aDeviceThatFailsInServeBreaksItsQueueUntilTheDriverResets() throws Exception {
    Bench.EchoFactory failing =
        new Bench.EchoFactory() {
          @Override
          public Device create(DeviceConfig config, DeviceContext context) {
            last =
                new Bench.Echo(1L << 5, 1) {
                  @Override
                  protected void handle(DescriptorChain chain) {
                    throw new NoClassDefFoundError("org/example/Missing");
                  }
                };
            return last;
          }
        };
    try (MockFrontEnd frontEnd = bench.connect();
        EventFd error = EventFd.create()) {
      frontEnd.start(16, MODERN);
      frontEnd.tell(Request.SET_VRING_ERR, MockFrontEnd.u64(0), error);
      frontEnd.echo(0, "before");
      bench.deploy(failing, "2.0.0");
      frontEnd.queues.getFirst().add(new long[] {GUEST + 65536}, new int[] {16}, 0, 1);
      frontEnd.kicks.getFirst().signal();
      assertTrue(error.await(5000));
      bench.backends.removeFactory(failing);
      String trouble = backend.status().trouble().orElseThrow();
      assertTrue(trouble.startsWith("queue 0 is broken until the driver resets it: "), trouble);
      assertTrue(trouble.contains("Missing"), trouble);
      frontEnd.stop(0);
      frontEnd.queues.set(0, DriverQueue.create(frontEnd.guest, 16, MODERN));
      frontEnd.sendNum(0);
      frontEnd.sendAddresses(0);
      frontEnd.sendBase(0, 0);
      frontEnd.sendKick(0);
      frontEnd.sendCall(0);
      frontEnd.echo(0, "after");
      assertEquals(Optional.empty(), backend.status().trouble());
    }
  }

  @Test
  void removalBringsTheFormerBack() throws Exception {
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      Bench.Echo before = first.last;
      Bench.EchoFactory second = bench.deploy("1.1.0");
      frontEnd.echo(0, "second");
      bench.backends.removeFactory(second);
      assertEquals("1.0.0", backend.status().logicVersion().orElseThrow());
      assertNotSame(before, first.last);
      assertEquals(2, first.last.imported);
      frontEnd.echo(0, "first again");
    }
  }

  @Test
  void withoutAnyLogicTheGuestWaitsAndTheStateIsKept() throws Exception {
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.echo(0, "before");
      bench.backends.removeFactory(first);
      assertTrue(first.last.closed);
      assertTrue(backend.status().trouble().orElseThrow().contains("echo"));
      DriverQueue queue = frontEnd.queues.getFirst();
      queue.add(new long[] {GUEST + 65536}, new int[] {16}, 0, 1);
      frontEnd.kicks.getFirst().signal();
      frontEnd.ask(Request.GET_QUEUE_NUM);
      assertFalse(queue.takeUsed());
      Bench.EchoFactory later = bench.deploy("1.0.1");
      frontEnd.awaitUsed(0);
      assertEquals(1, later.last.imported);
      frontEnd.echo(0, "after");
    }
  }

  @Test
  void aDeviceThatCanNotDrainGoesOnAsIfNothingHadBeen() throws Exception {
    Stuck stuck = new Stuck();
    bench.deploy(stuck, "1.5.0");
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      DriverQueue queue = frontEnd.queues.getFirst();
      queue.add(new long[] {GUEST + 65536}, new int[] {16}, 0, 1);
      frontEnd.kicks.getFirst().signal();
      while (stuck.device.held == null) {
        Thread.onSpinWait();
      }
      bench.deploy("2.0.0");
      Takeover refusal = backend.status().lastTakeover().orElseThrow();
      assertFalse(refusal.taken());
      assertTrue(refusal.reason().contains("did not end"), refusal.reason());
      assertEquals(2, stuck.device.queueStarts, "it was stopped, and goes on");
      stuck.device.let();
      frontEnd.awaitUsed(0);
      frontEnd.echo(0, "as before");
    }
  }

  /** Makes devices that answer most requests from another thread. */
  private static final class SlowFactory extends Bench.EchoFactory {
    @Override
    public Device create(DeviceConfig config, DeviceContext context) {
      SlowDevice device = new SlowDevice();
      last = device;
      return device;
    }
  }

  private static final class SlowDevice extends Bench.Echo {
    private final ExecutorService other = Executors.newFixedThreadPool(2);
    private int count;

    SlowDevice() {
      super(1L << 5, 1);
    }

    @Override
    protected void handle(DescriptorChain chain) {
      if (++count % 4 == 0) {
        super.handle(chain);
      } else {
        other.execute(() -> answer(chain));
      }
    }

    private static void answer(DescriptorChain chain) {
      byte[] bytes = new byte[8];
      chain.read(0, bytes, 0, 8);
      chain.write(0, bytes, 0, 8);
      chain.complete(8);
    }

    @Override
    public void close() {
      other.close();
      super.close();
    }
  }

  /** Keeps its first request until told. */
  private static final class Stuck extends Bench.EchoFactory {
    StuckDevice device;

    @Override
    public Device create(DeviceConfig config, DeviceContext context) throws DeviceException {
      device = new StuckDevice();
      return device;
    }
  }

  private static final class StuckDevice extends Bench.Echo {
    volatile DescriptorChain held;
    private boolean first = true;
    volatile int queueStarts;

    StuckDevice() {
      super(1L << 5, 1);
    }

    @Override
    protected void handle(DescriptorChain chain) {
      if (first) {
        first = false;
        held = chain;
      } else {
        super.handle(chain);
      }
    }

    @Override
    public void startQueue(Virtqueue queue) {
      queueStarts++;
    }

    @Override
    public boolean stopQueue(Virtqueue queue, Duration limit) {
      return queue.awaitIdle(Duration.ofMillis(50));
    }

    void let() {
      held.complete(0);
    }
  }
}
