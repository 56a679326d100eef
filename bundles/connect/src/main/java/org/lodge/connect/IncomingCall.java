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
}
