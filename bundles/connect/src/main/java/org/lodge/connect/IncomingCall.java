package org.lodge.connect;

import java.io.IOException;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** A call that a {@link ServiceOffer} serves. */
@ProviderType
public interface IncomingCall {
  Connection connection();

  String source();

  String argument();

  /** The guest that the policy decided on; {@code @host} where nobody is mediated. */
  String target();

  /** Of the rule that allowed it. */
  Map<String, String> options();

  Metadata metadata();

  /**
   * For who mediates: makes the target's end of this connection. Once.
   *
   * @param metadata for the target, checked against what the target declares
   * @throws ConnectException where the target does not come
   */
  ByteStream connectTarget(Map<String, String> metadata) throws IOException;

  /**
   * As {@link #connectTarget}, to another Unix socket of the target than the one that the service
   * has: to one that the target's agent was let to make. In place of {@link #connectTarget}, once.
   *
   * @throws ConnectException where the target does not come, or serves by no Unix socket
   */
  ByteStream connectTargetAt(String socketPath) throws IOException;

  /**
   * For who mediates: another connection to the target, by the same decision, on behalf of the
   * caller and within its limits. It is the host's and outlives this call: it ends when it is
   * closed or reset, or with either guest.
   *
   * @throws ConnectException where the target does not come, or the caller has too many
   */
  ByteStream connectBeside() throws IOException;
}
