package org.lodge.vm;

import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A volume that a guest has as one of its disks.
 *
 * @param volume its name; of one that another guest keeps, {@code KEEPER:NAME}
 * @param as what it is to the guest: {@code root}, {@code disk SERIAL} or {@code device ID}
 * @param sizeBytes of the guest's own layer, which is made where it is missing and grows to that;
 *     empty for volumes that a person has made
 */
public record VolumeUse(String volume, String as, boolean readOnly, OptionalLong sizeBytes) {
  private static final String LAYER = ".root";
  private static final char KEPT = ':';

  /** The volume with what a guest changes on its image. */
  public static String layer(String guest) {
    return guest + LAYER;
  }

  /** What a disk that a guest keeps is called among the volumes. */
  public static String kept(String keeper, String name) {
    return keeper + KEPT + name;
  }

  /**
   * The volume that a device is: by its name, or as a disk of the guest that keeps it.
   *
   * @param type of the device
   * @param config its keys, as declared
   */
  public static Optional<String> ofDevice(String type, Map<String, Object> config) {
    if (!type.equals("blk")) {
      return Optional.empty();
    }
    if (config.get("volume") instanceof String volume) {
      return Optional.of(volume);
    }
    return config.get("from") instanceof String from
            && !from.equals("host")
            && config.get("export") instanceof String export
        ? Optional.of(kept(from, export))
        : Optional.empty();
  }

  /** The guest that keeps a volume; empty for one of this host. */
  public static Optional<String> keeper(String volume) {
    int end = volume.indexOf(KEPT);
    return end < 0 ? Optional.empty() : Optional.of(volume.substring(0, end));
  }

  /** What a volume is called by the guest that keeps it, or on this host. */
  public static String ownName(String volume) {
    return volume.substring(volume.indexOf(KEPT) + 1);
  }
}
