package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.GuestText;
import org.lodge.shell.internal.Services;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.Guests;

/** {@code events}: every change of every guest, as it comes. */
final class Events implements Command {
  private static final int QUEUE = 1024;
  private static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneId.systemDefault());

  private record Event(Instant at, GuestStatus status, GuestState before) {}

  private final Services services;

  Events(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("events", "Print the changes of guests as they come, until Ctrl-C")
        .details(
            "A reader that is too slow loses events, never delays a guest, and is told how many.")
        .argument("GUEST", Kind.GUEST, Arity.ANY, "only these; all if none is named")
        .example("lodge events", "Every change of every guest.")
        .example("lodge events --json work", "One JSON object a line, for a script.")
        .json("at", "when it came, ISO 8601")
        .json("guest", "the guest")
        .json("state", "the state it is in now")
        .json("before", "the state it came from; the same where only details changed")
        .json("pending", "whether an edited definition waits")
        .json("cause", "of a failure; absent where there is none")
        .json("lost", "in an object of its own: so many events were lost here");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Guests guests = services.guests();
    Set<String> names = new HashSet<>(invocation.texts("GUEST"));
    for (String name : names) {
      guests.status(name);
    }
    BlockingQueue<Event> queue = new ArrayBlockingQueue<>(QUEUE);
    AtomicInteger lost = new AtomicInteger();
    try (AutoCloseable _ =
        services.listen((status, before) -> {
          boolean wanted = names.isEmpty() || names.contains(status.name());
          if (wanted && !queue.offer(new Event(Instant.now(), status, before))) {
            lost.incrementAndGet();
          }
        })) {
      while (!invocation.out().checkError()) {
        print(queue.take(), invocation);
        int gone = lost.getAndSet(0);
        if (gone > 0) {
          invocation
              .out()
              .println(invocation.json() ? "{\"lost\":" + gone + "}" : gone + " events lost");
        }
      }
    }
    return ExitCode.OK;
  }

  private static void print(Event event, Invocation invocation) {
    GuestStatus status = event.status();
    String before = event.before().name().toLowerCase(Locale.ROOT);
    String state = GuestText.state(status);
    if (invocation.json()) {
      var json = Json.createObjectBuilder();
      json.add("at", event.at().toString()).add("guest", status.name());
      json.add("state", state).add("before", before).add("pending", status.pending());
      status.failure().ifPresent(failure -> json.add("cause", failure.cause()));
      invocation.print(json.build());
      return;
    }
    String change = state.equals(before) ? state + ", details changed" : before + " -> " + state;
    String note = GuestText.note(status);
    invocation
        .out()
        .printf(
            "%s %-14s %s%s%n",
            CLOCK.format(event.at()),
            status.name(),
            change,
            note.isEmpty() ? "" : " (" + invocation.safe(note) + ")");
    invocation.out().flush();
  }
}
