package org.lodge.vmm;

/** What runs the virtual CPUs. */
public enum Accelerator {
  /** KVM where an ordinary guest really runs under it, otherwise TCG. */
  AUTO,
  /** The host's processor, through {@code /dev/kvm}. */
  KVM,
  /** Emulation by QEMU's Tiny Code Generator. */
  TCG
}
