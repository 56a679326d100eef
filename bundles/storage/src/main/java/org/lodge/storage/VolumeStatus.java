package org.lodge.storage;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * A volume at one moment.
 *
 * @param name of one that a guest keeps, {@code KEEPER:NAME}
 * @param keeper the guest that keeps it; empty for one of this host
 * @param file its raw image, on this host or in its keeper
 * @param allocatedBytes what the image takes up there; less than its size where it has holes
 * @param uses the guests whose definition names it or that have it now
 * @param snapshots what it can be reverted to, newest first
 * @param note why the last start of a guest can't be undone, or why this is not of now; empty where
 *     all is well
 */
public record VolumeStatus(
    String name,
    Optional<String> keeper,
    Path file,
    long sizeBytes,
    long allocatedBytes,
    List<Use> uses,
    List<Snapshot> snapshots,
    Optional<String> note) {

  /**
   * @param as {@code root}, {@code disk SERIAL} or {@code device ID}
   * @param running whether the guest has a process now
   */
  public record Use(String guest, String as, boolean readOnly, boolean running) {}

  /**
   * @param at when it was taken
   * @param guest whose start it was taken before
   * @param allocatedBytes as if it shared no blocks with others
   */
  public record Snapshot(
      String name, Kind kind, Optional<String> guest, Instant at, long allocatedBytes) {}

  /** Who takes a snapshot. */
  public enum Kind {
    /** A person. */
    TAKEN,
    /** Lodge, before a guest's start. */
    START,
    /** Lodge, before a person reverted the volume. */
    BEFORE_REVERT
  }

  public VolumeStatus {
    uses = List.copyOf(uses);
    snapshots = List.copyOf(snapshots);
  }
}
