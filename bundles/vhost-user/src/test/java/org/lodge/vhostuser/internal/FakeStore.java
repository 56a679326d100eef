package org.lodge.vhostuser.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.ServiceManager;

/** A descriptor store as a service manager has it: what is kept stays until it is forgotten. */
class FakeStore implements ServiceManager, AutoCloseable {
  final Map<String, Fd> kept = new ConcurrentHashMap<>();

  @Override
  public boolean isPresent() {
    return true;
  }

  @Override
  public boolean tell(String... assignments) {
    return true;
  }

  @Override
  public boolean keep(String name, List<? extends Fd> fds) throws LinuxException {
    for (Fd fd : fds) {
      if (kept.put(name, fd.duplicate()) != null) {
        throw new AssertionError(name + " was kept twice");
      }
    }
    return true;
  }

  @Override
  public void forget(String name) {
    Fd fd = kept.remove(name);
    if (fd != null) {
      fd.close();
    }
  }

  /** The record of the only device. */
  StateRecord record() throws LinuxException {
    DescriptorStore none = new DescriptorStore(this, "none", "none");
    return StateRecord.restore(new Held<>(kept("/record/").duplicate(), "", none));
  }

  Fd kept(String part) {
    return kept.get(name(part));
  }

  /** The first name with this in it. */
  String name(String part) {
    return kept.keySet().stream().filter(name -> name.contains(part)).findFirst().orElseThrow();
  }

  @Override
  public List<StoredFd> take(String namePrefix) {
    List<StoredFd> taken = new ArrayList<>();
    kept.forEach((name, fd) -> {
      if (name.startsWith(namePrefix)) {
        try {
          taken.add(new StoredFd(name, fd.duplicate()));
        } catch (LinuxException e) {
          throw new AssertionError(e);
        }
      }
    });
    return taken;
  }

  @Override
  public void close() {
    kept.values().forEach(Fd::close);
    kept.clear();
  }
}
