package org.lodge.nbd.internal;

import java.io.IOException;
import java.time.Duration;
import org.lodge.connect.ByteStream;

/** Makes connections to one NBD server. */
interface Dialer {

  /**
   * Connects, and waits for who is to answer.
   *
   * @throws org.lodge.connect.ConnectException where somebody on the way says no
   * @throws IOException where nobody answers in time
   */
  ByteStream dial(Duration limit) throws IOException;
}
