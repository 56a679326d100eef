package org.lodge.storage.internal;

import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;

/** One guest's; its monitor makes acts on the guest follow each other. */
final class GuestShares {
  final Map<String, Given> given = new ConcurrentSkipListMap<>();

  /** Declared ones whose storage guest does not run or lacks their directory, asked for again. */
  final Set<String> missing = new TreeSet<>();

  boolean asksAgain;
  boolean restored;

  /** The boot in which mounts were tried last. */
  String boot = "";

  /** What its definitions said when it came up has been tried. */
  volatile boolean reconciled;

  synchronized void put(Given value) {
    given.put(value.grant().share(), value);
  }
}
