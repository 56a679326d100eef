package org.lodge.vm;

import java.util.List;

/** A command on a guest could not be done. */
public class GuestException extends Exception {
  private static final long serialVersionUID = 1;

  private final String guest;
  private final String stage;
  private final transient List<String> lastLines;

  /**
   * @param message what went wrong and what to do next, without the guest's name
   * @param lastLines what the monitor and the guest said last, oldest first
   */
  public GuestException(
      String guest, String stage, String message, List<String> lastLines, Throwable cause) {
    super(message, cause);
    this.guest = guest;
    this.stage = stage;
    this.lastLines = List.copyOf(lastLines);
  }

  public GuestException(String guest, String stage, String message) {
    this(guest, stage, message, List.of(), null);
  }

  public String guest() {
    return guest;
  }

  public String stage() {
    return stage;
  }

  public List<String> lastLines() {
    return lastLines;
  }
}
