package org.lodge.vhostuser.internal;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lodge.vhostuser.Takeover;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.ring.Ring;
import org.lodge.virtio.ring.RingPosition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The device logic that serves now, and its replacement while rings stay open. Belongs to the
 * control thread.
 *
 * <p>A device is anybody's code: whatever it throws, which an assertion or a stack that is too deep
 * makes an {@link Error}, is its own failure and not that of the thread which called it; and where
 * it never returns, nobody waits for long.
 *
 * <p>A takeover: the new device is made and looked at while the old one serves; rings pause; the
 * old one finishes and hands over its state; the new one takes state and rings; rings go on. Until
 * the rings go on, everything can be taken back.
 */
final class Logic {
  private static final Logger log = LoggerFactory.getLogger(Logic.class);
  private static final Duration BROKEN_LIMIT = Duration.ofMillis(100);
  private static final String STUCK = "the device does not come back from serving requests";

  private final Hosts hosts;
  private final Gate.Transport transport;
  private final QueueThread queueThread;
  private final Duration drainLimit;
  private final ConfigSpace configSpace = new ConfigSpace(this::device);

  private volatile Hosted device;
  private boolean started;
  private boolean pauseExpected;

  /** The device that served last is in its turn still, and must not be ended before. */
  private boolean lingering;

  /** The driver has gone while the device was in its turn, and the device is to be told still. */
  private boolean stopDue;

  /** Goes on though it is in a step of its replacement still; null where none is. */
  private Hosted handingOver;

  private long acceptedFeatures;

  /** What stays of a device whose bundle has gone before another could take over. */
  private DeviceState orphanedState;

  Logic(Hosts hosts, Gate.Transport transport, QueueThread queueThread, Duration drainLimit) {
    this.hosts = hosts;
    this.transport = transport;
    this.queueThread = queueThread;
    this.drainLimit = drainLimit;
  }

  /** The device that serves; null while there is none. Any thread may ask. */
  Hosted device() {
    return device;
  }

  Model model() {
    Hosted present = device;
    return present == null ? null : present.model;
  }

  /** Makes the first device. */
  void begin(Model first, DeviceState handedOver) throws DeviceException {
    begin(first, handedOver, Hosts.OPEN_LIMIT);
  }

  private void begin(Model first, DeviceState handedOver, Duration limit) throws DeviceException {
    Hosted made = hosts.make(first, transport, limit);
    try {
      if (handedOver != null) {
        made.importState(handedOver);
      }
    } catch (DeviceException | RuntimeException | Error e) {
      made.end(false, () -> {});
      throw e;
    }
    become(made);
  }

  private void become(Hosted made) {
    if (device != null) {
      device.serves(false);
    }
    device = made;
    orphanedState = null;
    lingering = !queueThread.use(made.device, turnLimit());
    made.serves(true);
  }

  /**
   * The driver is ready, unless it was before.
   *
   * @param anyOpen whether a ring is open; if none is, one that wants other features than before is
   *     another driver, which came while the guest was paused
   */
  void start(long features, boolean anyOpen) throws DeviceException {
    tellStopDue();
    if (!anyOpen && features != acceptedFeatures) {
      stop();
    }
    acceptedFeatures = features;
    pauseExpected = false;
    if (!started && device != null) {
      startDevice(features);
    }
    started = true;
  }

  private void startDevice(long features) throws DeviceException {
    try {
      device.start(features);
    } catch (DeviceException e) {
      // It may come to its end after all, and then be started anew.
      stopDue = device.hangs().isPresent();
      throw e;
    }
  }

  /**
   * Whether no ring can be opened yet: the device is in its turn still, with rings that were closed
   * meanwhile, or in a step that was given up. When it is back, {@link #cameBack} follows.
   */
  boolean mustWait() {
    return !lingering && queueThread.tellsReturn() || device != null && device.hangs().isPresent();
  }

  /** A ring was opened. */
  void startQueue(Ring ring) throws DeviceException {
    if (device != null) {
      device.startQueue(ring);
    }
  }

  /**
   * Lets a ring be served no more.
   *
   * @return false where the device does not come back from it
   */
  boolean pause(Ring ring) {
    int turn = queueThread.turn();
    boolean quiet = ring.pause(turnLimit());
    if (!quiet) {
      queueThread.missed(turn);
    }
    return quiet;
  }

  /** Closes a ring that was {@link #pause paused}. */
  static RingPosition close(Ring ring) {
    return ring.close(BROKEN_LIMIT);
  }

  /** Why the device serves nothing; empty while it comes back each time. Any thread may ask. */
  Optional<String> stuck() {
    return queueThread.isStuck() ? Optional.of(STUCK) : Optional.empty();
  }

  /** A ring is about to be closed, or to lose its device. */
  void stopQueue(Ring ring) {
    boolean quiet = pause(ring) || lingering;
    boolean idle = quiet && (device == null || stopQueue(device, ring));
    if (!idle) {
      log.warn(
          "Queue {} still has {} requests out after {}; what comes of them is dropped",
          ring.index(),
          ring.inFlight(),
          drainLimit);
    }
  }

  private boolean stopQueue(Hosted of, Ring ring) {
    try {
      return of.stopQueue(ring, limitFor(ring));
    } catch (DeviceException | RuntimeException | Error e) {
      log.error("The device failed to stop queue {}", ring.index(), e);
      return false;
    }
  }

  /** Nobody waits for the answers of a broken ring. */
  private Duration limitFor(Ring ring) {
    return ring.broken() ? BROKEN_LIMIT : drainLimit;
  }

  /** The last ring was closed. */
  void ringsClosed() {
    if (!pauseExpected) {
      stop();
    }
  }

  /** The driver has gone. */
  void stop() {
    pauseExpected = false;
    if (started && device != null) {
      stopDue = true;
      if (mustWait()) {
        log.error(
            "The device is not told yet that its driver went: {}", device.hangs().orElse(STUCK));
      } else {
        tellStopDue();
      }
    }
    started = false;
  }

  private void tellStopDue() {
    if (!stopDue) {
      return;
    }
    stopDue = false;
    try {
      device.stop();
    } catch (DeviceException | RuntimeException | Error e) {
      log.error("The device failed when its driver went", e);
    }
  }

  /**
   * @param anyOpen whether a ring is open
   */
  void expectPause(boolean expected, boolean anyOpen) {
    pauseExpected = expected;
    if (!expected && !anyOpen) {
      stop();
    }
  }

  boolean isPauseExpected() {
    return pauseExpected;
  }

  ConfigSpace configSpace() {
    return configSpace;
  }

  /** The state while no ring is open. */
  DeviceState exportState() throws DeviceException {
    if (device == null) {
      throw new DeviceException("export-state", "no device logic is there at present");
    }
    return exported(device);
  }

  private static DeviceState exported(Hosted from) throws DeviceException {
    DeviceState state;
    try {
      state = from.exportState();
    } catch (RuntimeException | Error e) {
      throw new DeviceException(
          "export-state", "the present device fails to hand its state over: " + e, e);
    }
    if (state == null) {
      throw new DeviceException("export-state", "the present device hands no state over");
    }
    return state;
  }

  /**
   * Of one that has to go; null where it fails, since to go on without is better than not at all.
   */
  private DeviceState lastState(Hosted from) {
    if (queueThread.isStuck()) {
      log.error("What the former device knew is lost: {}", STUCK);
      return null;
    }
    try {
      return exported(from);
    } catch (DeviceException e) {
      log.error("What the former device knew is lost: {}", e.getMessage(), e.getCause());
      return null;
    }
  }

  /** Goes on from a state that came from elsewhere, while no ring is open. */
  void importState(DeviceState state) throws DeviceException {
    if (device == null) {
      orphanedState = state;
      return;
    }
    Hosted former = device;
    begin(former.model, state, Hosts.STEP_LIMIT);
    end(former);
    started = false;
    pauseExpected = false;
  }

  /**
   * Lets another device serve.
   *
   * @param open the rings that are open
   * @param mustLeave whether the present one has to go in any case, requests out or not
   * @return what came of it; the former goes on where it was refused
   */
  Takeover replace(Model next, List<Vring> open, boolean mustLeave) {
    Model present = model();
    String from = present == null ? "" : present.version().toString();
    String to = next.version().toString();
    Hosted made = null;
    try {
      Duration limit = present == null ? Hosts.ADOPT_LIMIT : Hosts.STEP_LIMIT;
      made = hosts.make(next, transport, limit);
      requireAtLeast(made);
      long pauseMicros = device == null ? adopt(made, open) : handOver(made, open, mustLeave);
      return new Takeover(from, to, true, "", pauseMicros);
    } catch (DeviceException | RuntimeException | Error e) {
      if (made != null) {
        made.end(false, () -> {});
      }
      String reason = e instanceof DeviceException ? e.getMessage() : e.toString();
      return new Takeover(from, to, false, reason, 0);
    }
  }

  private void requireAtLeast(Hosted made) throws DeviceException {
    long missing = Negotiated.deviceFeatures(acceptedFeatures) & ~made.features;
    if (missing != 0) {
      throw new DeviceException(
          "features", "it lacks feature bits %#x, which the driver uses".formatted(missing));
    }
    if (device != null && made.queueCount < device.queueCount) {
      throw new DeviceException(
          "queues",
          "it has %d queues, and the driver was given %d"
              .formatted(made.queueCount, device.queueCount));
    }
    int configBytes = configSpace.sizeBytes();
    if (made.configSizeBytes < configBytes) {
      throw new DeviceException(
          "config-space",
          "its configuration space has %d bytes, and the driver was given %d"
              .formatted(made.configSizeBytes, configBytes));
    }
  }

  private long handOver(Hosted made, List<Vring> open, boolean mustLeave) throws DeviceException {
    Hosted former = device;
    List<Ring> stopped = new ArrayList<>();
    long began = System.nanoTime();
    boolean done = false;
    try {
      pause(open, mustLeave);
      for (Vring vring : open) {
        stopped.add(vring.ring);
        boolean idle = queueThread.isStuck() || stopQueue(former, vring.ring);
        if (!idle && !mustLeave && !vring.ring.broken()) {
          throw new DeviceException("drain", former.hangs().orElseGet(() -> requestsOut(vring)));
        }
      }
      DeviceState state = mustLeave ? lastState(former) : exported(former);
      if (state != null) {
        made.importState(state);
      }
      enter(made, open);
      done = true;
    } finally {
      if (!done) {
        if (!queueThread.isStuck()) {
          stopped.forEach(ring -> startAgain(former, ring));
        }
        if (former.hangs().isPresent()) {
          handingOver = former;
        }
        resume(open);
      }
    }
    become(made);
    resume(open);
    long pauseMicros = (System.nanoTime() - began) / 1000;
    end(former);
    return pauseMicros;
  }

  private String requestsOut(Vring vring) {
    return "%d requests of queue %d did not end within %d ms"
        .formatted(vring.ring.inFlight(), vring.index, drainLimit.toMillis());
  }

  private static void startAgain(Hosted device, Ring ring) {
    try {
      device.startQueueAgain(ring);
    } catch (DeviceException | RuntimeException | Error e) {
      log.error("The device failed to go on with queue {}", ring.index(), e);
    }
  }

  /** What the former device does wrong in its end is nothing to the one that serves. */
  private void end(Hosted former) {
    former.end(started || stopDue, lingering ? queueThread::awaitTurn : () -> {});
    stopDue = false;
    handingOver = null;
  }

  private long adopt(Hosted made, List<Vring> open) throws DeviceException {
    long began = System.nanoTime();
    if (orphanedState != null) {
      made.importState(orphanedState);
    }
    enter(made, open);
    become(made);
    resume(open);
    return (System.nanoTime() - began) / 1000;
  }

  private void enter(Hosted made, List<Vring> open) throws DeviceException {
    if (started) {
      made.start(acceptedFeatures);
      for (Vring vring : open) {
        made.startQueue(vring.ring);
      }
    }
  }

  private void pause(List<Vring> open, boolean mustLeave) throws DeviceException {
    for (Vring vring : open) {
      if (!pause(vring.ring) && !mustLeave) {
        throw new DeviceException(
            "drain",
            "the device has been busy in queue %d for %d ms"
                .formatted(vring.index, drainLimit.toMillis()));
      }
    }
  }

  private void resume(List<Vring> open) {
    for (Vring vring : open) {
      if (vring.serving) {
        resume(vring.ring);
        vring.wake();
      }
    }
  }

  /** Later, where the device that served last is still in it: it would be given more to do. */
  void resume(Ring ring) {
    if (!lingering) {
      ring.resume();
    }
  }

  /**
   * A device that did not come back from serving, or from a step, has.
   *
   * @param open the rings that are open
   */
  void cameBack(List<Vring> open) {
    if (lingering && !queueThread.tellsReturn()) {
      lingering = false;
      resume(open);
    }
    if (!mustWait()) {
      tellStopDue();
      takeBack(open);
    }
  }

  /** What it did in the end of that step, it did after it had been told to go on. */
  private void takeBack(List<Vring> open) {
    if (handingOver != null && handingOver == device) {
      for (Vring vring : open) {
        if (pause(vring.ring)) {
          startAgain(device, vring.ring);
        }
      }
      resume(open);
    }
    handingOver = null;
  }

  /** The device's bundle goes and nothing takes its place: its state waits for a successor. */
  void orphan(List<Vring> open) {
    Hosted former = device;
    open.forEach(vring -> stopQueue(vring.ring));
    configSpace.remember();
    orphanedState = lastState(former);
    leave();
    end(former);
  }

  /** The end of this backend, or of this process's turn. */
  void close() {
    if (!queueThread.isStuck() || lingering) {
      stop();
    }
    Hosted former = device;
    if (former != null) {
      leave();
      end(former);
    }
    started = false;
  }

  private void leave() {
    lingering = !queueThread.use(null, turnLimit());
    device = null;
  }

  /** Nobody waits twice for the same turn. */
  private Duration turnLimit() {
    return queueThread.isStuck() ? BROKEN_LIMIT : drainLimit;
  }
}
