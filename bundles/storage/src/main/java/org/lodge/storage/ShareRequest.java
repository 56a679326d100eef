package org.lodge.storage;

import java.util.Optional;

/**
 * A directory, or one file, that a running guest is to get.
 *
 * @param share its name and the tag by which the guest mounts it
 * @param guest that gets it
 * @param from the guest that keeps it, or {@code host}; empty for the share declared by that name,
 *     which a guest that the definition names gets as it says
 * @param path the directory there, or the regular file
 * @param file whether it is one regular file
 * @param mount where the guest's agent mounts it; empty where the guest does so itself
 * @param cache {@code none}, {@code auto} or {@code always}
 */
public record ShareRequest(
    String share,
    String guest,
    Optional<String> from,
    Optional<String> path,
    boolean file,
    boolean readOnly,
    Optional<String> mount,
    String cache) {}
