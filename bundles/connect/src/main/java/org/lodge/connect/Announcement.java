package org.lodge.connect;

import java.util.Map;
import java.util.Optional;

/**
 * A connection that waits for the guest it is told to.
 *
 * @param connectionId that of its {@link Connection}; 0 where it is not said
 * @param token to be shown with the stream, once, by this guest, within the broker's time limit
 * @param service one that the guest has declared
 * @param source who called: a guest or {@code @host}
 * @param options of the rule that allowed it, such as the user to serve it as
 * @param socketPath of a Unix socket to connect to in place of the one that the service has
 */
public record Announcement(
    long connectionId,
    String token,
    String service,
    String argument,
    String source,
    Map<String, String> options,
    Metadata metadata,
    Optional<String> socketPath) {
  public Announcement {
    options = Map.copyOf(options);
  }

  /** One for where the service itself is. */
  public Announcement(
      long connectionId,
      String token,
      String service,
      String argument,
      String source,
      Map<String, String> options,
      Metadata metadata) {
    this(connectionId, token, service, argument, source, options, metadata, Optional.empty());
  }

  /** One that does not say of which connection it is. */
  public Announcement(
      String token,
      String service,
      String argument,
      String source,
      Map<String, String> options,
      Metadata metadata) {
    this(0, token, service, argument, source, options, metadata);
  }
}
