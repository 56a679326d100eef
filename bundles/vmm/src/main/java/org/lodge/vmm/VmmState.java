package org.lodge.vmm;

/** The monitor's own word on its guest. */
public enum VmmState {
  /** Devices are there, the virtual CPUs have never run. */
  PRELAUNCH,
  RUNNING,
  PAUSED,
  /** The guest has powered itself off, the process is still there. */
  SHUTDOWN,
  /** The guest's kernel has panicked or the monitor met an internal error. */
  CRASHED
}
