package org.lodge.agent.handles;

import java.util.OptionalInt;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Stands for a descriptor that an agent holds. Belongs to one connection, with which it ends.
 * Thread-safe.
 */
@ProviderType
public interface Handle extends AutoCloseable {

  /** What the agent found the descriptor to be; what the program says of it is another matter. */
  enum Kind {
    /** A regular file or memory that is shared as one: a {@link FileHandle}. */
    FILE,
    /** One end of a pipe: a {@link PipeHandle}. */
    PIPE,
    /** A connected stream socket: a {@link PipeHandle} that is read and written. */
    SOCKET,
    /** A listening socket that the agent made. */
    LISTENER,
    /**
     * Something that is never carried: a folder, a device, a file on a file system that may block.
     * The agent has closed it.
     */
    REFUSED
  }

  Kind kind();

  HandleConnection connection();

  /**
   * The {@code errno} of what failed with it in the guest, such as its making; empty while nothing
   * has. Told no later than bytes of the program that came after.
   */
  OptionalInt failure();

  /** Lets the agent close its descriptor, after all that was sent before. Idempotent. */
  @Override
  void close();
}
