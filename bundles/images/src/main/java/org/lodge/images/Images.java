package org.lodge.images;

import java.nio.file.Path;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The images that guests boot from.
 *
 * <p>Thread-safe. Builds of one image take turns; builds of different images run side by side.
 */
@ProviderType
public interface Images {

  /** Those defined, built or imported, by name. */
  List<ImageStatus> list();

  /**
   * Builds the image unless nothing it is made of has changed since it was last built.
   *
   * @throws ImageException naming the step, what it said, and what to do next; the former image
   *     stays
   */
  ImageStatus build(String name, BuildOptions options, Progress progress) throws ImageException;

  /**
   * Takes a folder with {@code kernel}, {@code initrd} and, if there is one, {@code root} as an
   * image; the files are copied.
   */
  ImageStatus importDirectory(String name, Path directory) throws ImageException;

  /**
   * What to boot.
   *
   * @throws ImageException if there is none yet; the message names the command that makes it
   */
  GuestImage resolve(String name) throws ImageException;

  /**
   * The same with Lodge's agent in the initial RAM disk. There it is the first program that the
   * guest runs, and it stays when the root takes the RAM disk's place.
   */
  GuestImage resolveWithAgent(String name) throws ImageException;

  /** What is wrong with a definition file; empty if nothing is. Does not act. */
  List<String> check(Path file);
}
