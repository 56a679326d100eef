package org.lodge.images;

/**
 * How to build.
 *
 * @param force build even where nothing has changed
 * @param updateLock take the newest packages instead of those that are locked
 */
public record BuildOptions(boolean force, boolean updateLock) {

  public static final BuildOptions DEFAULT = new BuildOptions(false, false);
}
