package org.lodge.keeper;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.lodge.linux.Epoll;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;

/**
 * Descriptors kept under names, in the order they came. One whose peer hangs up goes by itself, as
 * in systemd; a file can't, and stays until it is forgotten.
 */
final class FdStore implements AutoCloseable {
  /** As {@code FileDescriptorStoreMax} of Lodge's unit. */
  static final int MAX = 4096;

  private record Entry(String name, Fd fd, boolean watched) {}

  private final Epoll epoll;
  private final Map<Long, Entry> entries = new LinkedHashMap<>();
  private long nextToken;

  FdStore(Epoll epoll) {
    this.epoll = epoll;
  }

  /**
   * Keeps a descriptor and owns it.
   *
   * @return false if there is no room; it is closed then
   */
  boolean keep(String name, Fd fd) {
    if (entries.size() == MAX) {
      fd.close();
      return false;
    }
    boolean watched = true;
    try {
      epoll.add(fd, 0, nextToken);
    } catch (LinuxException e) {
      watched = false;
    }
    entries.put(nextToken++, new Entry(name, fd, watched));
    return true;
  }

  void forget(String name) {
    for (Iterator<Entry> each = entries.values().iterator(); each.hasNext(); ) {
      Entry entry = each.next();
      if (entry.name.equals(name)) {
        each.remove();
        close(entry);
      }
    }
  }

  void hungUp(long token) {
    Entry entry = entries.remove(token);
    if (entry != null) {
      close(entry);
    }
  }

  private void close(Entry entry) {
    if (entry.watched) {
      try {
        epoll.remove(entry.fd);
      } catch (LinuxException e) {
        throw new IllegalStateException(e);
      }
    }
    entry.fd.close();
  }

  boolean hasAny(Set<String> names) {
    return entries.values().stream().anyMatch(entry -> names.contains(entry.name));
  }

  List<String> names() {
    List<String> names = new ArrayList<>();
    entries.values().forEach(entry -> names.add(entry.name));
    return names;
  }

  List<Fd> fds() {
    List<Fd> fds = new ArrayList<>();
    entries.values().forEach(entry -> fds.add(entry.fd));
    return fds;
  }

  @Override
  public void close() {
    entries.values().forEach(this::close);
    entries.clear();
  }
}
