package org.lodge.storage.internal.volume;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.VolumeStatus.Kind;
import org.lodge.storage.VolumeStatus.Snapshot;
import org.lodge.storage.VolumeStatus.Use;
import org.lodge.vm.VolumeUse;

/** What a guest has told of the volumes that it keeps; lines that are no volume's are passed by. */
final class KeptListing {
  private static final int BLOCK_BYTES = 512;
  private static final Pattern LINE =
      Pattern.compile(
          "(?:\\.snapshot/(?<of>N)/)?(?<name>N) (?<size>\\d{1,18}) (?<blocks>\\d{1,15}) (?<at>\\d{1,11})[.,]?\\d*"
              .replace("N", VolumeKeeper.NAME));

  private record Image(long sizeBytes, long allocatedBytes, Instant at) {}

  private final String keeper;
  private final Map<String, Image> images = new TreeMap<>();
  private final Map<String, Map<String, Image>> snapshots = new TreeMap<>();

  KeptListing(String keeper, String untrusted) {
    this.keeper = keeper;
    untrusted.lines().map(LINE::matcher).filter(Matcher::matches).forEach(this::put);
  }

  private void put(Matcher line) {
    Image image =
        new Image(
            Long.parseLong(line.group("size")),
            Long.parseLong(line.group("blocks")) * BLOCK_BYTES,
            Instant.ofEpochSecond(Long.parseLong(line.group("at"))));
    Map<String, Image> of =
        line.group("of") == null
            ? images
            : snapshots.computeIfAbsent(line.group("of"), name -> new TreeMap<>());
    of.put(line.group("name"), image);
  }

  /** Their own names. */
  List<String> names() {
    return List.copyOf(images.keySet());
  }

  List<String> snapshots(String name) {
    return List.copyOf(snapshots.getOrDefault(name, Map.of()).keySet());
  }

  /** Empty where it keeps no volume of this name. */
  Optional<VolumeStatus> status(String name, List<Use> uses, Optional<String> note) {
    Image image = images.get(name);
    if (image == null) {
      return Optional.empty();
    }
    List<Snapshot> kept = new ArrayList<>();
    snapshots
        .getOrDefault(name, Map.of())
        .forEach((snapshot, of) -> {
          Kind kind = snapshot.equals(VolumeFolder.BEFORE_REVERT) ? Kind.BEFORE_REVERT : Kind.TAKEN;
          kept.add(new Snapshot(snapshot, kind, Optional.empty(), of.at(), of.allocatedBytes()));
        });
    kept.sort(Comparator.comparing(Snapshot::at).reversed());
    return Optional.of(
        new VolumeStatus(
            VolumeUse.kept(keeper, name),
            Optional.of(keeper),
            Path.of(KeptScript.FOLDER, name),
            image.sizeBytes(),
            image.allocatedBytes(),
            uses,
            kept,
            note));
  }
}
