package org.lodge.vmm.qemu.internal;

import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.lodge.vmm.VmmException;
import org.lodge.vmm.VmmListener;
import org.lodge.vmm.VmmState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns QEMU's events into what the listener hears.
 *
 * <pre>
 * event                                     becomes
 * RESUME                                    RUNNING
 * STOP                                      what query-status says then
 * GUEST_PANICKED                            CRASHED
 * SHUTDOWN by the guest, or asked by Lodge  SHUTDOWN; the end of the process is then in order
 * SHUTDOWN for another reason               nothing; the end of the process tells
 * RESET by the guest                        guestReset
 * DEVICE_DELETED that nobody waits for      deviceGone
 * </pre>
 */
final class GuestEvents implements Consumer<QmpEvent> {
  private static final Logger LOG = LoggerFactory.getLogger(GuestEvents.class);

  private final Asked asked;
  private final Map<String, CompletableFuture<QmpEvent>> unplugs = new ConcurrentHashMap<>();
  private volatile VmmListener listener;
  private volatile boolean poweredOff;

  /** How to ask QEMU for its state. */
  interface Asked {
    VmmState state() throws VmmException;
  }

  GuestEvents(VmmListener listener, Asked asked) {
    this.listener = listener;
    this.asked = asked;
  }

  @Override
  public void accept(QmpEvent event) {
    VmmListener hearer = listener;
    switch (event) {
      case QmpEvent.Resumed() -> hearer.stateChanged(VmmState.RUNNING);
      case QmpEvent.Stopped() -> stopped(hearer);
      case QmpEvent.Panicked() -> hearer.stateChanged(VmmState.CRASHED);
      case QmpEvent.ShutDown(boolean byGuest, String reason) -> {
        LOG.debug("shutdown, reason {}", Text.printable(reason));
        if (reason.equals("guest-shutdown") || reason.equals("host-qmp-quit")) {
          poweredOff = true;
          hearer.stateChanged(VmmState.SHUTDOWN);
        }
      }
      case QmpEvent.Reset(boolean byGuest) -> {
        if (byGuest) {
          hearer.guestReset();
        }
      }
      case QmpEvent.DeviceDeleted(String id) -> {
        if (!settle(id, event)) {
          hearer.deviceGone(id);
        }
      }
      case QmpEvent.UnplugRefused(String id) -> settle(id, event);
    }
  }

  private void stopped(VmmListener hearer) {
    try {
      hearer.stateChanged(asked.state());
    } catch (VmmException e) {
      LOG.debug("stopped, and ended before it could be asked why: {}", e.getMessage());
    }
  }

  private boolean settle(String id, QmpEvent event) {
    CompletableFuture<QmpEvent> unplug = unplugs.get(id);
    return unplug != null && unplug.complete(event);
  }

  /** The next word on this device's removal; to be asked for before the removal is. */
  CompletableFuture<QmpEvent> unplugOf(String id) {
    return unplugs.computeIfAbsent(id, key -> new CompletableFuture<>());
  }

  /** The removal has ended. */
  void forgetUnplugOf(String id) {
    unplugs.remove(id);
  }

  /** The removal is given up: what is said from now on, or was at the last moment, is told. */
  void giveUpUnplugOf(String id) {
    CompletableFuture<QmpEvent> unplug = unplugs.remove(id);
    if (unplug != null
        && !unplug.cancel(false)
        && unplug.getNow(null) instanceof QmpEvent.DeviceDeleted) {
      listener.deviceGone(id);
    }
  }

  /** Whether QEMU has said that the guest powered off or that it was asked to quit. */
  boolean poweredOff() {
    return poweredOff;
  }

  /** The listener hears nothing more. */
  void silence() {
    listener =
        new VmmListener() {
          @Override
          public void stateChanged(VmmState state) {
            LOG.trace("released, now {}", state);
          }

          @Override
          public void guestReset() {
            LOG.trace("released, reset");
          }
        };
  }
}
