package org.lodge.agent.handles;

import java.io.IOException;
import java.util.OptionalInt;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A file that an agent holds, read and written by ranges through its connection. A program may
 * shorten its file at any time: what is missing then is told as missing, or is 0 where it goes
 * while it is read.
 */
@ProviderType
public interface FileHandle extends Handle {
  /** {@code F_SEAL_SHRINK} of <em>fcntl(2)</em>. */
  int SEAL_SHRINK = 2;

  /** {@code F_SEAL_GROW} of <em>fcntl(2)</em>. */
  int SEAL_GROW = 4;

  /** {@code F_SEAL_WRITE} of <em>fcntl(2)</em>. */
  int SEAL_WRITE = 8;

  /**
   * How large it was when its descriptor came, which may be untrue by now; as sized last where the
   * host made it. Untrusted: up to 2^63 - 1, and nothing says that so many bytes exist.
   */
  long sizeBytes();

  /** What it can't suffer any more, as bits of {@code F_GET_SEALS}; 0 also where it knows none. */
  int seals();

  /** Whether the descriptor allows to write. */
  boolean writable();

  /**
   * Grows a file that {@link HandleConnection#makeFile} made without {@link #SEAL_GROW}.
   *
   * @throws IllegalArgumentException where that would shrink it
   */
  void resize(long sizeBytes) throws IOException;

  /**
   * Adds seals to a file that the host made; what was written before stays. With {@link
   * #SEAL_WRITE} nobody can change it any more, so one file may go to several programs.
   */
  void seal(int seals) throws IOException;

  /** The {@code errno} of a making, write, resize or seal that failed in the guest. */
  @Override
  OptionalInt failure();
}
