package org.lodge.vsock;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** One guest as seen by connections. It outlives restarts of the guest. Thread-safe. */
@ProviderType
public interface VsockEndpoint {

  String guest();

  /** The guest's context id; 0 where the guest has never been there. */
  long cid();

  /** Whether a device serves the guest now. */
  boolean attached();

  /**
   * Connects to a port on which a program in the guest listens.
   *
   * @param port from 0 to 2^32 - 2
   * @throws VsockException where nobody listens, the guest is not there, has too many connections,
   *     or does not answer in time
   * @throws IOException where the thread was interrupted
   */
  VsockStream connect(long port, VsockType type, Duration limit) throws IOException;

  /** How many connections are not wholly over yet. */
  int connections();

  /** A snapshot of the connections that the guest knows. */
  List<VsockStream> streams();
}
