package org.lodge.connect;

import java.util.concurrent.CompletionStage;
import org.osgi.annotation.versioning.ConsumerType;

/** Two streams that flow into each other inside their transport. Thread-safe. */
@ConsumerType
public interface StreamJoin {
  /** Bytes carried from the stream that was joined to the other. */
  long forwardBytes();

  /** Bytes carried the other way. */
  long backwardBytes();

  /** Completes when both are over; exceptionally where one was reset. */
  CompletionStage<Void> ended();

  /** Ends both at once. Idempotent. */
  void reset();
}
