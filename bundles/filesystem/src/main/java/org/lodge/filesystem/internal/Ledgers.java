package org.lodge.filesystem.internal;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lodge.filesystem.Ledger;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.ServiceManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ledgers of all file systems, kept by the service manager under names of their own, so that a
 * Lodge that was killed finds them again. Not thread-safe.
 */
final class Ledgers {
  private static final Logger LOG = LoggerFactory.getLogger(Ledgers.class);
  private static final String PREFIX = "files/";
  private static final int WHAT = 0;

  private final ServiceManager manager;
  private final Map<String, Fd> inherited = new HashMap<>();
  private final Map<Ledger, String> names = new HashMap<>();
  private long serial;

  /**
   * @param manager null where nothing is to be kept
   */
  Ledgers(ServiceManager manager) {
    this.manager = manager;
    if (manager != null) {
      manager
          .take(PREFIX)
          .forEach(stored -> {
            inherited.put(stored.name(), stored.fd());
            String digits = stored.name().substring(stored.name().lastIndexOf('/') + 1);
            serial = Math.max(serial, digits.matches("\\d{1,18}") ? Long.parseLong(digits) + 1 : 0);
          });
    }
  }

  /**
   * The ledger that an earlier process has left, or an empty one.
   *
   * @param what is shared: another thing has other files
   */
  Ledger open(String guest, String device, Object what) throws LinuxException {
    String prefix = PREFIX + guest + "/" + device + "/";
    long id =
        what.toString().chars().asLongStream().reduce(1, (sum, each) -> sum * 1_000_003 + each);
    Ledger ledger = null;
    for (String name : List.copyOf(inherited.keySet())) {
      if (name.startsWith(prefix)) {
        ledger = restore(name, id, ledger);
      }
    }
    if (ledger == null) {
      ledger = Ledger.create();
      ledger.setWord(WHAT, id);
      keep(prefix + serial++, ledger);
    }
    return ledger;
  }

  /** What can't be used is dropped. */
  private Ledger restore(String name, long what, Ledger already) {
    try {
      Ledger ledger = Ledger.restore(inherited.remove(name));
      if (already == null && ledger.word(WHAT) == what) {
        names.put(ledger, name);
        return ledger;
      }
      ledger.close();
    } catch (LinuxException e) {
      LOG.warn("{} is of no use: {}", name, e.getMessage());
    }
    manager.forget(name);
    return already;
  }

  private void keep(String name, Ledger ledger) {
    try {
      if (manager != null && manager.keep(name, List.of(ledger.file()))) {
        names.put(ledger, name);
      }
    } catch (LinuxException e) {
      LOG.warn(
          "{} is not kept; a death of Lodge would make its files stale: {}", name, e.getMessage());
    }
  }

  /**
   * Lets go of one.
   *
   * @param forever whether nobody will want it any more
   */
  void close(Ledger ledger, boolean forever) {
    String name = names.remove(ledger);
    if (forever && name != null) {
      manager.forget(name);
    }
    ledger.close();
  }
}
