package org.lodge.vhostuser.internal;

import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;

/**
 * A descriptor of ours with its duplicate in the descriptor store.
 *
 * @param name in the store; empty if it is not there
 */
record Held<T extends Fd>(T fd, String name, DescriptorStore store) {

  /** Keeps a descriptor; closes it where that fails. */
  static <T extends Fd> Held<T> of(String role, T fd, DescriptorStore store) throws LinuxException {
    try {
      return new Held<>(fd, store.keep(role, fd), store);
    } catch (LinuxException e) {
      fd.close();
      throw e;
    }
  }

  /** One that an earlier process kept; null for an empty name. */
  static Held<EventFd> event(String name, DescriptorStore store) throws LinuxException {
    return name.isEmpty() ? null : new Held<>(EventFd.adopt(store.take(name)), name, store);
  }

  /** Closes ours and has the store drop its duplicate, once that is on record. */
  void drop() {
    fd.close();
    store.forget(name);
  }

  static void drop(Held<?> held) {
    if (held != null) {
      held.drop();
    }
  }

  static void close(Held<?> held) {
    if (held != null) {
      held.fd.close();
    }
  }

  static String name(Held<?> held) {
    return held == null ? "" : held.name;
  }
}
