package org.lodge.connect;

import java.io.IOException;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * The way of bytes from one stream to another inside of their transport, with one copy. For the
 * thread that reads the one, while no other thread writes to the other.
 */
@ConsumerType
public interface StreamMove {
  /**
   * Waits for bytes and takes none.
   *
   * @return how many are there to be read, at least 1; -1 at the end
   */
  int await() throws IOException;

  /**
   * Reads bytes and writes them. Waits for the reader of the other side only.
   *
   * @param bytes at most as many as {@link #await} found
   * @throws IOException where either stream was reset; part of the bytes may have gone then, and
   *     the rest has been read and is lost
   */
  void move(int bytes) throws IOException;
}
