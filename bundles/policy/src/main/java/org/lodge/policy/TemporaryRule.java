package org.lodge.policy;

import org.osgi.annotation.versioning.ProviderType;

/** A rule in memory: it stands before those of the files, and ends with Lodge or when closed. */
@ProviderType
public interface TemporaryRule extends AutoCloseable {
  Rule rule();

  /** Takes the rule back. What it allowed before goes on. Idempotent. */
  @Override
  void close();
}
