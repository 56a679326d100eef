package org.lodge.agent;

import java.util.List;
import java.util.Optional;
import org.lodge.connect.ServiceDescription;

/**
 * Something that a guest offers to others, and how its agent reaches it.
 *
 * @param description as the broker knows it
 */
public record GuestService(ServiceDescription description, Way way) {

  /** How the agent reaches what serves. */
  public sealed interface Way permits Run, UnixSocket, TcpPort {}

  /**
   * A program that is run for each connection; its standard input and output are the connection.
   *
   * @param command the program's path or name first
   * @param user whom it runs as, by the guest's {@code /etc/passwd}; root where absent
   */
  public record Run(List<String> command, Optional<String> user) implements Way {
    public Run {
      command = List.copyOf(command);
    }
  }

  /**
   * A server of the guest that listens on this Unix socket; it may pass descriptors where the
   * description's carriage is {@link org.lodge.connect.Carriage#HANDLES}.
   */
  public record UnixSocket(String path) implements Way {}

  /** A server of the guest that listens on this port of its loopback interface. */
  public record TcpPort(int port) implements Way {}
}
