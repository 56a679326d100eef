package org.lodge.vhostuser;

import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** A device that is being served. Thread-safe. */
@ProviderType
public interface Backend extends AutoCloseable {

  BackendSpec spec();

  /** A snapshot, taken without waiting for the device. */
  BackendStatus status();

  /** What {@link #control} can do, each with a line of description. */
  Map<String, String> controls();

  /**
   * Changes the running device, as in {@code control("resize", Map.of("sizeBytes", "1G"))}. The
   * guest is told where its view changes.
   *
   * @return one sentence: what is now true
   * @throws BackendException where the device refuses or does not know the command
   */
  String control(String command, Map<String, Object> arguments) throws BackendException;

  /**
   * Tells that the guest's CPUs are about to be halted, or that they go on after all. A monitor
   * that halts them closes every ring, as it does at a reset, and opens each again where it stood:
   * what the device has with the guest then stays until a ring is open again or the monitor hangs
   * up.
   */
  void expectPause(boolean expected) throws BackendException;

  /**
   * Stops serving for good and removes the socket. Requests being served get a few seconds to
   * finish. To be called when the guest has let go of the device: a monitor still connected sees
   * its end. Later calls do nothing.
   */
  @Override
  void close();
}
