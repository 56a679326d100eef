package org.lodge.blocks;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Where devices get disks that are kept elsewhere. An OSGi service; thread-safe. A source outlives
 * the logic of its device: who opens the same again before the former user has closed it goes on
 * with the same connection and what was begun on it.
 */
@ProviderType
public interface BlockSources {

  /**
   * Takes a source, and waits for whoever keeps it, as long as a command may take.
   *
   * @throws BlockSourceException where it is not allowed, does not come in time, or can't be used
   */
  BlockSource open(BlockRequest request) throws BlockSourceException;
}
