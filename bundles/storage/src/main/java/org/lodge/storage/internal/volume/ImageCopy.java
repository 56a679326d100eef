package org.lodge.storage.internal.volume;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lodge.linux.FileCopy;
import org.lodge.storage.Volumes;

/** How the content of one image comes into an empty file. */
@FunctionalInterface
interface ImageCopy {

  /**
   * @throws InterruptedException if the thread was interrupted; the target is incomplete then
   */
  void copy(Path from, Path to) throws IOException, InterruptedException;

  /** For images that nobody writes: shares blocks, or copies what is not a hole. */
  static ImageCopy still(Volumes.Progress progress) {
    return (from, to) -> {
      if (!FileCopy.share(from, to)) {
        copyData(from, to, progress);
      }
    };
  }

  /** For images that a guest may write: at one instant, or not at all. */
  static ImageCopy instant() {
    return (from, to) -> {
      if (!FileCopy.share(from, to)) {
        throw new CanNotShareException();
      }
    };
  }

  /** The file system has no way to copy at once. */
  final class CanNotShareException extends IOException {
    private static final long serialVersionUID = 1;
  }

  /** The copy was given up because its time was over. */
  final class TooSlowException extends IOException {
    private static final long serialVersionUID = 1;
  }

  /**
   * Before a start: shares blocks, or copies for so long.
   *
   * @param deadline of {@link System#nanoTime}
   */
  static ImageCopy until(long deadline) {
    return (from, to) -> {
      if (!FileCopy.share(from, to)
          && (System.nanoTime() - deadline >= 0
              || !FileCopy.copy(from, to, done -> System.nanoTime() - deadline < 0))) {
        throw new TooSlowException();
      }
    };
  }

  private static void copyData(Path from, Path to, Volumes.Progress progress)
      throws IOException, InterruptedException {
    long total = FileCopy.allocatedBytes(from);
    long free = Files.getFileStore(to).getUsableSpace();
    if (free < total) {
      throw new IOException(
          "it has %d MiB of data and the file system only %d MiB free"
              .formatted(total >> 20, free >> 20));
    }
    boolean whole =
        FileCopy.copy(
            from,
            to,
            done -> {
              progress.copied(done, total);
              return !Thread.currentThread().isInterrupted();
            });
    if (!whole) {
      throw new InterruptedException();
    }
  }
}
