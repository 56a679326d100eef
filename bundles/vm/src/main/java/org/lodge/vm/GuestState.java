package org.lodge.vm;

import java.util.EnumSet;
import java.util.Set;

/**
 * Where a guest is in its life.
 *
 * <pre>
 * from       may become
 * DEFINED    CREATED, FAILED; found running by adoption: RUNNING, PAUSED, STOPPING, UNKNOWN
 * CREATED    READY, STOPPING, FAILED
 * READY      RUNNING, STOPPING, FAILED
 * RUNNING    PAUSED, STOPPING, STOPPED, FAILED, UNKNOWN
 * PAUSED     RUNNING, STOPPING, STOPPED, FAILED, UNKNOWN
 * STOPPING   STOPPED, FAILED, UNKNOWN
 * STOPPED    CREATED, FAILED
 * FAILED     CREATED, FAILED
 * UNKNOWN    RUNNING, PAUSED, STOPPING, STOPPED, FAILED
 * </pre>
 *
 * A guest that waits for those it requires, or for its next automatic start, stays DEFINED, STOPPED
 * or FAILED meanwhile.
 */
public enum GuestState {
  /** Declared, never started since Lodge came up. */
  DEFINED,
  /** Its monitor process is being made; devices may not answer yet. */
  CREATED,
  /** Every device has answered; the virtual CPUs have not run. */
  READY,
  RUNNING,
  PAUSED,
  /** On its way out: asked to power off while the time limit runs, or being ended. */
  STOPPING,
  STOPPED,
  /** Ended otherwise than asked; the status says at which stage and why. */
  FAILED,
  /** Its process is there but does not say how it is. */
  UNKNOWN;

  /** Whether the table has this step. */
  public boolean mayBecome(GuestState next) {
    return successors().contains(next);
  }

  /** Whether a monitor process may be there. */
  public boolean hasProcess() {
    return switch (this) {
      case DEFINED, STOPPED, FAILED -> false;
      case CREATED, READY, RUNNING, PAUSED, STOPPING, UNKNOWN -> true;
    };
  }

  private Set<GuestState> successors() {
    return switch (this) {
      case DEFINED -> EnumSet.of(CREATED, FAILED, RUNNING, PAUSED, STOPPING, UNKNOWN);
      case CREATED -> EnumSet.of(READY, STOPPING, FAILED);
      case READY -> EnumSet.of(RUNNING, STOPPING, FAILED);
      case RUNNING -> EnumSet.of(PAUSED, STOPPING, STOPPED, FAILED, UNKNOWN);
      case PAUSED -> EnumSet.of(RUNNING, STOPPING, STOPPED, FAILED, UNKNOWN);
      case STOPPING -> EnumSet.of(STOPPED, FAILED, UNKNOWN);
      case STOPPED, FAILED -> EnumSet.of(CREATED, FAILED);
      case UNKNOWN -> EnumSet.of(RUNNING, PAUSED, STOPPING, STOPPED, FAILED);
    };
  }
}
