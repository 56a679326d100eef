package org.lodge.configuration;

import org.osgi.annotation.versioning.ProviderType;

/**
 * Says that a folder of {@code config/} has been read once and delivered completely.
 *
 * <p>Registered as a service with the property {@link ConfigurationKind#FOLDER} after the first
 * scan of that folder: by then Config Admin holds a configuration for every file, none for a file
 * that is gone, and every {@code SynchronousConfigurationListener} has heard of them.
 */
@ProviderType
public interface ConfigurationLoaded {

  /**
   * Reads the folder once more now, for whoever must not miss what a person has just written there:
   * changes are else seen some 60 ms late. Comes back when Config Admin holds what is there and
   * every listener has heard of it. On any thread that holds no lock which a listener takes.
   */
  void readAgain();
}
