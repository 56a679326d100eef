package org.lodge.storage.internal.volume;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lodge.linux.FileCopy;
import org.lodge.vm.VolumeUse;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ways back to what the volumes of a guest were before it started: snapshots called {@code
 * GUEST.TIME}, and for each guest which of them its last start has left. A start waits for the
 * copies alone; they become durable, and count, while the guest already boots.
 */
final class StartPoints {
  private static final Logger LOG = LoggerFactory.getLogger(StartPoints.class);
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss.SSS").withZone(ZoneOffset.UTC);

  /** No copy is faster, so what has more is not begun. */
  private static final long BYTES_PER_MILLI = 4L << 20;

  static final String NOT_KEPT =
      "guest '%s' keeps it, and a start keeps nothing of it; take snapshots: lodge volume snapshot %s NAME";

  private final VolumeFolder folder;

  StartPoints(VolumeFolder folder) {
    this.folder = folder;
  }

  /**
   * What the last start of a guest left of the volumes that it writes.
   *
   * @param points snapshots by volume
   * @param missing why there is none, by volume
   */
  record Start(Map<String, String> points, Map<String, String> missing) {}

  /**
   * Copies what the volumes are; they are not written meanwhile.
   *
   * @return what remains to be done, which need not wait for anything
   */
  Runnable take(String guest, List<String> volumes, int keep, Duration copy)
      throws IOException, InterruptedException {
    folder.forgetStart(guest);
    Map<String, Path> copies = new LinkedHashMap<>();
    Map<String, String> missing = new LinkedHashMap<>();
    long deadline = System.nanoTime() + copy.toNanos();
    for (String volume : keep == 0 ? List.<String>of() : volumes) {
      Optional<String> keeper = VolumeUse.keeper(volume);
      if (keeper.isPresent()) {
        missing.put(volume, NOT_KEPT.formatted(keeper.get(), volume));
        continue;
      }
      try {
        boolean small =
            FileCopy.allocatedBytes(folder.disk(volume)) <= copy.toMillis() * BYTES_PER_MILLI;
        ImageCopy how = small ? ImageCopy.until(deadline) : ImageCopy.instant();
        copies.put(volume, folder.stage(folder.disk(volume), how));
      } catch (ImageCopy.CanNotShareException | ImageCopy.TooSlowException e) {
        missing.put(
            volume,
            "the last start of guest '%s' can't be undone: the file system can't share blocks and"
                    .formatted(guest)
                + " a copy takes longer than %s s; allow more by revert.copySeconds"
                    .formatted(copy.toMillis() / 1000.0));
      } catch (IOException e) {
        missing.put(volume, "the last start of guest '%s' can't be undone: %s".formatted(guest, e));
      }
    }
    String name = guest + "." + TIME.format(Instant.now());
    return keep == 0 ? () -> {} : () -> finish(guest, name, copies, missing, keep);
  }

  private void finish(
      String guest, String name, Map<String, Path> copies, Map<String, String> missing, int keep) {
    try {
      StringBuilder text = new StringBuilder();
      for (Map.Entry<String, Path> copy : copies.entrySet()) {
        folder.keep(copy.getValue(), copy.getKey(), name);
        prune(guest, copy.getKey(), keep);
        text.append("+ ").append(copy.getKey()).append(' ').append(name).append('\n');
      }
      missing.forEach((volume, why) -> {
        text.append("- ").append(volume).append(' ').append(why).append('\n');
        if (VolumeUse.keeper(volume).isEmpty()) {
          LOG.warn("Volume {}: {}", volume, why);
        }
      });
      folder.putStart(guest, text.toString());
    } catch (IOException e) {
      LOG.error("The start of guest {} can't be undone: {}", guest, e.toString());
      copies.values().forEach(folder::discard);
    }
  }

  private void prune(String guest, String volume, int keep) throws IOException {
    List<String> points =
        folder.snapshots(volume).stream()
            .filter(snapshot -> guest(snapshot).filter(guest::equals).isPresent())
            .toList();
    for (String old : points.subList(0, Math.max(0, points.size() - keep))) {
      folder.removeSnapshot(volume, old);
    }
  }

  /** Empty where nothing is known of one, or nothing was to be kept. */
  Optional<Start> last(String guest) throws IOException {
    String text = folder.start(guest);
    if (text == null) {
      return Optional.empty();
    }
    Start start = new Start(new LinkedHashMap<>(), new LinkedHashMap<>());
    for (String line : text.lines().toList()) {
      String[] words = line.split(" ", 3);
      if (words.length < 3) {
        LOG.warn("What the last start of guest {} left is damaged, and not known", guest);
        return Optional.empty();
      }
      (words[0].equals("+") ? start.points() : start.missing()).put(words[1], words[2]);
    }
    return Optional.of(start);
  }

  /** The guest before whose start a snapshot was taken; empty for one of another kind. */
  static Optional<String> guest(String snapshot) {
    int dot = snapshot.indexOf('.');
    return dot < 0 ? Optional.empty() : Optional.of(snapshot.substring(0, dot));
  }

  static Optional<Instant> time(String snapshot) {
    try {
      return Optional.of(TIME.parse(snapshot.substring(snapshot.indexOf('.') + 1), Instant::from));
    } catch (DateTimeParseException e) {
      return Optional.empty();
    }
  }
}
