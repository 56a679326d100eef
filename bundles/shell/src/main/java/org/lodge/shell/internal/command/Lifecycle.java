package org.lodge.shell.internal.command;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Jsons;
import org.lodge.shell.internal.Services;
import org.lodge.storage.ShareStatus;
import org.lodge.storage.Shares;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.Guests;

/**
 * Commands that move guests from state to state; they differ in the act and in whom --all means.
 */
final class Lifecycle implements Command {

  private interface Act {
    CompletableFuture<GuestStatus> on(Guests guests, String name, Invocation invocation);
  }

  private static final Duration SHARES_LIMIT = Duration.ofSeconds(15);

  private static final Set<GuestState> DOWN =
      EnumSet.of(GuestState.DEFINED, GuestState.STOPPED, GuestState.FAILED);

  private final Services services;
  private final Description description;
  private final Set<GuestState> allMeans;
  private final Act act;

  private Lifecycle(Services services, Description description, Set<GuestState> allMeans, Act act) {
    this.services = services;
    this.allMeans = allMeans;
    this.act = act;
    String verb = description.name();
    this.description =
        Jsons.describeGuest(
            description
                .details(
                    "With several guests, each is acted on at once; those that fail do not hold up the others. Nothing is done where one of the names is unknown.")
                .details(
                    "After Ctrl-C the command ends, and what was asked for goes on in the background.")
                .argument("GUEST", Kind.GUEST, Arity.ANY, "which; or --all")
                .flag("all", 'a', "every guest to which it applies")
                .flag("no-wait", '\0', "come back at once; see: lodge events")
                .example("lodge " + verb + " work display", "Two guests at once.")
                .example("lodge " + verb + " --all", "Every guest to which it applies.")
                .json("guests", "those done, after the act; with --no-wait as they were when asked")
                .json("errors", "guest, stage, message and lines of those that failed"),
            "guests[]");
  }

  static Lifecycle start(Services services) {
    return new Lifecycle(
        services,
        Description.of("start", "Start guests, and before them those that they require")
            .details(
                "A guest is created when its monitor answers, running when its CPUs run, and ready"
                    + " when its services are up. When a start fails, the stage, the command line"
                    + " and the last lines of the monitor and the guest are shown."),
        DOWN,
        (guests, name, invocation) -> guests.start(name));
  }

  static Lifecycle stop(Services services) {
    return new Lifecycle(
        services,
        Description.of("stop", "Stop guests, and before them those that require them")
            .details("The guest is asked to power off; when the time limit has passed it is ended.")
            .option(
                new Option(
                    "limit",
                    'l',
                    Kind.DURATION,
                    "",
                    "wait so long instead of as its definition says"))
            .example("lodge stop --limit 3s work", "End it if it is not off after 3 seconds."),
        EnumSet.complementOf(EnumSet.copyOf(DOWN)),
        (guests, name, invocation) -> guests.stop(name, invocation.duration("limit").orElse(null)));
  }

  static Lifecycle restart(Services services) {
    return new Lifecycle(
        services,
        Description.of(
                "restart", "Stop guests and start them again, while those that require them stay")
            .details("An edited definition applies from then on."),
        EnumSet.of(GuestState.RUNNING, GuestState.PAUSED),
        (guests, name, invocation) -> guests.restart(name));
  }

  static Lifecycle kill(Services services) {
    return new Lifecycle(
        services,
        Description.of("kill", "End the processes of guests now, without asking them")
            .details("What a guest has not written is lost. Never waits behind another command."),
        EnumSet.complementOf(EnumSet.copyOf(DOWN)),
        (guests, name, invocation) -> guests.kill(name));
  }

  static Lifecycle pause(Services services) {
    return new Lifecycle(
        services,
        Description.of("pause", "Halt the CPUs of guests, keeping their memory")
            .details("Their windows, connections and shares stay, and go on with: lodge resume"),
        EnumSet.of(GuestState.RUNNING),
        (guests, name, invocation) -> guests.pause(name));
  }

  static Lifecycle resume(Services services) {
    return new Lifecycle(
        services,
        Description.of("resume", "Let paused guests run on"),
        EnumSet.of(GuestState.PAUSED),
        (guests, name, invocation) -> guests.resume(name));
  }

  @Override
  public Description description() {
    return description;
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Guests guests = services.guests();
    Set<String> names = names(guests, invocation);
    Map<String, CompletableFuture<GuestStatus>> acts = new LinkedHashMap<>();
    List<GuestStatus> done = new ArrayList<>();
    List<GuestException> failed = new ArrayList<>();
    try (Progress progress = new Progress(services, guests, names, invocation)) {
      for (String name : names) {
        guests.status(name);
      }
      for (String name : names) {
        acts.put(name, act.on(guests, name, invocation));
      }
      for (Map.Entry<String, CompletableFuture<GuestStatus>> entry : acts.entrySet()) {
        String name = entry.getKey();
        if (invocation.flag("no-wait")) {
          done.add(guests.status(name));
          continue;
        }
        try {
          done.add(entry.getValue().get());
          progress.done(done.getLast());
        } catch (ExecutionException e) {
          GuestException failure = failure(name, e.getCause());
          failed.add(failure);
          progress.failed(failure, guests.status(name));
        }
      }
      if (!invocation.flag("no-wait")) {
        awaitShares(done, progress, invocation);
      }
    } catch (InterruptedException e) {
      invocation
          .err()
          .println(
              "lodge: the " + description.name() + " goes on in the background; see: lodge ls");
      return ExitCode.INTERRUPTED;
    }
    if (invocation.json()) {
      JsonArrayBuilder errors = Json.createArrayBuilder();
      failed.forEach(failure -> errors.add(Jsons.error(failure)));
      invocation.print(
          Json.createObjectBuilder()
              .add("guests", Jsons.guests(done))
              .add("errors", errors)
              .build());
    }
    return failed.isEmpty() ? ExitCode.OK : ExitCode.FAILED;
  }

  /** Whoever goes on in the guests expects their directories to be there. One wait for them all. */
  private void awaitShares(List<GuestStatus> done, Progress progress, Invocation invocation)
      throws InterruptedException {
    long deadline = System.nanoTime() + SHARES_LIMIT.toNanos();
    for (GuestStatus each : done) {
      if (each.state() == GuestState.RUNNING) {
        Duration left = Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
        awaitShares(each.name(), left, progress, invocation);
      }
    }
  }

  private void awaitShares(String name, Duration limit, Progress progress, Invocation invocation)
      throws InterruptedException {
    Shares shares = services.peek(Shares.class);
    if (shares == null) {
      return;
    }
    List<ShareStatus> declared = shares.awaitDeclared(name, limit);
    if (!declared.isEmpty()) {
      progress.shares(name);
    }
    for (ShareStatus share : declared) {
      boolean there =
          share.state() == ShareStatus.State.MOUNTED
              || share.state() == ShareStatus.State.GIVEN && share.mount().isEmpty()
              || share.state() == ShareStatus.State.REVOKED;
      if (!there) {
        invocation
            .err()
            .println(
                name
                    + ": the share "
                    + share.share()
                    + " is not there"
                    + invocation.safe(share.trouble().map(why -> ": " + why).orElse(" yet"))
                    + "; see: lodge share ls");
      }
    }
  }

  private static GuestException failure(String name, Throwable cause) {
    if (cause instanceof GuestException known) {
      return known;
    }
    return new GuestException(name, "lodge", String.valueOf(cause), List.of(), cause);
  }

  private Set<String> names(Guests guests, Invocation invocation) throws CommandException {
    Set<String> names = new LinkedHashSet<>(invocation.texts("GUEST"));
    if (invocation.flag("all") == !names.isEmpty()) {
      throw new CommandException(
          ExitCode.USAGE,
          description.name()
              + (names.isEmpty() ? ": name a guest, or say --all" : ": either names or --all"),
          List.of(
              "guests: "
                  + String.join(", ", guests.list().stream().map(GuestStatus::name).toList())));
    }
    if (names.isEmpty()) {
      guests.list().stream()
          .filter(status -> allMeans.contains(status.state()))
          .forEach(status -> names.add(status.name()));
      if (names.isEmpty() && !invocation.json()) {
        invocation.out().println("There is no guest to " + description.name() + ".");
      }
    }
    return names;
  }
}
