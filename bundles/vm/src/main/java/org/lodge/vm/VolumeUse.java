package org.lodge.vm;

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
