package org.lodge.vm;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ProviderType;

/** The declared guests and what is wrong with their files. */
@ProviderType
public interface Definitions {

  /**
   * A problem of one definition file.
   *
   * @param key such as {@code disks[0].path}; empty where the file as a whole is meant
   * @param value as written; empty where there is none
   * @param message what is wrong and what is allowed
   */
  record Problem(Path file, String key, String value, String message) {}

  /** Problems of all files that Lodge has read. */
  List<Problem> problems();

  /** Those of them that keep a file from being used; asks nobody, so it is quick. */
  List<Problem> refused();

  /**
   * Reads a folder such as {@code config/vm} and says all that is wrong with it, without acting.
   */
  List<Problem> check(Path directory);

  /** By guest, the volumes that its good definition names; guests without are left out. */
  Map<String, List<VolumeUse>> volumes();
}
