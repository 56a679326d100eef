package org.lodge.vmm.qemu.internal;

import java.util.List;
import org.lodge.vmm.VmmException;

/** QEMU refused a command, did not answer it in time, or its control channel is gone. */
final class QmpException extends VmmException {
  private static final long serialVersionUID = 1;

  /** What came of the command. */
  enum Kind {
    /** QEMU answered with an error; the command did nothing. */
    REFUSED,
    /** Nobody knows whether the command was done. */
    NO_ANSWER,
    /** The channel ended before the answer. */
    LOST
  }

  private final Kind kind;

  QmpException(Kind kind, String command, String message, Throwable cause) {
    super(command, message, List.of(), cause);
    this.kind = kind;
  }

  Kind kind() {
    return kind;
  }
}
