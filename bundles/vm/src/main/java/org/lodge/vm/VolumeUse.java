package org.lodge.vm;

import java.util.OptionalLong;

/**
 * A volume that a guest has as one of its disks.
 *
 * @param volume its name
 * @param as what it is to the guest: {@code root}, {@code disk SERIAL} or {@code device ID}
 * @param sizeBytes of the guest's own layer, which is made where it is missing and grows to that;
 *     empty for volumes that a person has made
 */
public record VolumeUse(String volume, String as, boolean readOnly, OptionalLong sizeBytes) {
  private static final String LAYER = ".root";

  /** The volume with what a guest changes on its image. */
  public static String layer(String guest) {
    return guest + LAYER;
  }
}
