package org.lodge.boot;

import java.util.concurrent.CompletableFuture;

/** Ends Lodge. Thread-safe; a second call joins the first, and the first one's choice stands. */
public interface Shutdown {

  /**
   * Stops every guest, those that require others first, and then the framework.
   *
   * @param keepGuests leave them running instead, for the next Lodge to adopt
   * @return completes when the guests are stopped or let go, just before the framework stops; never
   *     exceptionally
   */
  CompletableFuture<Void> shutdown(boolean keepGuests);
}
