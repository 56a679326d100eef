package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.lodge.boot.Shutdown;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.internal.Services;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.Guests;

/** {@code down}: ends Lodge in order. */
final class Down implements Command {
  private final Services services;

  Down(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("down", "Stop every guest in order, then Lodge")
        .details(
            "Guests that require others are stopped before those. Ctrl-C does not undo it."
                + " Where no Lodge runs nothing is to be done, unless guests were left running.")
        .flag("keep", 'k', "leave the guests running; the next Lodge supervises them on")
        .example("lodge down", "Before the machine is switched off.")
        .example("lodge down --keep && lodge up", "Restarts Lodge under running guests.")
        .json("kept", "whether the guests were left running");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Shutdown shutdown = services.shutdown();
    if (shutdown == null) {
      // A container that did not come up whole has to be able to end all the same.
      invocation
          .err()
          .println("lodge: the bundle org.lodge.boot is not active; Lodge ends without it");
      services.stopFramework();
      return ExitCode.OK;
    }
    boolean keep = invocation.flag("keep");
    Guests guests = services.peek(Guests.class);
    Set<String> names = new HashSet<>();
    if (guests != null && !keep) {
      names.addAll(namesFor(guests));
    }
    try (AutoCloseable _ =
        names.isEmpty() ? () -> {} : new Progress(services, guests, names, invocation)) {
      CompletableFuture<Void> ended = shutdown.shutdown(keep);
      ended.get();
    } catch (InterruptedException e) {
      invocation.err().println("lodge: the shutdown goes on in the background");
      return ExitCode.INTERRUPTED;
    }
    if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("kept", keep).build());
    } else {
      invocation
          .out()
          .println(keep ? "Lodge ends; the guests run on" : "Lodge ends; every guest is stopped");
    }
    return ExitCode.OK;
  }

  /** Only to show how it goes on: Lodge has to be able to end whatever its guests' definitions. */
  private static List<String> namesFor(Guests guests) {
    try {
      return guests.list().stream().map(GuestStatus::name).toList();
    } catch (CompletionException e) {
      return List.of();
    }
  }
}
