package org.lodge.virtio;

import org.lodge.linux.EventFd;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * What a device has begun elsewhere and that ends by itself, such as reads that the kernel does.
 * The thread of the queue sees to its ends, in between requests and while the queue is paused, so
 * that no other thread is needed for them.
 *
 * <p>Everything here belongs to that thread.
 */
@ConsumerType
public interface Pending extends AutoCloseable {

  /**
   * Signalled, by anyone, when something may have ended. It is drained by the thread. A descriptor,
   * because the kernel signals nothing else, and the only one that a device shows.
   */
  EventFd event();

  /**
   * Whether something has ended. Must be cheap: it is asked again and again by a thread that waits
   * without sleeping.
   */
  boolean hasEnded();

  /**
   * Completes the requests that have ended and publishes them. Nothing may escape but {@link
   * InternalError}, for memory whose file was truncated.
   *
   * @return false where nothing will ever end any more: it is closed then and not asked again
   */
  boolean finish();

  @Override
  void close();
}
