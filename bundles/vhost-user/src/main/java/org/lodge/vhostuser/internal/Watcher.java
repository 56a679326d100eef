package org.lodge.vhostuser.internal;

import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.Takeover;

/** What others are told of a backend, on its control thread. */
interface Watcher {
  void takeover(Backend backend, Takeover takeover);

  void trouble(Backend backend, String sentence);

  void closed(Backend backend);
}
