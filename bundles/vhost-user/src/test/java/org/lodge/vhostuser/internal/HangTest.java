package org.lodge.vhostuser.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.vhostuser.internal.MockFrontEnd.MODERN;

import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendException;
import org.lodge.vhostuser.Takeover;
import org.lodge.virtio.Counter;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceContext;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;
import org.lodge.virtio.Virtqueue;
import org.lodge.virtio.fixture.DriverQueue;

/**
 * Device logic that does not come back from a step of its life. A limit passes as soon as it is in.
 */
@Timeout(60)
class HangTest {
  @TempDir Path directory;

  /** Something hangs; once seen, the next one. */
  private volatile CompletableFuture<Void> hangs = new CompletableFuture<>();

  /** Whose end then waits for that, which is no step. */
  private volatile boolean hangsInServe;

  private final CountDownLatch release = new CountDownLatch(1);
  private Bench bench;
  private Bench.EchoFactory first;
  private Backend backend;

  @BeforeEach
  void open() throws Exception {
    bench = new Bench(directory, this::awaitEndOrHang);
    first = bench.deploy("1.0.0");
    backend = bench.open();
  }

  @AfterEach
  void close() {
    release.countDown();
    bench.close();
  }

  private boolean awaitEndOrHang(Step<?> step) {
    if (hangsInServe && step.name.equals("close") && release.getCount() > 0) {
      return false;
    }
    CompletableFuture<?> result = step.result;
    CompletableFuture.anyOf(result.handle((value, failure) -> true), hangs).join();
    if (result.isDone()) {
      return true;
    }
    hangs = new CompletableFuture<>();
    return false;
  }

  @ParameterizedTest
  @ValueSource(strings = {"check", "create", "features", "importState", "start", "startQueue"})
  void oneThatHangsIsRefusedAndTheFormerGoesOn(String step) throws Exception {
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.echo(0, "before");
      Hanging hanging = new Hanging(step);
      bench.deploy(hanging, "2.0.0");
      Takeover refusal = backend.status().lastTakeover().orElseThrow();
      assertFalse(refusal.taken());
      String named = step.equals("features") ? "create" : step;
      assertEquals(named + " of echo 2.0.0 took longer than 5 s", refusal.reason());
      assertEquals("1.0.0", backend.status().logicVersion().orElseThrow());
      frontEnd.echo(0, "while it hangs");
      release.countDown();
      if (hanging.last != null) {
        assertTrue(hanging.last.ended.await(30, TimeUnit.SECONDS), "it is closed when it is back");
        assertNull(hanging.last.taken, "a late one takes no request");
      }
      frontEnd.echo(0, "after");
      assertEquals(Optional.empty(), backend.status().trouble());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"exportState", "stopQueue"})
  void oneThatHangsAsItIsReplacedServesUntilItsJarHasGone(String step) throws Exception {
    Hanging hanging = new Hanging(step);
    bench.deploy(hanging, "2.0.0");
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.echo(0, "before");
      Bench.EchoFactory better = bench.deploy("3.0.0");
      Takeover refusal = backend.status().lastTakeover().orElseThrow();
      assertTrue(refusal.reason().contains(step + " of echo 2.0.0 took longer"), refusal.reason());
      frontEnd.echo(0, "as before");
      assertTrue(backend.status().trouble().orElseThrow().startsWith(step + " of echo 2.0.0"));
      bench.backends.removeFactory(better);
      bench.backends.removeFactory(hanging);
      assertEquals("1.0.0", backend.status().logicVersion().orElseThrow());
      frontEnd.echo(0, "the former");
      assertEquals(Optional.empty(), backend.status().trouble());
      assertEquals(1, hanging.last.ended.getCount(), "it is not closed while it is in a step");
      release.countDown();
      assertTrue(hanging.last.ended.await(30, TimeUnit.SECONDS));
      frontEnd.echo(0, "after");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"stop", "stopQueue", "close"})
  void theEndOfADeviceWaitsNoLongerThanALimit(String step) throws Exception {
    Hanging hanging = new Hanging(step);
    bench.deploy(hanging, "2.0.0");
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.echo(0, "before");
      frontEnd.stop(0);
      backend.close();
    }
    assertFalse(Files.exists(bench.socket));
    assertEquals(List.of(), bench.backends.backends());
  }

  @Test
  void oneThatHangsInItsEndDoesNotDelayTheNext() throws Exception {
    Hanging hanging = new Hanging("stop");
    bench.deploy(hanging, "2.0.0");
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      bench.deploy("3.0.0");
      assertEquals("3.0.0", backend.status().logicVersion().orElseThrow());
      frontEnd.echo(0, "the next");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"counters", "trouble", "controls"})
  void whoAsksADeviceIsNotHeld(String question) throws Exception {
    bench.deploy(new Hanging(question), "2.0.0");
    backend.controls();
    assertEquals(List.of(), backend.status().counters());
    assertTrue(backend.status().trouble().orElseThrow().startsWith(question + " of echo 2.0.0"));
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.echo(0, "it serves");
    }
  }

  @Test
  void aConfigurationThatIsNotToldIsARefusal() throws Exception {
    bench.deploy(new Hanging("readConfig"), "2.0.0");
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      byte[] ask = MockFrontEnd.bytes(20).putInt(0).putInt(8).putInt(0).array();
      assertEquals(0, frontEnd.ask(Request.GET_CONFIG, ask).length);
      frontEnd.echo(0, "it serves");
    }
  }

  @Test
  void whileOneIsBeingMadeOthersAreOpened() throws Exception {
    Hanging hanging = new Hanging("create");
    backend.close();
    bench.deploy(hanging, "2.0.0");
    String refusal = assertThrows(BackendException.class, bench::open).getMessage();
    assertTrue(refusal.endsWith("create of echo 2.0.0 took longer than 60 s"), refusal);
    bench.backends.removeFactory(hanging);
    bench.open();
  }

  /** Nobody goes on meanwhile, and it is not asked again. */
  @Test
  void oneThatIsMadeWhereNoneServesHasLonger() throws Exception {
    bench.backends.removeFactory(first);
    bench.deploy(new Hanging("create"), "2.0.0");
    String refusal = backend.status().lastTakeover().orElseThrow().reason();
    assertEquals("create of echo 2.0.0 took longer than 25 s", refusal);
  }

  /** What nobody waits for any more, and can be asked, ends. */
  @ParameterizedTest
  @ValueSource(strings = {"check", "counters"})
  void whatIsLeftBehindIsAskedToEnd(String step) throws Exception {
    Hanging hanging = new Hanging(step);
    if (step.equals("check")) {
      backend.close();
      bench.deploy(hanging, "2.0.0");
      assertThrows(BackendException.class, bench::open);
    } else {
      bench.deploy(hanging, "2.0.0");
      backend.status();
      backend.close();
    }
    assertTrue(hanging.asked.await(30, TimeUnit.SECONDS));
  }

  @Test
  void whatWaitsAsItIsMadeIsAskedToEnd() throws Exception {
    CountDownLatch asked = new CountDownLatch(1);
    bench.deploy(
        new Bench.EchoFactory() {
          @Override
          public Device create(DeviceConfig config, DeviceContext context) {
            hangs.complete(null);
            try {
              release.await();
            } catch (InterruptedException e) {
              asked.countDown();
            }
            throw new IllegalStateException("in vain");
          }
        },
        "2.0.0");
    assertTrue(asked.await(30, TimeUnit.SECONDS));
  }

  /** What one that was refused says of itself is nothing to the one that serves. */
  @Test
  void oneThatWasRefusedBreaksNothing() throws Exception {
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      Hanging hanging = new Hanging("create");
      bench.deploy(hanging, "2.0.0");
      hanging.context.broken("late");
      frontEnd.ask(Request.GET_QUEUE_NUM);
      frontEnd.echo(0, "as before");
      assertEquals(Optional.empty(), backend.status().trouble());
    }
  }

  /** Its requests are the ring's, and its jar can still go; it can serve again when it is back. */
  @Test
  void oneThatHangsInServeMakesWay() throws Exception {
    Hanging hanging = hangInServe();
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.ask(0, 8192);
      assertTrue(hanging.last.serving.await(30, TimeUnit.SECONDS));
      Bench.EchoFactory next = bench.deploy("3.0.0");
      Takeover refusal = backend.status().lastTakeover().orElseThrow();
      assertTrue(refusal.reason().contains("has been busy in queue 0"), refusal.reason());
      String trouble = backend.status().trouble().orElseThrow();
      assertTrue(trouble.contains("does not come back"), trouble);
      bench.backends.removeFactory(next);
      bench.backends.removeFactory(hanging);
      assertEquals("1.0.0", backend.status().logicVersion().orElseThrow());
      assertEquals(1, hanging.last.ended.getCount());
      release.countDown();
      assertTrue(hanging.last.ended.await(30, TimeUnit.SECONDS), "it is closed when it is back");
      frontEnd.awaitUsed(0);
      frontEnd.echo(0, "the former serves");
      assertEquals(Optional.empty(), backend.status().trouble());
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {MODERN, MODERN | MockFrontEnd.PACKED})
  void theMonitorDoesNotWaitForOneThatHangsInServe(long features) throws Exception {
    Hanging hanging = hangInServe();
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, features);
      frontEnd.needReply = true;
      frontEnd.ask(0, 8192);
      assertTrue(hanging.last.serving.await(30, TimeUnit.SECONDS));
      frontEnd.enable(0, false);
      frontEnd.stop(0);
      backend.close();
      assertFalse(Files.exists(bench.socket));
      DriverQueue queue = frontEnd.queues.getFirst();
      release.countDown();
      assertTrue(hanging.last.ended.await(30, TimeUnit.SECONDS), "it is closed when it is back");
      assertFalse(queue.takeUsed(), "what comes late is not shown in a ring that was closed");
    }
  }

  /** A driver that comes anew meanwhile, as after a reboot, is served once the device is back. */
  @Test
  void aQueueThatIsOpenedMeanwhileIsServedOnceItIsBack() throws Exception {
    Hanging hanging = hangInServe();
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.needReply = true;
      frontEnd.ask(0, 16384);
      assertTrue(hanging.last.serving.await(30, TimeUnit.SECONDS));
      int base = frontEnd.stop(0);
      frontEnd.reopen(0, base);
      assertTrue(backend.status().trouble().orElseThrow().contains("does not come back"));
      release.countDown();
      frontEnd.echo(0, "the next driver");
      assertEquals(Optional.empty(), backend.status().trouble());
      assertEquals(List.of("start", "stop", "start"), hanging.last.life);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"exportState", "stopQueue"})
  void aQueueThatIsOpenedWhileAStepHangsIsServedAfterIt(String step) throws Exception {
    Hanging hanging = new Hanging(step);
    bench.deploy(hanging, "2.0.0");
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.needReply = true;
      frontEnd.echo(0, "before");
      bench.deploy("3.0.0");
      assertFalse(backend.status().lastTakeover().orElseThrow().taken());
      int base = frontEnd.stop(0);
      frontEnd.reopen(0, base);
      release.countDown();
      frontEnd.echo(0, "the next driver");
      assertEquals(List.of("start", "stop", "start"), hanging.last.life);
      assertEquals(Optional.empty(), backend.status().trouble());
    }
  }

  /** It was told to go on while it still went about to end. */
  @ParameterizedTest
  @ValueSource(strings = {"exportState", "stopQueue"})
  void oneThatEndsAStepOfItsReplacementLateGoesOn(String step) throws Exception {
    Hanging hanging = new Hanging(step);
    bench.deploy(hanging, "2.0.0");
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.echo(0, "before");
      bench.deploy("3.0.0");
      assertFalse(backend.status().lastTakeover().orElseThrow().taken());
      frontEnd.echo(0, "while it hangs");
      release.countDown();
      while (backend.status().trouble().isPresent()) {
        Thread.onSpinWait();
      }
      frontEnd.echo(0, "after");
    }
  }

  @Test
  void aQueueThatWaitsForAStepIsServedByTheNextDevice() throws Exception {
    Hanging hanging = new Hanging("exportState");
    bench.deploy(hanging, "2.0.0");
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.needReply = true;
      bench.deploy("3.0.0");
      int base = frontEnd.stop(0);
      frontEnd.reopen(0, base);
      bench.backends.removeFactory(hanging);
      frontEnd.echo(0, "the former");
    }
  }

  @Test
  void aDriverIsServedOnceItsStartHasEndedAfterAll() throws Exception {
    Hanging hanging = new Hanging("start");
    bench.deploy(hanging, "2.0.0");
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.ask(Request.GET_QUEUE_NUM);
      release.countDown();
      frontEnd.echo(0, "late");
      assertEquals(List.of("start", "stop", "start"), hanging.last.life);
    }
  }

  /** That the wait for its turn was given up is nothing that its end has to be hurried for. */
  @Test
  void oneThatComesBackFromServeIsEndedUnhurried() throws Exception {
    Hanging hanging = hangInServe();
    try (MockFrontEnd frontEnd = bench.connect()) {
      frontEnd.start(16, MODERN);
      frontEnd.ask(0, 8192);
      assertTrue(hanging.last.serving.await(30, TimeUnit.SECONDS));
      bench.backends.removeFactory(hanging);
      assertEquals("1.0.0", backend.status().logicVersion().orElseThrow());
      release.countDown();
      assertTrue(hanging.last.ended.await(30, TimeUnit.SECONDS));
      assertFalse(hanging.last.hurried);
    }
  }

  private Hanging hangInServe() throws Exception {
    bench.close();
    bench = new Bench(directory, this::awaitEndOrHang, Duration.ofMillis(300));
    first = bench.deploy("1.0.0");
    hangsInServe = true;
    Hanging hanging = new Hanging("serve");
    bench.deploy(hanging, "2.0.0");
    backend = bench.open();
    return hanging;
  }

  /** Makes devices that do not come back from a step. */
  private final class Hanging extends Bench.EchoFactory {
    final CountDownLatch asked = new CountDownLatch(1);
    private final String step;
    volatile HangingDevice last;

    Hanging(String step) {
      this.step = step;
    }

    void step(String name) {
      if (name.equals(step)) {
        if (!name.equals("serve")) {
          hangs.complete(null);
        }
        boolean released = false;
        while (!released) {
          try {
            release.await();
            released = true;
          } catch (InterruptedException e) {
            asked.countDown();
            // As one that does not care.
          }
        }
      }
    }

    @Override
    public void check(DeviceConfig config) throws DeviceException {
      step("check");
      super.check(config);
    }

    @Override
    public Device create(DeviceConfig config, DeviceContext context) {
      this.context = context;
      HangingDevice made = new HangingDevice(this);
      last = made;
      step("create");
      return made;
    }
  }

  private static final class HangingDevice extends Bench.Echo {
    final CountDownLatch ended = new CountDownLatch(1);
    final CountDownLatch serving = new CountDownLatch(1);
    private final Hanging of;
    final List<String> life = new CopyOnWriteArrayList<>();
    volatile Object taken;
    volatile boolean hurried;

    /** As one that lets go of what it has to hand over. */
    private volatile boolean frozen;

    HangingDevice(Hanging of) {
      super(of.features, 1);
      this.of = of;
    }

    @Override
    public long features() {
      of.step("features");
      return super.features();
    }

    @Override
    public void serve(Virtqueue queue) throws RingException {
      if (!frozen) {
        super.serve(queue);
      }
    }

    @Override
    protected void handle(DescriptorChain chain) {
      serving.countDown();
      of.step("serve");
      super.handle(chain);
    }

    @Override
    public void readConfig(int offset, ByteBuffer into) {
      of.step("readConfig");
      super.readConfig(offset, into);
    }

    @Override
    public void start(long features) {
      life.add("start");
      of.step("start");
    }

    @Override
    public void startQueue(Virtqueue queue) {
      frozen = false;
      of.step("startQueue");
      if (of.step.equals("startQueue")) {
        try {
          taken = queue.poll();
        } catch (RingException e) {
          taken = e;
        }
      }
    }

    @Override
    public boolean stopQueue(Virtqueue queue, Duration limit) {
      of.step("stopQueue");
      frozen = true;
      return super.stopQueue(queue, limit);
    }

    @Override
    public void stop() {
      life.add("stop");
      of.step("stop");
    }

    @Override
    public DeviceState exportState() {
      of.step("exportState");
      frozen = true;
      return super.exportState();
    }

    @Override
    public void importState(DeviceState state) throws DeviceException {
      of.step("importState");
      super.importState(state);
    }

    @Override
    public List<Counter> counters() {
      of.step("counters");
      return super.counters();
    }

    @Override
    public Optional<String> trouble() {
      of.step("trouble");
      return super.trouble();
    }

    @Override
    public java.util.Map<String, String> controls() {
      of.step("controls");
      return super.controls();
    }

    @Override
    public void close() {
      hurried = Thread.currentThread().isInterrupted();
      of.step("close");
      super.close();
      ended.countDown();
    }
  }
}
