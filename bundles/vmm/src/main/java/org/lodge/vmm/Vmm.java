package org.lodge.vmm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * One running monitor process and its control channel.
 *
 * <p>Thread-safe. Every call that talks to the monitor is bounded by the driver's own command limit
 * (seconds) and ends with a {@link VmmException} where the monitor is gone or does not answer; none
 * waits on another guest.
 */
public interface Vmm {

  /** The process, as it can be told from a later one with the same id. */
  ProcessIdentity process();

  /** The command line as executed, for people; never holds a secret. */
  List<String> commandLine();

  /** What the accelerator is and why. */
  AcceleratorChoice accelerator();

  /** Asks the monitor; nothing is remembered. */
  VmmState state() throws VmmException;

  /** Lets the virtual CPUs run: the boot of a created guest or the end of a pause. */
  void resume() throws VmmException;

  /** Stops the virtual CPUs. */
  void pause() throws VmmException;

  /** Presses the guest's power button. The guest may take its time or ignore it. */
  void powerDown() throws VmmException;

  /** Ends the monitor in order, the guest at once. */
  void quit() throws VmmException;

  /** Ends the process by signal. Never blocks on the control channel and never fails. */
  void kill();

  /**
   * Writes the guest's screen as a PNG.
   *
   * @throws VmmException if the guest has no display
   */
  void screenshot(Path png) throws VmmException;

  /**
   * Types into the guest's keyboard.
   *
   * @param keys names as the monitor knows them, pressed in order and released in reverse, as in
   *     {@code ["ctrl", "c"]}
   */
  void sendKeys(List<String> keys) throws VmmException;

  /**
   * Adds a device to a free port. The guest sees it as soon as its kernel looks.
   *
   * @throws VmmException if no port is free, the id is taken, this monitor has no such front-end,
   *     or the back-end does not answer; nothing of the device is left then
   */
  void plug(VhostUserDevice device) throws VmmException;

  /**
   * Takes a device away and returns when the guest has let go of it. A device that is not there is
   * no error.
   *
   * @param limit for the guest's consent
   * @throws VmmException if the guest did not let go; the device is still there and works
   */
  void unplug(String id, Duration limit) throws VmmException;

  /** The listening Unix stream socket of the serial console; one client at a time. */
  Path consoleSocket();

  /** Completes when the process has ended, with why as far as it can be told. */
  CompletableFuture<VmmExit> exited();

  /**
   * Lets go of the monitor without ending it: control channel closed, listener silent.
   *
   * @param limit how long commands under way may still take
   */
  void release(Duration limit);
}
