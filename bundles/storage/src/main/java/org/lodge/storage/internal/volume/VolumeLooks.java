package org.lodge.storage.internal.volume;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.lodge.linux.FileCopy;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.VolumeStatus.Kind;
import org.lodge.storage.VolumeStatus.Snapshot;
import org.lodge.storage.VolumeStatus.Use;

/** What can be seen of volumes. */
final class VolumeLooks {
  private final VolumeKeeper keeper;
  private final VolumeFolder folder;

  VolumeLooks(VolumeKeeper keeper) {
    this.keeper = keeper;
    this.folder = keeper.folder();
  }

  /**
   * @param note null for none
   */
  VolumeStatus status(String name, List<Use> uses, String note) throws IOException {
    Path disk = folder.disk(name);
    List<Snapshot> snapshots = new ArrayList<>();
    for (String each : folder.snapshots(name)) {
      Path file = folder.snapshot(name, each);
      Optional<String> guest = StartPoints.guest(each);
      Kind kind =
          each.equals(VolumeFolder.BEFORE_REVERT)
              ? Kind.BEFORE_REVERT
              : guest.isPresent() ? Kind.START : Kind.TAKEN;
      Instant at = StartPoints.time(each).orElse(Files.getLastModifiedTime(file).toInstant());
      snapshots.add(new Snapshot(each, kind, guest, at, FileCopy.allocatedBytes(file)));
    }
    snapshots.sort(Comparator.comparing(Snapshot::at).reversed());
    return new VolumeStatus(
        name,
        Optional.empty(),
        disk,
        Files.size(disk),
        FileCopy.allocatedBytes(disk),
        uses,
        snapshots,
        Optional.ofNullable(note));
  }

  /** By volume, why the last start of a guest can't be undone. */
  Map<String, String> notes() throws IOException {
    Map<String, String> notes = new HashMap<>();
    for (String guest : folder.started()) {
      keeper.lastStart(guest).ifPresent(start -> notes.putAll(start.missing()));
    }
    return notes;
  }
}
