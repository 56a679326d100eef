package org.lodge.vmm;

import java.util.List;

/**
 * How a monitor process ended.
 *
 * @param guestPoweredOff whether the monitor said before that the guest had powered itself off or
 *     Lodge had asked it to quit
 * @param cause one sentence for a person: exit code, signal, or that it can't be told
 * @param lastLines what the monitor said last on its standard error, oldest first
 */
public record VmmExit(boolean guestPoweredOff, String cause, List<String> lastLines) {

  public VmmExit {
    lastLines = List.copyOf(lastLines);
  }
}
