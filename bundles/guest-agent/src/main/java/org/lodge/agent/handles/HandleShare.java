package org.lodge.agent.handles;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * What several connections may together let one agent make, so that those who share the agent don't
 * use up what the others need. Thread-safe.
 */
@ConsumerType
public interface HandleShare {
  /** As much as each connection may have by itself. */
  HandleShare UNLIMITED =
      new HandleShare() {
        @Override
        public boolean take(Handle.Kind kind) {
          return true;
        }

        @Override
        public void give(Handle.Kind kind) {}
      };

  /**
   * A handle is to be made. Must not wait.
   *
   * @return false where there are too many
   */
  boolean take(Handle.Kind kind);

  /** A handle that was taken is no more, or its connection has ended. */
  void give(Handle.Kind kind);
}
