package org.lodge.vsock;

import org.osgi.annotation.versioning.ProviderType;

/** A guest's wish to connect, to be answered once. */
@ProviderType
public interface VsockRequest {

  String guest();

  long guestPort();

  long hostPort();

  VsockType type();

  /**
   * Says yes.
   *
   * @throws VsockException where the guest has given up meanwhile
   */
  VsockStream accept() throws VsockException;

  /** Says no; the guest sees a refused connection. */
  void refuse();
}
