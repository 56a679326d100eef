package org.lodge.shell.internal.command;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.lodge.shell.Invocation;
import org.lodge.shell.internal.GuestText;
import org.lodge.shell.internal.Services;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestListener;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.Guests;

/**
 * Says each step of the guests that a command waits for, and of those that these require, with the
 * time since the command began.
 */
final class Progress implements GuestListener, AutoCloseable {
  private final Invocation invocation;
  private final Guests guests;
  private final Set<String> watched = new HashSet<>();
  private final Set<String> said = new HashSet<>();
  private final long startNanos = System.nanoTime();
  private final AutoCloseable registration;

  Progress(Services services, Guests guests, Set<String> names, Invocation invocation) {
    this.invocation = invocation;
    this.guests = guests;
    watch(names);
    boolean quiet = invocation.json() || invocation.flag("no-wait");
    this.registration = quiet ? () -> {} : services.listen(this);
  }

  private void watch(Set<String> names) {
    Deque<String> open = new ArrayDeque<>(names);
    while (!open.isEmpty()) {
      String name = open.pop();
      if (watched.add(name)) {
        guests.list().stream()
            .filter(status -> status.name().equals(name))
            .forEach(status -> open.addAll(status.requires()));
      }
    }
  }

  @Override
  public synchronized void guestChanged(GuestStatus status, GuestState before) {
    boolean movesOn = status.state() != before;
    if (!watched.contains(status.name()) && !(movesOn && status.state() == GuestState.STOPPING)) {
      return;
    }
    if (movesOn && status.state() != GuestState.FAILED && status.state() != GuestState.READY) {
      say(status.name(), GuestText.state(status), sinceStart());
    }
    if (status.state() == GuestState.RUNNING && !movesOn) {
      step(status.name(), "user space", status.startTimes().userSpace());
      step(status.name(), "ready", status.startTimes().ready());
    }
  }

  private void step(String name, String step, Optional<Duration> time) {
    if (time.isPresent()) {
      say(name, step, time.get());
    }
  }

  /** The guest has the directories that are declared for it. */
  synchronized void shares(String name) {
    if (!quiet()) {
      say(name, "shares", sinceStart());
    }
  }

  /** The last line of a guest, where the events have not said it already. */
  synchronized void done(GuestStatus status) {
    if (!quiet()) {
      boolean ready =
          status.state() == GuestState.RUNNING && status.startTimes().ready().isPresent();
      if (!said.contains(status.name() + " ready")) {
        say(status.name(), ready ? "ready" : GuestText.state(status), sinceStart());
      }
    }
  }

  synchronized void failed(GuestException failure, GuestStatus status) {
    if (quiet()) {
      return;
    }
    StringBuilder text = new StringBuilder("lodge: ");
    text.append(failure.guest()).append(": at stage ").append(failure.stage()).append(": ");
    text.append(invocation.safe(String.valueOf(failure.getMessage()))).append('\n');
    // It explains a start that failed just now, and no other failure.
    boolean start =
        status.failure().filter(f -> f.cause().equals(failure.getMessage())).isPresent();
    if (start && !status.commandLine().isEmpty()) {
      String commandLine = String.join(" ", status.commandLine());
      text.append("  command line: ").append(invocation.safe(commandLine)).append('\n');
    }
    for (String line : failure.lastLines()) {
      text.append("  | ").append(invocation.safe(line)).append('\n');
    }
    invocation.out().flush();
    invocation.err().print(text);
    invocation.err().flush();
  }

  private boolean quiet() {
    return invocation.json() || invocation.flag("no-wait");
  }

  private Duration sinceStart() {
    return Duration.ofNanos(System.nanoTime() - startNanos);
  }

  private void say(String name, String step, Duration time) {
    if (said.add(name + " " + step)) {
      invocation
          .out()
          .printf(Locale.ROOT, "%-14s %-10s %6.2f s%n", name, step, time.toMillis() / 1000.0);
      invocation.out().flush();
    }
  }

  @Override
  public void close() {
    try {
      registration.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
