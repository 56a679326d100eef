package org.lodge.configuration;

/**
 * Says that a folder of {@code config/} has been read once and delivered completely.
 *
 * <p>Registered as a service with the property {@link ConfigurationKind#FOLDER} after the first
 * scan of that folder: by then Config Admin holds a configuration for every file, none for a file
 * that is gone, and every {@code SynchronousConfigurationListener} has heard of them.
 */
public interface ConfigurationLoaded {}
