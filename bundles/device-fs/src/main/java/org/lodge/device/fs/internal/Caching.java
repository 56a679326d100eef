package org.lodge.device.fs.internal;

/**
 * How long a guest may rely on what it has seen.
 *
 * <pre>
 * NONE    asks every time, keeps no data: others' changes are seen at once
 * AUTO    names and attributes for a second; data until the file is opened again or its attributes
 *         say that it has changed: others' changes are seen after a second
 * ALWAYS  for a day, and writes are gathered in the guest: only where nobody else changes the files
 * </pre>
 */
enum Caching {
  NONE(0),
  AUTO(1),
  ALWAYS(86_400);

  private final long seconds;

  Caching(long seconds) {
    this.seconds = seconds;
  }

  long seconds() {
    return seconds;
  }

  /** How old an answer may be; the guest may rely on it for less by as much. */
  long ageNanosMax() {
    return Math.min(1, seconds) * 500_000_000L;
  }

  /** What an opened file's reply says. */
  int fileFlags() {
    return switch (this) {
      case NONE -> Fuse.FOPEN_DIRECT_IO | Fuse.FOPEN_PARALLEL_DIRECT_WRITES;
      case AUTO -> 0;
      case ALWAYS -> Fuse.FOPEN_KEEP_CACHE;
    };
  }

  int directoryFlags() {
    return this == ALWAYS ? Fuse.FOPEN_KEEP_CACHE | Fuse.FOPEN_CACHE_DIR : 0;
  }
}
