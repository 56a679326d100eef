package org.lodge.vmm.qemu.internal;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.lodge.vmm.VmmListener;
import org.lodge.vmm.VmmState;

/** A listener that keeps what it hears, in order. */
final class Heard implements VmmListener {
  final LinkedBlockingQueue<String> events = new LinkedBlockingQueue<>();

  @Override
  public void stateChanged(VmmState state) {
    events.add(state.name());
  }

  @Override
  public void guestReset() {
    events.add("RESET");
  }

  @Override
  public void deviceGone(String id) {
    events.add("GONE " + id);
  }

  /** Takes events until the wanted one; null if it did not come within the limit. */
  String await(String wanted, int limitSeconds) throws InterruptedException {
    String event;
    do {
      event = events.poll(limitSeconds, TimeUnit.SECONDS);
    } while (event != null && !event.equals(wanted));
    return event;
  }
}
