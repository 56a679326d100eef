package org.lodge.storage;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The volumes of this host: the layers in which guests keep what they change, called {@code
 * GUEST.root}, and data disks. Each is a raw image with holes in Lodge's state. A guest that offers
 * the service {@code disk} keeps volumes too, called {@code GUEST:NAME}: images on its own file
 * system, which others have as disks through Lodge; it must be up for whatever is done to them. An
 * OSGi service, thread-safe; calls block on the file system and wait for the guest.
 *
 * <p>What is done is done in full or not at all, also when Lodge is killed or the host loses its
 * power meanwhile, and durable when the call returns. Nothing is done under a guest that writes the
 * volume, but to enlarge a disk that Lodge serves, and to take what it is at one instant where the
 * file system can share blocks. A thread that is interrupted while it copies leaves nothing behind.
 */
@ProviderType
public interface Volumes {

  /** Told now and then while data are copied; not where the file system shares blocks. */
  @FunctionalInterface
  interface Progress {
    void copied(long doneBytes, long totalBytes);
  }

  /**
   * By name, then those of guests; of a guest that is not up, what it had when it was seen last.
   */
  List<VolumeStatus> list();

  VolumeStatus status(String name) throws VolumeException;

  /** Makes an empty one, which takes up no space yet. */
  VolumeStatus create(String name, long sizeBytes) throws VolumeException;

  /**
   * Removes a volume with its snapshots.
   *
   * @param force also one that a definition names as a disk
   */
  void remove(String name, boolean force) throws VolumeException;

  void removeSnapshot(String name, String snapshot) throws VolumeException;

  /**
   * @param shrink allow less than it has now; what lies behind is lost
   */
  VolumeStatus resize(String name, long sizeBytes, boolean shrink)
      throws VolumeException, InterruptedException;

  /** Keeps what the volume is now. */
  VolumeStatus snapshot(String name, String snapshot, Progress progress)
      throws VolumeException, InterruptedException;

  /**
   * Makes a new volume with what another is, where that is: on this host or with the same guest.
   *
   * @param snapshot what it was then; empty for now
   */
  VolumeStatus clone(String name, Optional<String> snapshot, String newName, Progress progress)
      throws VolumeException, InterruptedException;

  /**
   * Gives a volume back what it was. What it is now is kept as the snapshot {@code before-revert},
   * instead of an earlier one of that name.
   *
   * @param snapshot empty for the last start of the guest that wrote it; a start keeps nothing of a
   *     volume that another guest keeps
   */
  VolumeStatus revert(String name, Optional<String> snapshot, Progress progress)
      throws VolumeException, InterruptedException;

  /** Gives all volumes that a guest wrote back what they were before its last start. */
  List<VolumeStatus> revertGuest(String guest, Progress progress)
      throws VolumeException, InterruptedException;
}
