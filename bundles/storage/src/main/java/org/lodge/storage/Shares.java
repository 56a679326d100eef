package org.lodge.storage;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The shares of this host: those declared in {@code config/share/NAME.json}, and those granted
 * while guests run. An OSGi service; thread-safe. Commands wait until the guest has the share, or
 * has it no more.
 */
@ProviderType
public interface Shares {

  /** What is wrong with a definition; the words of {@code lodge check}. */
  record Problem(Path file, String key, String value, String message) {}

  /** By share and guest; declared ones of guests that do not run too. */
  List<ShareStatus> list();

  List<Problem> problems();

  /** Reads a folder such as {@code config/share} and says what is wrong with it. */
  List<Problem> check(Path directory);

  /**
   * Waits until a guest that has come up was given what is declared for it.
   *
   * @return its declared shares as they are then, or when the limit has passed
   */
  List<ShareStatus> awaitDeclared(String guest, Duration limit) throws InterruptedException;

  /**
   * Gives a running guest a directory, until it stops or the share is revoked.
   *
   * @throws ShareException with what went wrong and what to do next
   */
  ShareStatus grant(ShareRequest request) throws ShareException, InterruptedException;

  /**
   * Takes a share back from a guest at once: open files give errors, the guest does not hang. A
   * declared one comes back with the guest's next start.
   */
  ShareStatus revoke(String guest, String share) throws ShareException, InterruptedException;
}
