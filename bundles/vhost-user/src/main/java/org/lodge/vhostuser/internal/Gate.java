package org.lodge.vhostuser.internal;

import java.util.function.Consumer;
import org.lodge.virtio.DeviceContext;

/**
 * What one device says to the transport: held back until it serves, dropped once it serves no more,
 * also where it was said before, so that one which was refused or replaced does nothing to the one
 * that goes on.
 */
final class Gate implements DeviceContext {
  private final Transport transport;
  private boolean serves;
  private boolean changed;
  private String reason;

  /** Does something on the control thread, once that is there. */
  interface Transport {
    void later(Consumer<Engine> action);
  }

  Gate(Transport transport) {
    this.transport = transport;
  }

  synchronized void open() {
    serves = true;
    if (changed) {
      configurationChanged();
    }
    if (reason != null) {
      broken(reason);
    }
  }

  synchronized void close() {
    serves = false;
  }

  private synchronized boolean serves() {
    return serves;
  }

  @Override
  public synchronized void configurationChanged() {
    changed = true;
    tell(Engine::configurationChanged);
  }

  @Override
  public synchronized void broken(String why) {
    reason = why;
    tell(engine -> engine.deviceBroken(why));
  }

  private void tell(Consumer<Engine> what) {
    if (serves) {
      transport.later(engine -> {
        // A takeover may have been under way.
        if (serves()) {
          what.accept(engine);
        }
      });
    }
  }
}
