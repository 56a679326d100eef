package org.lodge.linux;

import java.util.List;
import java.util.Map;
import org.lodge.linux.internal.NotifySocket;

/**
 * The service manager that started this process, by the protocol of {@code sd_notify(3)} and {@code
 * sd_listen_fds(3)}: it is told of our state, and keeps descriptors for our next start.
 *
 * <p>Thread-safe. A message that can't be delivered is an error only where descriptors depend on
 * it.
 */
public interface ServiceManager {

  /**
   * @param fd owned by whoever took it
   */
  record StoredFd(String name, Fd fd) {}

  /**
   * The manager that an environment names. To be made once for a process's own environment, because
   * it takes the inherited descriptors; in the container it is a service.
   */
  static ServiceManager of(Map<String, String> environment) {
    return new NotifySocket(environment);
  }

  /** Whether there is one ({@code NOTIFY_SOCKET} is set and can be reached). */
  boolean isPresent();

  /**
   * Sends assignments such as {@code READY=1}, {@code STATUS=…}, {@code WATCHDOG=1}. Beside those
   * of {@code sd_notify(3)} Lodge's keeper knows {@code HOLD=NAME}: that what is kept is kept after
   * an orderly end too, as long as the descriptor of that name lives.
   *
   * @return false if nobody took them
   */
  boolean tell(String... assignments);

  /**
   * Has the manager keep duplicates under a name until {@link #forget}, or until the peer of a
   * stored socket hangs up. They outlive a crash of this process as soon as this returns.
   *
   * @param name printable ASCII without a colon, at most 255 characters
   * @return false if there is no manager
   * @throws LinuxException if it does not take the message
   */
  boolean keep(String name, List<? extends Fd> fds) throws LinuxException;

  /** Has the manager close everything stored under a name. */
  void forget(String name);

  /** Takes the descriptors handed over at start whose name begins so; each can be taken once. */
  List<StoredFd> take(String namePrefix);
}
