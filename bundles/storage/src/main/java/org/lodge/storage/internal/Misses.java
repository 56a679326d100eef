package org.lodge.storage.internal;

/**
 * Counts lookups by directory that a storage guest was asked for, and says when it should be asked
 * for the whole of one: soon where that was of use the last time, late where it was not. Guarded by
 * {@link LookAhead}.
 */
final class Misses {
  private static final int DIRECTORIES = 64;
  private static final int LEAST = 3;
  private static final int MOST = 96;
  private static final long COUNTED_NANOS = 1_000_000_000;

  enum Wanted {
    NOTHING,
    NAMES,
    FILES
  }

  private static final class Count {
    long directory;
    long sinceNanos;
    int found;
    int absent;
    int needed = LEAST;

    void begin(long now) {
      sinceNanos = now;
      found = 0;
      absent = 0;
    }
  }

  private final Count[] counts = new Count[DIRECTORIES];

  Misses() {
    for (int i = 0; i < DIRECTORIES; i++) {
      counts[i] = new Count();
    }
  }

  private Count of(long directory) {
    return counts[(int) ((directory ^ directory >>> 16) & DIRECTORIES - 1)];
  }

  /**
   * @param found whether the name was there
   */
  Wanted count(long directory, boolean found, long now) {
    Count count = of(directory);
    if (count.directory != directory) {
      count.directory = directory;
      count.needed = LEAST;
      count.begin(now);
    } else if (now - count.sinceNanos > COUNTED_NANOS) {
      count.begin(now);
    }
    count.found += found ? 1 : 0;
    count.absent += found ? 0 : 1;
    if (count.found >= count.needed) {
      return Wanted.FILES;
    }
    return count.absent >= count.needed ? Wanted.NAMES : Wanted.NOTHING;
  }

  /** It is asked for. */
  void asked(long directory, long now) {
    of(directory).begin(now);
  }

  /** What was listed is over. */
  void ended(Listing listing) {
    Count count = of(listing.directory);
    if (count.directory == listing.directory) {
      boolean ofUse = listing.used * 8 >= listing.listed;
      count.needed = ofUse ? 1 : Math.min(MOST, 2 * count.needed);
    }
  }
}
