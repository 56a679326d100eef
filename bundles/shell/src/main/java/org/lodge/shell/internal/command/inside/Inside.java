package org.lodge.shell.internal.command.inside;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.Agents;
import org.lodge.agent.ExecRequest;
import org.lodge.shell.CommandException;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Services;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;

/** The way into a guest, for commands; what can be wrong with it is told here. */
final class Inside {
  /** The guest could not be entered, or was left without an answer; as other runners have it. */
  static final int NOT_RUN = 125;

  static final int NOT_EXECUTABLE = 126;
  static final int NOT_FOUND = 127;

  static final int ENOENT = 2;
  static final int EACCES = 13;
  static final int EISDIR = 21;
  static final int ECONNREFUSED = 111;

  static final Option LIMIT =
      new Option("limit", 'l', Kind.DURATION, "30s", "how long to wait for the guest's agent");

  private static final Duration STEP = Duration.ofSeconds(1);

  private Inside() {}

  /** The guest's agent; waits for it while the guest comes up. */
  static AgentSession session(Services services, String guest, Invocation invocation)
      throws Exception {
    Agents agents = services.agents();
    Optional<AgentSession> session = agents.session(guest);
    if (session.isPresent()) {
      refuseWherePaused(services, guest);
      return session.get();
    }
    Duration limit = limit(invocation);
    long deadline = System.nanoTime() + limit.toNanos();
    while (true) {
      GuestStatus status = status(services, guest);
      refuseUnlessComing(status);
      Duration left = Duration.ofNanos(deadline - System.nanoTime());
      try {
        return agents.await(guest, left.compareTo(STEP) < 0 ? left : STEP);
      } catch (InterruptedIOException e) {
        throw e;
      } catch (AgentException e) {
        if (!left.minus(STEP).isPositive()) {
          throw absent(services, status, limit);
        }
      }
    }
  }

  private static GuestStatus status(Services services, String guest) throws Exception {
    try {
      return services.guests().status(guest);
    } catch (GuestException e) {
      throw new CommandException(NOT_RUN, guest + ": " + e.getMessage(), List.of());
    }
  }

  /** What went wrong, without the guest's name in front. */
  static String reason(AgentException e) {
    return e.getMessage().replaceFirst("^guest '[^']*': ", "");
  }

  static Duration limit(Invocation invocation) {
    return invocation.duration("limit").orElseThrow();
  }

  /** Its agent is still connected, and answers nothing. */
  private static void refuseWherePaused(Services services, String guest) throws Exception {
    GuestStatus status = status(services, guest);
    if (status.state() == GuestState.PAUSED) {
      refuseUnlessComing(status);
    }
  }

  private static void refuseUnlessComing(GuestStatus status) throws CommandException {
    String name = status.name();
    String state = status.state().name().toLowerCase(Locale.ROOT);
    String remedy =
        switch (status.state()) {
          case DEFINED, STOPPED, FAILED -> "; start it with: lodge start " + name;
          case PAUSED -> "; let it run on with: lodge resume " + name;
          case STOPPING -> "; when it has stopped, start it with: lodge start " + name;
          case CREATED, READY, RUNNING, UNKNOWN -> "";
        };
    if (!remedy.isEmpty()) {
      String shown = status.state() == GuestState.DEFINED ? "not started" : state;
      throw new CommandException(NOT_RUN, name + " is " + shown + remedy, List.of());
    }
  }

  private static CommandException absent(Services services, GuestStatus status, Duration limit)
      throws GuestException {
    String name = status.name();
    Optional<String> trouble = socketTrouble(services, name);
    if (trouble.isPresent()) {
      return new CommandException(
          NOT_RUN,
          "the agent in " + name + " can't be reached: " + trouble.get(),
          List.of("see: lodge device ls " + name));
    }
    return new CommandException(
        NOT_RUN,
        "the agent in "
            + name
            + " has not connected within "
            + limit.toMillis() / 1000.0
            + " s; see what the guest does with: lodge logs "
            + name,
        List.of(
            "A guest that boots slowly needs a longer --limit; an image of your own needs the"
                + " agent, see docs/images.md."));
  }

  /** Such as after Lodge was killed with what keeps the guests' devices for the next one. */
  private static Optional<String> socketTrouble(Services services, String guest)
      throws GuestException {
    Devices devices = services.peek(Devices.class);
    return devices == null
        ? Optional.empty()
        : devices.list(guest).stream()
            .filter(device -> device.type().equals("vsock"))
            .flatMap(device -> device.trouble().stream())
            .findFirst();
  }

  /** Starts a program; what the guest says no to is told as a shell would. */
  static AgentProgram start(AgentSession session, ExecRequest request, Duration limit)
      throws IOException, CommandException {
    String guest = session.guest();
    String program = request.arguments().getFirst();
    try {
      return session.exec(request, limit);
    } catch (AgentException e) {
      boolean noUser = request.user().isPresent() && e.getMessage().contains("no such user");
      String folder = request.folder().isEmpty() ? "" : ", or no folder " + request.folder();
      throw switch (e.errno()) {
        case ENOENT ->
            noUser
                ? new CommandException(
                    NOT_RUN, guest + " has no user " + request.user().get(), List.of())
                : new CommandException(
                    NOT_FOUND,
                    guest + " has no program " + program + folder,
                    List.of(
                        "Programs are looked for in PATH=" + request.environment().get("PATH")));
        case EACCES ->
            new CommandException(
                NOT_EXECUTABLE, guest + " may not run " + program + ": " + reason(e), List.of());
        default -> new CommandException(NOT_RUN, e.getMessage(), List.of());
      };
    }
  }
}
