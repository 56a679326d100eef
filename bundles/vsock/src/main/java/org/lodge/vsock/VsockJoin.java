package org.lodge.vsock;

import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ProviderType;

/** Two connections that flow into each other. Thread-safe. */
@ProviderType
public interface VsockJoin extends AutoCloseable {

  /** Bytes that the first connection's guest has sent and the second's has been given. */
  long forwardBytes();

  /** Bytes that went the other way. */
  long backwardBytes();

  /**
   * Completes when both connections are over: with null, or with a {@link VsockException} where one
   * was reset before the other had closed. Stages must not block.
   */
  CompletionStage<Void> ended();

  /** Resets both. */
  @Override
  void close();
}
