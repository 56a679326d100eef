package org.lodge.vhostuser.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.ServiceManager;
import org.lodge.linux.ServiceManager.StoredFd;

/**
 * One backend's descriptors in the service manager's store. Each gets a name of its own, so that a
 * new one is in the store before the one it replaces goes. Without a service manager nothing is
 * kept. Belongs to the control thread.
 */
final class DescriptorStore {
  static final String PREFIX = "vhost-user/";

  private final ServiceManager manager;
  private final String prefix;
  private final Map<String, Fd> inherited = new HashMap<>();
  private final List<String> taken = new ArrayList<>();
  private final List<String> leaving = new ArrayList<>();
  private long serial;

  /** Takes what an earlier process left for this backend. */
  DescriptorStore(ServiceManager manager, String guest, String device) {
    this.manager = manager;
    this.prefix = PREFIX + guest + "/" + device + "/";
    for (StoredFd stored : manager.take(prefix)) {
      String name = stored.name().substring(prefix.length());
      Fd twice = inherited.put(name, stored.fd());
      if (twice != null) {
        twice.close();
      }
      serial = Math.max(serial, serialOf(name) + 1);
    }
  }

  private static long serialOf(String name) {
    String digits = name.substring(name.lastIndexOf('/') + 1);
    return digits.matches("\\d{1,18}") ? Long.parseLong(digits) : 0;
  }

  boolean isActive() {
    return manager.isPresent();
  }

  boolean hasInherited() {
    return !inherited.isEmpty();
  }

  /**
   * Keeps a duplicate.
   *
   * @return its name for {@link #forget} and for the record; empty if nothing is kept
   */
  String keep(String role, Fd fd) throws LinuxException {
    if (!manager.isPresent()) {
      return "";
    }
    String name = role + "/" + serial++;
    manager.keep(prefix + name, List.of(fd));
    return name;
  }

  /** To be dropped once the record names it no more: until then a successor asks for it. */
  void forget(String name) {
    if (!name.isEmpty()) {
      leaving.add(name);
    }
  }

  /** The record was written, or has gone: drops what was to be forgotten. */
  void recorded() {
    leaving.forEach(name -> manager.forget(prefix + name));
    leaving.clear();
  }

  /** Lets all that is kept outlive an orderly end of this process, as long as this one lives. */
  void hold(String name) {
    manager.tell("HOLD=" + prefix + name);
  }

  /** An inherited descriptor by its name; the caller owns it. */
  Fd take(String name) throws LinuxException {
    Fd fd = inherited.remove(name);
    if (fd == null) {
      throw new LinuxException(
          "restore " + name,
          LinuxException.ENOENT,
          "the service manager does not have it any more");
    }
    taken.add(name);
    return fd;
  }

  /** An inherited descriptor of a role of which there is one, and its name; null if none. */
  Map.Entry<String, Fd> takeRole(String role) {
    for (Map.Entry<String, Fd> each : inherited.entrySet()) {
      if (each.getKey().startsWith(role + "/")) {
        inherited.remove(each.getKey());
        taken.add(each.getKey());
        return Map.entry(each.getKey(), each.getValue());
      }
    }
    return null;
  }

  /** Closes and forgets what was inherited and not taken. */
  void dropRest() {
    inherited.forEach((name, fd) -> {
      fd.close();
      manager.forget(prefix + name);
    });
    inherited.clear();
  }

  /** Forgets what was taken too: nothing is gone on with. */
  void dropInherited() {
    dropRest();
    taken.forEach(name -> manager.forget(prefix + name));
    taken.clear();
  }
}
