package org.lodge.agent;

/** The ways a guest can shut down. */
public enum ShutdownKind {
  POWER_OFF,
  REBOOT,
  HALT
}
