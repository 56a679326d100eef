package org.lodge.vhostuser.internal;

import org.lodge.virtio.DeviceContext;

/**
 * What one device says to the transport: held back until it serves, dropped once it serves no more,
 * so that one which was refused does nothing to the one that goes on.
 */
final class Gate implements DeviceContext {
  private final DeviceContext transport;
  private boolean serves;
  private boolean changed;
  private String reason;

  Gate(DeviceContext transport) {
    this.transport = transport;
  }

  synchronized void open() {
    serves = true;
    if (changed) {
      transport.configurationChanged();
    }
    if (reason != null) {
      transport.broken(reason);
    }
  }

  synchronized void close() {
    serves = false;
  }

  @Override
  public synchronized void configurationChanged() {
    changed = true;
    if (serves) {
      transport.configurationChanged();
    }
  }

  @Override
  public synchronized void broken(String why) {
    reason = why;
    if (serves) {
      transport.broken(why);
    }
  }
}
