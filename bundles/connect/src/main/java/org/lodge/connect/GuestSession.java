package org.lodge.connect;

import java.util.Collection;
import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/**
 * What one guest may do at the broker: whoever holds it speaks for that guest. Thread-safe; nothing
 * blocks.
 */
@ProviderType
public interface GuestSession extends AutoCloseable {
  int MAX_SERVICES = 64;

  String guest();

  /**
   * Declares what the guest offers from now on, in place of what it declared before.
   *
   * @throws IllegalArgumentException if these are more than {@value #MAX_SERVICES}, or one twice
   */
  void offer(Collection<ServiceDescription> services);

  /**
   * Asks for a connection. Completes always: with a grant when the other side is there, else with a
   * {@link ConnectException}, of which the guest may see {@link ConnectException#reason()} only.
   * Stages run on a virtual thread of their own.
   */
  CompletionStage<Grant> call(Call call);

  /**
   * Takes a stream for the connection of that token, be it granted or announced. The broker owns
   * the stream from here on, and resets it where this throws.
   *
   * @throws ConnectException where the token is unknown, of another guest, used, or too old
   */
  void redeem(String untrustedToken, ByteStream stream) throws ConnectException;

  /**
   * Says no to an announcement. Without effect where the token is not this guest's.
   *
   * @param untrustedWhy for people on the host; what is not printable ASCII is replaced
   */
  void refuse(String untrustedToken, String untrustedWhy);

  /** The guest or its agent has gone: all its connections are reset. Idempotent. */
  @Override
  void close();
}
