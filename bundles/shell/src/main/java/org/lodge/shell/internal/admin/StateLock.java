package org.lodge.shell.internal.admin;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/**
 * One Lodge has a state folder, whatever its run folder is: two would start the same guests. The
 * file {@code lodge.lock} says which run folder the one has that holds it.
 */
final class StateLock implements Closeable {
  private static final int MOST_PATH_BYTES = 4096;

  private final FileChannel file;

  private StateLock(FileChannel file) {
    this.file = file;
  }

  /**
   * @throws AdminServer.AlreadyRunningException where another Lodge has it
   */
  static StateLock take(Path state, Path run) throws IOException {
    Files.createDirectories(state);
    FileChannel file =
        FileChannel.open(
            state.resolve("lodge.lock"),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    boolean taken = false;
    try {
      if (!lock(file)) {
        Path other = Path.of(read(file));
        if (!other.equals(run)) {
          throw new AdminServer.AlreadyRunningException(state, other);
        }
        AdminServer.lock(file, AdminServer.socket(run));
      }
      file.truncate(0).write(StandardCharsets.UTF_8.encode(run + "\n"));
      taken = true;
      return new StateLock(file);
    } finally {
      if (!taken) {
        file.close();
      }
    }
  }

  private static boolean lock(FileChannel file) throws IOException {
    try {
      return file.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  private static String read(FileChannel file) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(MOST_PATH_BYTES);
    file.read(bytes, 0);
    return StandardCharsets.UTF_8.decode(bytes.flip()).toString().strip();
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
