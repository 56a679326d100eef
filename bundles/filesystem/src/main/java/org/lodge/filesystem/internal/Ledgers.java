package org.lodge.filesystem.internal;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.lodge.filesystem.Ledger;
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
  private static final int PLACE = 4;

  private final ServiceManager manager;
  private final Consumer<Ledger> gone;
  private final Map<String, Ledger> inherited = new HashMap<>();
  private final Map<Ledger, String> names = new HashMap<>();
  private long serial;

  /**
   * @param manager null where nothing is to be kept
   * @param gone told of each ledger before it is closed
   */
  Ledgers(ServiceManager manager, Consumer<Ledger> gone) {
    this.manager = manager;
    this.gone = gone;
    if (manager != null) {
      manager
          .take(PREFIX)
          .forEach(stored -> {
            restore(stored);
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
    long id = id(what);
    Ledger ledger = null;
    for (String name : List.copyOf(inherited.keySet())) {
      if (name.startsWith(prefix)) {
        ledger = claim(name, id, ledger);
      }
    }
    if (ledger == null) {
      ledger = Ledger.create();
      ledger.setWord(WHAT, id);
      keep(prefix + serial++, ledger);
    }
    return ledger;
  }

  private static long id(Object what) {
    return what.toString().chars().asLongStream().reduce(1, (sum, each) -> sum * 1_000_003 + each);
  }

  /** What can't be used is dropped. */
  private void restore(ServiceManager.StoredFd stored) {
    try {
      inherited.put(stored.name(), Ledger.restore(stored.fd()));
    } catch (LinuxException e) {
      LOG.warn("{} is of no use: {}", stored.name(), e.getMessage());
      manager.forget(stored.name());
    }
  }

  private Ledger claim(String name, long what, Ledger already) {
    Ledger ledger = inherited.remove(name);
    if (already == null && ledger.word(WHAT) == what) {
      names.put(ledger, name);
      return ledger;
    }
    gone.accept(ledger);
    ledger.close();
    manager.forget(name);
    return already;
  }

  /** Says whose files a ledger is about. */
  static void place(Ledger ledger, String place) {
    ledger.setWord(PLACE, id(place));
  }

  /** Those of files of a place that an earlier process has left and nobody has opened yet. */
  List<Ledger> left(String place) {
    return inherited.values().stream().filter(each -> each.word(PLACE) == id(place)).toList();
  }

  /** Of whatever an earlier process has left and nobody has opened yet. */
  void forgetLocks() {
    inherited.values().forEach(each -> each.forEachLock(each::removeLock));
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
    gone.accept(ledger);
    ledger.close();
  }
}
