package org.lodge.shell.internal;

import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import org.lodge.vm.GuestStatus;

/** How a guest's status reads in a table or a line. */
public final class GuestText {
  private GuestText() {}

  public static String state(GuestStatus status) {
    return status.state().name().toLowerCase(Locale.ROOT);
  }

  public static String age(GuestStatus status) {
    return Durations.age(Duration.between(status.since(), Instant.now()));
  }

  /** What a person should know beside the state: an edit that waits, a failure. */
  public static String note(GuestStatus status) {
    String note = status.pending() ? "pending" : "";
    if (status.definitionFile().isEmpty()) {
      note = "definition removed";
    }
    if (status.restarts() > 0) {
      note = (note.isEmpty() ? "" : note + "; ") + "restarted " + status.restarts() + "x";
    }
    if (status.failure().isPresent()) {
      GuestStatus.Failure failure = status.failure().get();
      note = (note.isEmpty() ? "" : note + "; ") + failure.stage() + ": " + failure.cause();
    }
    return note;
  }
}
