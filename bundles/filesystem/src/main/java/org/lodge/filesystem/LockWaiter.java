package org.lodge.filesystem;

import org.osgi.annotation.versioning.ConsumerType;

/** Who waits for a lock. Told once, on any thread, which must not be kept. */
@ConsumerType
public interface LockWaiter {

  /**
   * @param result 0 for the lock, or a negated {@link Errno}
   */
  void lockAnswered(int result);
}
