package org.lodge.vmm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Starts, finds and describes the processes of one virtual machine monitor.
 *
 * <p>An OSGi service with the property {@link #NAME}. All methods may block up to the limit they
 * are given and are called from virtual threads, several guests at once.
 */
public interface VmmDriver {

  /**
   * Service property: the value that {@code "vmm"} has in a guest definition, such as {@code qemu}.
   */
  String NAME = "vmm";

  /**
   * Tells which accelerator a guest would get, and why.
   *
   * @throws VmmException if {@code wanted} can't be had on this host
   */
  AcceleratorChoice accelerator(Accelerator wanted) throws VmmException;

  /**
   * Runs the monitor with its virtual CPUs stopped and waits until every device has answered.
   *
   * <p>After a failure no process of this attempt is left. An interrupt ends the attempt the same
   * way.
   *
   * @param listener told of events until the process has ended; called from one thread, must not
   *     block
   * @param limit for the whole of it
   * @throws VmmException with the stage that failed and the last lines the monitor said
   */
  Vmm create(VmmSpec spec, VmmListener listener, Duration limit) throws VmmException;

  /**
   * Takes over the monitor that an earlier Lodge left running in this directory.
   *
   * @return empty where its process has ended or the recorded process id now belongs to another
   * @throws VmmException if the process is ours but does not answer within the limit; it is left
   *     alone
   */
  Optional<Vmm> adopt(Path runDirectory, VmmListener listener, Duration limit) throws VmmException;

  /**
   * Ends, by signal, the monitor that an earlier Lodge left running in this directory, whether it
   * answers or not, and waits for its end. Touches nothing but the recorded process: an id that now
   * belongs to another is left alone.
   *
   * @return whether there was such a process
   * @throws VmmException if it has not ended within the limit
   */
  boolean killLeftBehind(Path runDirectory, Duration limit) throws VmmException;
}
