package org.lodge.storage.internal;

import org.lodge.storage.ShareStatus.State;

/**
 * A share that a guest has, or should have.
 *
 * @param boot of the guest since which it is mounted; empty where it is not
 */
record Given(Grant grant, State state, String trouble, String boot) {
  Given(Grant grant, State state, String trouble) {
    this(grant, state, trouble, "");
  }
}
