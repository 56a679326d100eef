package org.lodge.vhostuser.internal;

import org.lodge.linux.EventFd;
import org.lodge.linux.LinuxException;
import org.lodge.vhostuser.internal.FrontEnd.Reply;

/**
 * The messages that set one ring up, in whatever order they come. Indices and sizes are untrusted
 * until {@link VringSet#get} and the checks here have passed. Belongs to the control thread.
 */
final class RingMessages {
  private final VringSet vrings;
  private final DescriptorStore store;

  RingMessages(VringSet vrings, DescriptorStore store) {
    this.vrings = vrings;
    this.store = store;
  }

  void setSize(Message message) throws RefusedException {
    Vring vring = vrings.get(message.i32(0));
    int untrustedSize = message.i32(4);
    if (untrustedSize < 1 || untrustedSize > vrings.sizeMax(vring)) {
      throw new RefusedException("a queue of size " + Integer.toUnsignedLong(untrustedSize));
    }
    if (vring.ring != null && untrustedSize != vring.size) {
      throw new RefusedException("queue %d is running".formatted(vring.index));
    }
    vring.size = untrustedSize;
  }

  void setAddresses(Message message) throws RefusedException {
    Vring vring = vrings.get(message.i32(0));
    long descriptors = message.i64(8);
    long device = message.i64(16);
    long driver = message.i64(24);
    boolean same =
        descriptors == vring.descriptorUserAddress
            && driver == vring.driverUserAddress
            && device == vring.deviceUserAddress;
    if (vring.ring != null && !same) {
      throw new RefusedException("queue %d is running".formatted(vring.index));
    }
    vring.descriptorUserAddress = descriptors;
    vring.driverUserAddress = driver;
    vring.deviceUserAddress = device;
    vring.addressed = true;
    vrings.openIfReady(vring);
  }

  void setBase(Message message) throws RefusedException {
    Vring vring = vrings.get(message.i32(0));
    if (vring.ring != null) {
      throw new RefusedException("queue %d is running".formatted(vring.index));
    }
    vrings.setBase(vring, message.i32(4));
  }

  Reply getBase(Message message) throws RefusedException {
    Vring vring = vrings.get(message.i32(0));
    vrings.close(vring);
    vring.dropKickAndCall();
    return Reply.of(Reply.bytes(8).putInt(vring.index).putInt(vring.base).array());
  }

  void setKick(Message message) throws RefusedException, LinuxException {
    Vring vring = vrings.get((int) message.i64(0) & 0xff);
    Held<EventFd> kick = eventOf(message, "kick");
    if (kick == null) {
      throw new RefusedException("polling instead of kicks is not served");
    }
    vrings.replaceKick(vring, kick);
    vrings.openIfReady(vring);
  }

  void setCall(Message message) throws RefusedException, LinuxException {
    Vring vring = vrings.get((int) message.i64(0) & 0xff);
    vring.replaceCall(eventOf(message, "call"));
  }

  void setError(Message message) throws RefusedException, LinuxException {
    Vring vring = vrings.get((int) message.i64(0) & 0xff);
    Held<EventFd> error = eventOf(message, "error");
    Held.drop(vring.error);
    vring.error = error;
    if (vring.ring != null && vring.ring.broken()) {
      // It may have broken when there was nobody to tell.
      vring.signalError();
    }
  }

  void setEnabled(Message message) throws RefusedException {
    Vring vring = vrings.get(message.i32(0));
    vring.enabled = message.i32(4) != 0;
    vrings.openIfReady(vring);
    vrings.updateServing(vring);
  }

  /** The descriptor that such a message carries; null if it says that there is none. */
  private Held<EventFd> eventOf(Message message, String role)
      throws RefusedException, LinuxException {
    if ((message.i64(0) & Request.NO_DESCRIPTOR) != 0) {
      return null;
    }
    if (message.descriptorCount() == 0) {
      throw new RefusedException("its descriptor is missing");
    }
    return Held.of(
        role + ((int) message.i64(0) & 0xff), EventFd.adopt(message.takeDescriptor()), store);
  }
}
