package org.lodge.vhostuser.internal;

import static org.lodge.vhostuser.internal.Hosts.STEP_LIMIT;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.lodge.virtio.Counter;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.ring.Ring;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A device and what is asked of it beside serving requests, which is not waited for longer than a
 * limit. Belongs to the control thread but for what people ask.
 */
final class Hosted {
  private static final Logger log = LoggerFactory.getLogger(Hosted.class);
  private static final Duration CONTROL_LIMIT = Duration.ofSeconds(30);
  private static final Duration ASK_LIMIT = Duration.ofSeconds(1);

  final Model model;

  /** To serve requests with. */
  final Device device;

  final long features;
  final int queueCount;
  final int configSizeBytes;
  private final int[] queueSizeMax;
  private final Gate gate;
  private final Steps steps;

  /** Of their own: what people ask does not keep a device from going on. */
  private final Steps questions;

  private Hosted(Model model, Device device, Gate gate, Steps steps) {
    this.model = model;
    this.device = device;
    this.gate = gate;
    this.steps = steps;
    questions = steps.beside();
    features = device.features();
    queueCount = device.queueCount();
    configSizeBytes = device.configSizeBytes();
    queueSizeMax = IntStream.range(0, queueCount).map(device::queueSizeMax).toArray();
  }

  /** Takes over a new device, as one of its steps. */
  static Hosted of(Model model, Device made, Gate gate, Steps steps) throws DeviceException {
    if (made == null) {
      throw new DeviceException("create", "its factory has made no device");
    }
    try {
      return new Hosted(model, made, gate, steps);
    } catch (RuntimeException | Error e) {
      close(made);
      throw e;
    }
  }

  private static void close(Device device) {
    try {
      device.close();
    } catch (RuntimeException | Error e) {
      log.error("A device failed in its end", e);
    }
  }

  int queueSizeMax(int index) {
    return index < queueCount ? queueSizeMax[index] : 0;
  }

  /** Whether it serves, and so is heard. */
  void serves(boolean now) {
    if (now) {
      gate.open();
    } else {
      gate.close();
    }
  }

  /** The step that it does not come back from, as a sentence. */
  Optional<String> hangs() {
    return steps.trouble();
  }

  void start(long acceptedFeatures) throws DeviceException {
    step("start", () -> device.start(acceptedFeatures));
  }

  void startQueue(Ring ring) throws DeviceException {
    step("startQueue", () -> device.startQueue(ring));
  }

  /** As the next step of one that goes on, even where it hangs in the last. */
  void startQueueAgain(Ring ring) throws DeviceException {
    steps.runAnyway(
        "startQueue",
        STEP_LIMIT,
        () -> {
          device.startQueue(ring);
          return null;
        },
        late -> {});
  }

  boolean stopQueue(Ring ring, Duration limit) throws DeviceException {
    return steps.run("stopQueue", STEP_LIMIT, () -> device.stopQueue(ring, limit));
  }

  void stop() throws DeviceException {
    step("stop", device::stop);
  }

  DeviceState exportState() throws DeviceException {
    return steps.run("exportState", STEP_LIMIT, device::exportState);
  }

  void importState(DeviceState state) throws DeviceException {
    step("importState", () -> device.importState(state));
  }

  /** All of the configuration space. */
  byte[] config() throws DeviceException {
    if (configSizeBytes == 0) {
      return new byte[0];
    }
    return steps.run(
        "readConfig",
        STEP_LIMIT,
        () -> {
          byte[] whole = new byte[configSizeBytes];
          device.readConfig(0, ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN));
          return whole;
        });
  }

  void writeConfig(int untrustedOffset, byte[] untrustedBytes) throws DeviceException {
    step(
        "writeConfig",
        () ->
            device.writeConfig(
                untrustedOffset, ByteBuffer.wrap(untrustedBytes).order(ByteOrder.LITTLE_ENDIAN)));
  }

  String control(String command, DeviceConfig arguments) throws DeviceException {
    return steps.run("control", CONTROL_LIMIT, () -> device.control(command, arguments));
  }

  /** Any thread. */
  Map<String, String> controls() {
    return questions.ask("controls", ASK_LIMIT, Map.of(), device::controls);
  }

  /** Any thread. */
  List<Counter> counters() {
    return questions.ask("counters", ASK_LIMIT, List.of(), device::counters);
  }

  /** Any thread. */
  Optional<String> trouble() {
    Optional<String> hangs = steps.trouble().or(questions::trouble);
    return hangs.isPresent()
        ? hangs
        : questions.ask("trouble", ASK_LIMIT, Optional.empty(), device::trouble);
  }

  /**
   * Its last steps. Where one hangs they come after it, and nobody waits.
   *
   * @param started whether it has to be stopped before
   * @param out returns when it is not in serve any more
   */
  void end(boolean started, Runnable out) {
    gate.close();
    questions.interrupt();
    steps.end(
        "close",
        STEP_LIMIT,
        () -> {
          out.run();
          // Whoever waits for this is asked to hurry where that took long; the device did not.
          Thread.interrupted();
          if (started) {
            stopNow();
          }
          close(device);
        });
  }

  private void stopNow() {
    try {
      device.stop();
    } catch (RuntimeException | Error e) {
      log.error("The former device failed to stop", e);
    }
  }

  /** On the thread of its steps. */
  void closeNow() {
    close(device);
  }

  private interface Action {
    void run() throws DeviceException;
  }

  private void step(String name, Action action) throws DeviceException {
    steps.run(
        name,
        STEP_LIMIT,
        () -> {
          action.run();
          return null;
        });
  }
}
