package org.lodge.vm;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Keeps the volumes that definitions and devices name. Whoever keeps them registers it as an OSGi
 * service (whiteboard); without it, guests with volumes don't start. Calls may block on the host's
 * file system.
 */
public interface GuestVolumes {

  /** Volumes that a guest is about to open; until it is closed nothing else happens to them. */
  interface Held extends AutoCloseable {

    /** The raw image behind one of them. */
    Path file(String volume);

    @Override
    void close();
  }

  /**
   * For a guest that runs, or is started.
   *
   * @throws GuestException of the stage {@code volume}: there is none of this name, or something
   *     else is being done to it
   */
  Held open(String guest, List<VolumeUse> uses) throws GuestException;

  /**
   * As {@link #open}, and keeps a way back to what they are before this start.
   *
   * @param keep how many ways back; 0 for none
   * @param copy how long the start may be held up for it where the file system can't share blocks;
   *     a volume that takes longer gets none
   */
  Held start(String guest, List<VolumeUse> uses, int keep, Duration copy) throws GuestException;

  /** Why there can be no disk of this volume as things are; empty where there can. */
  Optional<String> problem(String volume);
}
