package org.lodge.shell.internal.command.windows;

import jakarta.json.Json;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Services;

/** {@code wayland trace GUEST}: what programs of a guest and their display say. */
final class WaylandTrace implements Command {
  private static final int MOST_WAITING = 10_000;
  private static final long STEP_MILLIS = 200;

  private final Services services;

  WaylandTrace(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("wayland trace", "Show the Wayland messages of a guest's programs")
        .details(
            "Several may look on at a time. In the form of WAYLAND_DEBUG: requests with ->, in the numbers of the program; events"
                + " in those of the display. Ends with Ctrl-C, or after --for. Where they come"
                + " faster than they can be shown, some are left out and counted.")
        .argument("GUEST", Kind.GUEST, Arity.ONE, "whose programs")
        .option(new Option("for", 't', Kind.DURATION, "", "end after this time"))
        .example("lodge wayland trace work", "Until Ctrl-C.")
        .json("message", "one message; a document for each")
        .json("leftOut", "in place of it: how many were left out here");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String guest = invocation.text("GUEST");
    services.guests().status(guest);
    BlockingQueue<String> lines = new ArrayBlockingQueue<>(MOST_WAITING);
    AtomicLong lost = new AtomicLong();
    long end =
        invocation
            .duration("for")
            .map(time -> System.nanoTime() + time.toNanos())
            .orElse(Long.MAX_VALUE);
    try (AutoCloseable trace =
        services
            .windows()
            .trace(
                guest,
                line -> {
                  if (!lines.offer(line)) {
                    lost.incrementAndGet();
                  }
                })) {
      while (end == Long.MAX_VALUE || System.nanoTime() < end) {
        print(lines.poll(STEP_MILLIS, TimeUnit.MILLISECONDS), lost.getAndSet(0), invocation);
      }
      assert trace != null;
    }
    return ExitCode.OK;
  }

  private static void print(String line, long lost, Invocation invocation) {
    if (lost > 0 && invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("leftOut", lost).build());
    } else if (lost > 0) {
      invocation.out().println("(" + lost + " messages left out)");
    }
    if (line == null) {
      invocation.out().flush();
    } else if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("message", line).build());
    } else {
      invocation.out().println(invocation.safe(line));
    }
  }
}
