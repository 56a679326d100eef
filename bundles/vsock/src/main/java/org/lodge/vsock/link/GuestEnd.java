package org.lodge.vsock.link;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * The device's end of one connection. Thread-safe; a call may take the device's own lock for as
 * long as a copy lasts.
 */
@ConsumerType
public interface GuestEnd {
  /** From {@link #deliver}: nothing could be given now. */
  int NOTHING = -1;

  /**
   * Copies bytes into the guest's buffers, as many as its credit and its buffers allow. Never calls
   * back; where that is less than all, {@link HostEnd#ready} follows when it is worth trying again.
   *
   * @param offset in the payload
   * @param length may be 0 for an empty message
   * @param messageFlags to be set where the last byte goes; 0 where no message ends
   * @return how many bytes went; {@link #NOTHING} where none did, not even an empty message
   */
  int deliver(Payload payload, int offset, int length, int messageFlags);

  /** Lets the guest see what was delivered. Never calls back. */
  void flush();

  /**
   * What the host wants may have changed; see {@link HostEnd}. May call {@link HostEnd#closed}, so
   * the caller holds no lock.
   */
  void changed();
}
