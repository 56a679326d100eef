package org.lodge.shell.internal.command.inside;

import jakarta.json.Json;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExecRequest;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Services;
import org.lodge.wayland.router.Window;
import org.lodge.wayland.router.Windows;

/** {@code run GUEST PROGRAM...}: starts a program with windows in a guest and leaves it there. */
final class RunWindow implements Command {
  private static final long STEP_MILLIS = 100;
  private static final long WORD_SECONDS = 5;

  /** Where the guest's agent listens for Wayland programs. */
  private static final String DISPLAY = "/run/lodge/wayland-0";

  /**
   * Programs look for a folder of their user's, whose name nobody else could have taken before;
   * what they write goes to the guest's console. Their exit code can be that of a missing program,
   * so the script tells by a word where there is none.
   */
  static final String SCRIPT =
      "command -v \"$1\" >/dev/null || { echo none; exit 127; };"
          + " d=/run/user/$(id -u); mkdir -p -m 700 $d 2>/dev/null || d=$(mktemp -d);"
          + " export XDG_RUNTIME_DIR=$d; exec \"$@\" </dev/null >/dev/null";

  private final Services services;

  /** Windows that a run has taken for its own: two at once do not tell of the same. */
  private final Set<Long> told = new HashSet<>();

  RunWindow(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("run", "Start a program with windows in a guest")
        .details(
            "The program runs on when the command has ended. Its windows appear in the guest that"
                + " the policy names for the service wayland, in a frame of its guest's colour."
                + " The guest's definition needs \"wayland\": true.")
        .details(
            "The command waits until the first window is there, or says why none came: what the"
                + " program writes is in: lodge logs GUEST")
        .argument("GUEST", Kind.GUEST, Arity.ONE, "which; it has to run, or to be starting")
        .argument("PROGRAM", Kind.TEXT, Arity.MANY, "its name or path, and its arguments")
        .option(new Option("user", 'u', Kind.TEXT, "", "run as this user of the guest"))
        .option(new Option("wait", 'w', Kind.DURATION, "30s", "how long to wait for a window"))
        .option(Inside.LIMIT)
        .example("lodge run work foot", "A terminal of work.")
        .example("lodge run work -- foot -e top", "With arguments of its own.")
        .json("guest", "where it runs")
        .json("pid", "its process there")
        .json("window", "the number of its first window, as in: lodge windows")
        .json("title", "of that window")
        .exitCode(Inside.NOT_RUN, "the guest could not be entered")
        .exitCode(Inside.NOT_FOUND, "there is no such program");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String guest = invocation.text("GUEST");
    Windows windows = services.windows();
    AgentSession session = Inside.session(services, guest, invocation);
    Set<Long> before = numbers(windows, guest);
    try (AgentProgram program =
        Inside.start(session, request(invocation), Inside.limit(invocation))) {
      long end = System.nanoTime() + invocation.duration("wait").orElseThrow().toNanos();
      while (System.nanoTime() < end) {
        for (Window window : windows.list()) {
          if (window.guest().equals(guest) && !before.contains(window.id()) && isMine(window)) {
            return say(window, program, invocation);
          }
        }
        failIfEnded(program, guest, invocation);
      }
    }
    throw new CommandException(
        "no window of "
            + guest
            + " has come in time; the program may still run. See: lodge logs "
            + guest
            + ", and lodge connections");
  }

  private boolean isMine(Window window) {
    synchronized (told) {
      return told.add(window.id());
    }
  }

  private Set<Long> numbers(Windows windows, String guest) {
    List<Window> all;
    synchronized (told) {
      all = windows.list();
      told.retainAll(all.stream().map(Window::id).toList());
    }
    return all.stream()
        .filter(window -> window.guest().equals(guest))
        .map(Window::id)
        .collect(Collectors.toSet());
  }

  private static ExecRequest request(Invocation invocation) {
    List<String> arguments = new ArrayList<>(List.of("/bin/sh", "-c", SCRIPT, "run"));
    arguments.addAll(invocation.texts("PROGRAM"));
    Map<String, String> environment = new LinkedHashMap<>(Account.ROOT.environment());
    environment.put("WAYLAND_DISPLAY", DISPLAY);
    ExecRequest request =
        new ExecRequest(arguments, environment, "", 0, 0, Optional.empty(), Optional.empty(), true);
    return invocation.optional("user").map(request::as).orElse(request);
  }

  /** Waits a moment for the program's end, which must not come before its window. */
  private static void failIfEnded(AgentProgram program, String guest, Invocation invocation)
      throws Exception {
    String name = invocation.texts("PROGRAM").getFirst();
    try {
      int code =
          program.exit().toCompletableFuture().get(STEP_MILLIS, TimeUnit.MILLISECONDS).shellCode();
      if (code == Inside.NOT_FOUND && saysNone(program)) {
        throw new CommandException(Inside.NOT_FOUND, guest + " has no program " + name, List.of());
      }
      throw new CommandException(
          ExitCode.FAILED,
          name + " has ended with " + code + " before it had a window; see: lodge logs " + guest,
          List.of(
              "windows need \"wayland\": true in the guest's definition,",
              "and a rule: lodge policy explain wayland " + guest + " @default"));
    } catch (TimeoutException stillRuns) {
      return;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof AgentException lost) {
        throw new CommandException(
            Inside.NOT_RUN, "how " + name + " ended is not known: " + lost.getMessage(), List.of());
      }
      throw e;
    }
  }

  /** Whether the script has written its word; the guest need not end what it writes. */
  private static boolean saysNone(AgentProgram program) throws Exception {
    FutureTask<Boolean> word =
        new FutureTask<>(() -> program.stream().read(ByteBuffer.allocate(1)) > 0);
    Thread.ofVirtual().name("run-ended").start(word);
    try {
      return word.get(WORD_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException | TimeoutException e) {
      return false;
    }
  }

  private static int say(Window window, AgentProgram program, Invocation invocation) {
    if (invocation.json()) {
      invocation.print(
          Json.createObjectBuilder()
              .add("guest", window.guest())
              .add("pid", program.pid())
              .add("window", window.id())
              .add("title", window.title())
              .build());
    } else {
      String title = window.title().isEmpty() ? "" : ": " + invocation.safe(window.title());
      invocation.out().println("window " + window.id() + " of " + window.guest() + title);
    }
    return ExitCode.OK;
  }
}
