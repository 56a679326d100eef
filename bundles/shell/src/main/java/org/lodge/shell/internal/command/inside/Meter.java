package org.lodge.shell.internal.command.inside;

import java.util.Locale;
import org.lodge.shell.Invocation;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.SafeText;

/** Counts what a copy has carried, and shows it on a terminal while it goes on. Thread-safe. */
final class Meter {
  private static final long STEP_NANOS = 200_000_000;

  private final Invocation invocation;
  private final boolean shows;
  private final long startNanos = System.nanoTime();
  private String what = "";
  private long files;
  private long skipped;
  private long bytes;
  private long fileBytes;
  private long sizeBytes;
  private long shownNanos = startNanos;
  private boolean shown;

  Meter(Invocation invocation) {
    this(invocation, invocation.terminal().outputIsTty() && !invocation.json());
  }

  private Meter(Invocation invocation, boolean shows) {
    this.invocation = invocation;
    this.shows = shows;
  }

  /** One that only counts. */
  static Meter silent() {
    return new Meter(null, false);
  }

  /**
   * A file begins.
   *
   * @param fileSizeBytes -1 where it is not known
   */
  synchronized void file(String name, long fileSizeBytes) {
    what = name;
    files++;
    fileBytes = 0;
    sizeBytes = fileSizeBytes;
  }

  /** Something was left out. */
  synchronized void skip() {
    skipped++;
  }

  synchronized void add(long count) {
    bytes += count;
    fileBytes += count;
    long now = System.nanoTime();
    if (shows && now - shownNanos > STEP_NANOS) {
      shownNanos = now;
      shown = true;
      String line = SafeText.truncate(line(now), invocation.terminal().columns() - 1);
      invocation.out().print("\r\033[K" + line);
      invocation.out().flush();
    }
  }

  private String line(long nowNanos) {
    double seconds = (nowNanos - startNanos) / 1e9;
    String rate = Durations.size((long) (bytes / seconds)) + "/s";
    String done =
        sizeBytes > 0
            ? String.format(
                Locale.ROOT,
                "%3d %%  %s of %s",
                fileBytes * 100 / sizeBytes,
                Durations.size(fileBytes),
                Durations.size(sizeBytes))
            : Durations.size(bytes);
    return invocation.safe(what) + "  " + done + "  " + rate;
  }

  /** Takes the line away. */
  synchronized void clear() {
    if (shown) {
      shown = false;
      invocation.out().print("\r\033[K");
      invocation.out().flush();
    }
  }

  synchronized long files() {
    return files;
  }

  synchronized long skipped() {
    return skipped;
  }

  synchronized long bytes() {
    return bytes;
  }

  long millis() {
    return (System.nanoTime() - startNanos) / 1_000_000;
  }
}
