package org.lodge.blocks;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Which disk a device wants.
 *
 * @param guest that gets it
 * @param device its id in that guest
 * @param from the guest that keeps it, or {@code host}
 * @param export what the disk is called there; empty for the server's only one
 * @param socket of a program on this host; only where it is from there
 * @param readOnly whether it must not be written
 * @param patience how long requests wait for a disk that is away before they fail
 * @param unflushedBytes how many bytes of writes that no flush has confirmed yet are kept for a
 *     repetition, 1 MiB to 1 GiB
 */
public record BlockRequest(
    String guest,
    String device,
    String from,
    String export,
    Optional<Path> socket,
    boolean readOnly,
    Duration patience,
    int unflushedBytes) {

  /** What {@link #from} says of a program on this host. */
  public static final String HOST = "host";

  public boolean isFromHost() {
    return from.equals(HOST);
  }
}
