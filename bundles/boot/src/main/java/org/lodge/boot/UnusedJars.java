package org.lodge.boot;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** The jars in the deploy folder that do not do what they were deployed for. Thread-safe. */
@ProviderType
public interface UnusedJars {

  /**
   * One such jar.
   *
   * @param jar the name of the file
   * @param deviceType of the device whose logic it should have been, such as {@code blk}; empty
   *     where the jar did not come so far as to tell
   * @param reason one sentence: what fails, and in which component
   */
  record UnusedJar(String jar, Optional<String> deviceType, String reason) {}

  /**
   * Those that are there now, by name. A jar is looked at a second after it was deployed; one that
   * the container does not take, once it has been left unchanged for some time.
   */
  List<UnusedJar> list();
}
