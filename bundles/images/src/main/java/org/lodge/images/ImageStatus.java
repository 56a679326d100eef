package org.lodge.images;

import java.time.Instant;
import java.util.Optional;

/**
 * One image as a person sees it.
 *
 * @param sizeBytes of kernel, initrd and root together; 0 where it was never built
 * @param problem what is wrong with its definition, or that there is none
 */
public record ImageStatus(
    String name,
    Origin origin,
    Optional<String> digest,
    Optional<Instant> builtAt,
    long sizeBytes,
    boolean upToDate,
    Optional<String> problem) {

  /** Where an image comes from. */
  public enum Origin {
    DEFINITION,
    IMPORT
  }
}
