package org.lodge.connect.internal;

import org.lodge.connect.ConnectException;
import org.lodge.connect.ConnectException.Reason;

/**
 * How a connection ended.
 *
 * @param orderly whether what was written shall still arrive
 */
record Ending(Reason reason, String why, boolean orderly) {
  static Ending failed(Reason reason, String why) {
    return new Ending(reason, why, false);
  }

  static Ending failed(ConnectException failure) {
    return new Ending(failure.reason(), failure.getMessage(), false);
  }

  static Ending orderly(String why) {
    return new Ending(Reason.ENDED, why, true);
  }

  ConnectException exception() {
    return new ConnectException(reason, why);
  }
}
