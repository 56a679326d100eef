package org.lodge.virtio;

/**
 * A driver broke the rules, and the queue is broken until the driver resets the device. Made at
 * most once per queue and without a stack trace, so that a hostile driver can't make it costly.
 */
public final class RingException extends Exception {
  private static final long serialVersionUID = 1;

  private final RingFault fault;

  /**
   * @param detail the untrusted values that broke the rule
   */
  public RingException(RingFault fault, String detail) {
    super(fault + ": " + detail, null, false, false);
    this.fault = fault;
  }

  public RingFault fault() {
    return fault;
  }
}
