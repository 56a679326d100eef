package org.lodge.vm;

/**
 * Where a guest is in its life.
 *
 * <pre>
 * from       may become
 * DEFINED    CREATED, FAILED
 * CREATED    READY, STOPPING, STOPPED, FAILED
 * READY      RUNNING, STOPPING, STOPPED, FAILED
 * RUNNING    PAUSED, STOPPING, STOPPED, FAILED, UNKNOWN
 * PAUSED     RUNNING, STOPPING, STOPPED, FAILED, UNKNOWN
 * STOPPING   STOPPED, FAILED
 * STOPPED    CREATED, FAILED
 * FAILED     CREATED, STOPPED
 * UNKNOWN    RUNNING, PAUSED, STOPPING, STOPPED, FAILED
 * </pre>
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
  /** Asked to power off; the time limit runs. */
  STOPPING,
  STOPPED,
  /** Ended otherwise than asked; the status says at which stage and why. */
  FAILED,
  /** Its process is there but does not say how it is. */
  UNKNOWN
}
