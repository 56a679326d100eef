package org.lodge.shell.internal.command;

import jakarta.json.Json;
import jakarta.json.JsonObjectBuilder;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.GuestText;
import org.lodge.shell.internal.Jsons;
import org.lodge.shell.internal.ProcessUse;
import org.lodge.shell.internal.Services;
import org.lodge.vm.Definitions;
import org.lodge.vm.Definitions.Problem;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.GuestStatus.Failure;
import org.lodge.vm.GuestStatus.StartTimes;

/** {@code show GUEST}: all that is known of one guest. */
final class Show implements Command {
  private final Services services;

  Show(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    Description description =
        Description.of("show", "Show all that is known of a guest")
            .details(
                "From agent on, the lines are the guest's own word, which its agent has been asked"
                    + " for; they are missing where no agent is connected.")
            .argument("GUEST", Kind.GUEST, Arity.ONE, "which")
            .flag("verbose", 'v', "the monitor's command line too")
            .example("lodge show work", "State, times, accelerator and why, last failure.")
            .example("lodge show --verbose work", "How its monitor was started, too.");
    description =
        Jsons.describeGuest(description, "guest")
            .json("guest.ready", "whether it has come up; absent where that is not known");
    return FromInside.describe(description, "guest.agent");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    GuestStatus status = services.guests().status(invocation.text("GUEST"));
    String ready = FromInside.ready(services, status);
    Optional<FromInside> inside = FromInside.ask(services, status);
    if (invocation.json()) {
      JsonObjectBuilder json = Json.createObjectBuilder(Jsons.guest(status));
      if (!ready.isEmpty()) {
        json.add("ready", ready.equals("yes"));
      }
      inside.ifPresent(said -> json.add("agent", said.json()));
      invocation.print(Json.createObjectBuilder().add("guest", json).build());
      return ExitCode.OK;
    }
    PrintStream out = invocation.out();
    field(invocation, "name", status.name());
    field(invocation, "description", status.description());
    String upOrNot = ready.isEmpty() ? "" : ready.equals("yes") ? ", ready" : ", not ready yet";
    field(
        invocation, "state", GuestText.state(status) + upOrNot + ", for " + GuestText.age(status));
    if (status.pending() && status.definitionFile().isPresent()) {
      field(invocation, "pending", "its definition was edited; applies at the next start");
    }
    field(
        invocation, "definition", status.definitionFile().map(Object::toString).orElse("removed"));
    for (Problem problem : refused(status)) {
      String key = problem.key().isEmpty() ? "" : problem.key() + ": ";
      field(invocation, "refused", key + problem.message());
    }
    field(invocation, "requires", String.join(", ", status.requires()));
    field(invocation, "autostart", status.autostart() ? "yes" : "no");
    field(invocation, "monitor", status.vmm() + pid(status));
    field(invocation, "accelerator", status.accelerator().orElse("known once it has started"));
    field(invocation, "image", status.image());
    field(invocation, "memory", memory(status));
    field(invocation, "cpus", Integer.toString(status.cpus()));
    field(invocation, "restarts", Integer.toString(status.restarts()));
    field(invocation, "last start", times(status.startTimes()));
    inside.ifPresent(said -> said.fields().forEach((name, text) -> field(invocation, name, text)));
    if (invocation.flag("verbose")) {
      field(invocation, "command line", String.join(" ", status.commandLine()));
    }
    if (status.failure().isPresent()) {
      Failure failure = status.failure().get();
      field(invocation, "failure", "at stage " + failure.stage() + ", " + failure.at());
      field(invocation, "cause", failure.cause());
      for (String line : failure.lastLines()) {
        out.println("  | " + invocation.safe(line));
      }
    }
    return ExitCode.OK;
  }

  private List<Problem> refused(GuestStatus status) {
    Definitions definitions = services.peek(Definitions.class);
    return definitions == null
        ? List.of()
        : definitions.refused().stream()
            .filter(problem -> status.definitionFile().filter(problem.file()::equals).isPresent())
            .toList();
  }

  private static String pid(GuestStatus status) {
    return status.pid().isPresent() ? ", process " + status.pid().getAsLong() : "";
  }

  private static String memory(GuestStatus status) {
    String given = Durations.size(status.memoryBytes());
    if (status.pid().isEmpty()) {
      return given;
    }
    return ProcessUse.of(status.pid().getAsLong())
        .map(use -> given + ", of which its monitor holds " + Durations.size(use.residentBytes()))
        .orElse(given);
  }

  private static String times(StartTimes times) {
    StringBuilder text = new StringBuilder();
    time(text, "created", times.created());
    time(text, "running", times.running());
    time(text, "user space", times.userSpace());
    time(text, "ready", times.ready());
    return text.toString();
  }

  private static void time(StringBuilder text, String step, Optional<Duration> time) {
    if (time.isPresent()) {
      text.append(text.isEmpty() ? "" : ", ").append(step).append(" after ");
      text.append(Durations.seconds(time.get()));
    }
  }

  private static void field(Invocation invocation, String name, String value) {
    if (value != null && !value.isEmpty()) {
      String label = name + " ".repeat(Math.max(1, 14 - name.length()));
      invocation.out().println(label + invocation.safe(value));
    }
  }
}
