package org.lodge.images.internal;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What {@code config/image/NAME.json} says, checked and with its defaults filled in. The schema
 * {@code config/image/schema/image.json} explains each key.
 *
 * @param text as it was read; part of what an image is identified by
 * @param keepLibraries if present, libraries that nothing needs go, except those that match
 */
record ImageDefinition(
    String name,
    Path path,
    String text,
    String suite,
    Variant variant,
    List<String> packages,
    Kernel kernel,
    List<AddedFile> files,
    List<Service> services,
    List<String> prune,
    Optional<List<String>> keepLibraries,
    String compression) {

  /** PVH boot of an uncompressed kernel, and so every image, is of this machine. */
  static final String ARCHITECTURE = "amd64";

  enum Variant {
    ESSENTIAL,
    EXTRACT
  }

  /**
   * @param early modules loaded by the initial RAM disk
   * @param modules others that the root holds
   */
  record Kernel(
      String packageName,
      List<String> early,
      List<String> modules,
      List<String> arguments,
      List<String> tcgArguments) {}

  /** A file put over those of the packages. */
  record AddedFile(String path, int mode, Content content) {}

  /** Either bytes or the target of a symbolic link. */
  sealed interface Content {
    record Bytes(byte[] bytes) implements Content {}

    record Link(String target) implements Content {}
  }

  record Service(String name, String command, boolean notifies) {}
}
