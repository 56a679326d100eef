package org.lodge.vhostuser.internal;

import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.slf4j.MDC;

/** Makes the devices of one configuration. */
final class Hosts {
  /** Longer than a device may take to drain. */
  static final Duration STEP_LIMIT = Duration.ofSeconds(5);

  /** The first device may have to wait for what another guest serves. */
  static final Duration OPEN_LIMIT = Duration.ofSeconds(60);

  /** Nobody serves until it is there, and one that was refused is not asked again. */
  static final Duration ADOPT_LIMIT = Duration.ofSeconds(25);

  private final DeviceConfig config;
  private final Patience patience;
  private final Executor threads;

  Hosts(DeviceConfig config, Patience patience) {
    this.config = config;
    this.patience = patience;
    // None while nothing is to be done, and one more for each that never comes back.
    threads =
        new ThreadPoolExecutor(
            0, Integer.MAX_VALUE, 1, TimeUnit.SECONDS, new SynchronousQueue<>(), this::thread);
  }

  private Thread thread(Runnable work) {
    return Thread.ofPlatform()
        .daemon()
        .name("lodge-logic-" + config.guest() + "-" + config.device())
        .unstarted(() -> {
          MDC.put("guest", config.guest());
          MDC.put("device", config.device());
          work.run();
        });
  }

  /** Whether a factory takes the configuration. */
  void check(Model model) throws DeviceException {
    Steps steps = steps(model, () -> {});
    try {
      check(model, steps);
    } finally {
      steps.interrupt();
    }
  }

  private Steps steps(Model model, Runnable ended) {
    return new Steps(model.toString(), threads, patience, ended);
  }

  private void check(Model model, Steps steps) throws DeviceException {
    steps.run(
        "check",
        STEP_LIMIT,
        () -> {
          model.factory().check(config);
          return null;
        });
  }

  /**
   * Checks and makes.
   *
   * @param limit of the making
   */
  Hosted make(Model model, Gate.Transport transport, Duration limit) throws DeviceException {
    Steps steps = steps(model, () -> transport.later(Engine::cameBack));
    Gate gate = new Gate(transport);
    boolean made = false;
    try {
      check(model, steps);
      Hosted device =
          steps.run(
              "create",
              limit,
              () -> Hosted.of(model, model.factory().create(config, gate), gate, steps),
              Hosted::closeNow);
      made = true;
      return device;
    } finally {
      if (!made) {
        steps.interrupt();
      }
    }
  }
}
