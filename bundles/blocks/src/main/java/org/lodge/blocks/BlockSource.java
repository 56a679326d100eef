package org.lodge.blocks;

import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One use of a disk that is kept elsewhere. Thread-safe.
 *
 * <p>Whoever keeps it may go and come: what was asked waits, at most as long as the request said,
 * and is repeated. Requests may overtake each other; what overlaps and must not is asked for one
 * after the other. A flush covers every write that was done before it was submitted, also through a
 * death of who keeps the disk.
 */
@ProviderType
public interface BlockSource extends AutoCloseable {

  /** A number that the source counts. */
  record Count(String name, String unit, long value) {}

  BlockLimits limits();

  /** Asks for something. Never waits and allocates nothing once warm. */
  void submit(BlockIo io);

  /**
   * Gives back, by {@link BlockIo#withdrawn}, what can't be done at present and nobody works on:
   * all that wait while the disk is away. A write that is given back may have happened.
   */
  void withdraw(Predicate<BlockIo> which);

  /**
   * Asks how large the disk is now; waits for the answer.
   *
   * @throws BlockSourceException where nobody answers
   */
  void look() throws BlockSourceException;

  /** Runs after each change of the size, on a thread that must not wait. One at a time. */
  void onResize(Runnable action);

  /** Where it is, for people: {@code data of guest storage}. */
  String place();

  /** Why it can't be used at present; empty while it can. */
  Optional<String> trouble();

  List<Count> counts();

  /** No request is out. */
  @Override
  void close();
}
