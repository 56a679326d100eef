package org.lodge.vm.internal;

import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.lodge.vm.GuestException;
import org.lodge.vmm.Vmm;
import org.lodge.vmm.VmmListener;

/** All of one guest that blocks: its image, its monitor's driver and its console's socket. */
interface Machine {

  /** What a guest says of itself on its console. */
  enum Marker {
    USER_SPACE,
    READY
  }

  /** Makes the monitor process, its virtual CPUs stopped. An interrupt ends the attempt. */
  Vmm create(Definition definition, VmmListener listener) throws GuestException;

  /** Remembers for a later Lodge, then listens to the console. Comes before the CPUs run. */
  void attach(Vmm vmm, Definition definition, Consumer<Marker> heard) throws GuestException;

  /** What an earlier Lodge started the guest with, where that can still be told. */
  Optional<Definition> inForce();

  /** Empty where nothing is left; throws where a process is there and does not answer. */
  Optional<Vmm> adopt(VmmListener listener, Consumer<Marker> heard) throws GuestException;

  /** Asks the guest from inside to power off in order; false where nobody there has said yes. */
  boolean powerOff();

  /** Ends by signal what an earlier Lodge left. */
  void killLeftBehind() throws GuestException;

  /** Ends what Lodge serves to the guest and carries for it; its process has ended. */
  void closeDevices();

  /**
   * The guest has let go of a device by itself. Does not block.
   *
   * @return what ends the serving of it
   */
  Message.Control.Action deviceGone(String id);

  /** Waits shortly until the console's last bytes are read, after the process has ended. */
  void drainConsole();

  void closeConsole();

  /** What the guest said last, oldest first. */
  List<String> lastLines();
}
