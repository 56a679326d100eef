package org.lodge.vsock.link;

import org.lodge.vsock.VsockType;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The host's end of one connection, for the device. It outlives the device.
 *
 * <p>What the host wants is state to be read at any time, so that no wish is lost where a device
 * takes the place of another; {@link GuestEnd#changed} only says that it is worth looking. The
 * getters take no lock. All else must be called with no lock of the device held, and {@link
 * #received} by one thread at a time.
 */
@ProviderType
public interface HostEnd {
  /** In {@code ended…}: that side receives no more (virtio 1.2 section 5.10.6.6). */
  int RECEIVE = 1;

  /** In {@code ended…}: that side sends no more. */
  int SEND = 2;

  int BOTH = 3;

  /** The port on the guest's side, an unsigned number. */
  int guestPortNumber();

  int hostPortNumber();

  VsockType type();

  /** Whether the host asked for this connection. */
  boolean fromHost();

  /** Whether the host has said yes to the guest. */
  boolean accepted();

  /** Whether the host wants to end the connection with a reset. */
  boolean resetByHost();

  /** Which directions the host has ended, {@link #RECEIVE} and {@link #SEND}; bits never go. */
  int endedByHost();

  /** How many bytes of the guest have been taken for good since the beginning. */
  long consumedBytes();

  /** From now on the connection is carried by this. */
  void bind(GuestEnd guestEnd);

  /** The guest has said yes to the host. */
  void connected();

  /**
   * The guest has sent. All of it is taken: kept, held, or passed on. Credit is the device's
   * affair, it must not let more come than it has promised.
   *
   * @param payload valid for this call; kept longer only by its {@link Payload#hold}
   * @param messageFlags as in the packet; not 0 where a message ends
   */
  void received(Payload payload, int length, int messageFlags);

  /** Tells whoever waits about what was received since the last flush. */
  void flush();

  /** The guest has room again after a {@link GuestEnd#deliver} that came short. */
  void ready();

  /** The guest has ended these directions, as seen from its side. */
  void endedByGuest(int flags);

  /**
   * The guest does not know the connection any more; the device has let go of it.
   *
   * @param orderly false for a reset: what was received and not consumed is void then
   */
  void closed(boolean orderly);

  /** Copies what is held of the guest's buffers and lets go of them. */
  void releaseHeld();
}
