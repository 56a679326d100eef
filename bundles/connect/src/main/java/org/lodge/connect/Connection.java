package org.lodge.connect;

import java.time.Instant;
import java.util.concurrent.CompletionStage;
import org.lodge.policy.Request;
import org.osgi.annotation.versioning.ProviderType;

/** One connection, from the request on. Thread-safe. */
@ProviderType
public interface Connection {
  /**
   * How far a connection has come.
   *
   * <pre>
   * DECIDING  → ASKING | CONNECTING | ENDED
   * ASKING    → CONNECTING (a person said yes) | ENDED (no, or no answer in time)
   * CONNECTING→ GRANTED (the target is there) | ENDED (refused, too late)
   * GRANTED   → OPEN (the caller came with its token) | ENDED (too late)
   * OPEN      → ENDED
   * </pre>
   *
   * A caller on the host needs no token and goes from CONNECTING to OPEN.
   */
  enum Stage {
    DECIDING,
    ASKING,
    CONNECTING,
    GRANTED,
    OPEN,
    ENDED
  }

  /** Unique until Lodge ends; what audit lines call it. */
  long id();

  /** As the caller made it. */
  Request request();

  /** Whom it goes to as decided; as requested until then. */
  String target();

  Stage stage();

  Instant since();

  /** Bytes carried from the caller to the target. */
  long forwardBytes();

  /** Bytes carried from the target to the caller. */
  long backwardBytes();

  /** Completes, always normally, when it is over and everything of it has been let go. */
  CompletionStage<Void> ended();

  /** Whether it has ended otherwise than in order: bytes of it may not have arrived. */
  boolean isBroken();

  /**
   * Ends it at once, wherever it is; both sides see a reset.
   *
   * @param why for people and the audit
   */
  void reset(String why);
}
