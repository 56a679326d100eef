package org.lodge.connect;

import java.time.Instant;
import java.util.List;
import org.lodge.policy.Decision;
import org.lodge.policy.Request;
import org.osgi.annotation.versioning.ProviderType;

/** A request that waits for a person. Thread-safe. */
@ProviderType
public interface Ask {
  /** That of its {@link Connection}. */
  long id();

  Request request();

  /** Whom the person may pick. */
  List<String> candidates();

  /** The one to offer first, or {@code @default} for none. */
  String preferred();

  /** Such as {@code 50-work.policy:12}. */
  String rulePlace();

  /** No answer until then is a no. */
  Instant deadline();

  /**
   * Says yes.
   *
   * @return what the rules of now make of it; deny also where the time was up or the caller had
   *     gone
   */
  Decision allow(String target);

  /** Says no. Without effect where it is decided already. */
  void deny();
}
