package org.lodge.vmm;

import java.util.List;

/** A monitor could not be started or did not do what it was asked. */
public class VmmException extends Exception {
  private static final long serialVersionUID = 1;

  private final String stage;
  private final transient List<String> lastLines;

  /**
   * @param stage what was being done, such as {@code exec}, {@code qmp-greeting}, {@code pause}
   * @param message what went wrong and what to do next
   * @param lastLines what the monitor said last, oldest first
   */
  public VmmException(String stage, String message, List<String> lastLines, Throwable cause) {
    super(message, cause);
    this.stage = stage;
    this.lastLines = List.copyOf(lastLines);
  }

  public VmmException(String stage, String message) {
    this(stage, message, List.of(), null);
  }

  public String stage() {
    return stage;
  }

  public List<String> lastLines() {
    return lastLines;
  }
}
