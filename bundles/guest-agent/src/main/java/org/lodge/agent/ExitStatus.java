package org.lodge.agent;

/**
 * How a program ended.
 *
 * @param code 0 to 255; 0 where a signal ended it
 * @param signal that ended it, or 0
 */
public record ExitStatus(int code, int signal) {

  /** As a shell has it: 128 and the signal where one ended it. */
  public int shellCode() {
    return signal == 0 ? code : 128 + signal;
  }
}
