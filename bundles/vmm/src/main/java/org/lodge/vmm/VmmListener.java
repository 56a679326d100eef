package org.lodge.vmm;

/** Hears what a monitor says of its own accord. Calls come from one thread and must not block. */
public interface VmmListener {

  /** The virtual CPUs run, pause, or the guest powered off or crashed. */
  void stateChanged(VmmState state);

  /** The guest rebooted itself. */
  void guestReset();

  /**
   * The guest has let go of a device while nobody waited for it in {@link Vmm#unplug}: after its
   * removal was given up, or of its own accord.
   */
  default void deviceGone(String id) {}
}
