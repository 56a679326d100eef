package org.lodge.vmm.qemu.internal;

import java.util.Set;

/**
 * What one QEMU executable can do, as it says itself.
 *
 * @param options groups of {@code query-command-line-options}
 * @param devices types of {@code qom-list-types}
 * @param canRefuseSuspend whether the machine's power management lets suspension be switched off
 */
record QemuCapabilities(Set<String> options, Set<String> devices, boolean canRefuseSuspend) {

  QemuCapabilities {
    options = Set.copyOf(options);
    devices = Set.copyOf(devices);
  }

  boolean hasOption(String group) {
    return options.contains(group);
  }

  boolean hasDevice(String type) {
    return devices.contains(type);
  }
}
