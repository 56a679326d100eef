package org.lodge.storage;

import java.util.Optional;

/**
 * A directory that a running guest is to get.
 *
 * @param share its name and the tag by which the guest mounts it
 * @param guest that gets it
 * @param from the guest that keeps it, or {@code host}; empty for the share declared by that name
 * @param path the directory there
 * @param mount where the guest's agent mounts it; empty where the guest does so itself
 * @param cache {@code none}, {@code auto} or {@code always}
 */
public record ShareRequest(
    String share,
    String guest,
    Optional<String> from,
    Optional<String> path,
    boolean readOnly,
    Optional<String> mount,
    String cache) {}
