package org.lodge.shell.internal;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.lodge.images.ImageStatus;
import org.lodge.shell.Description;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestStatus;

/**
 * The JSON of guests and images; the keys are a promise, and {@link #describeGuest} documents them.
 */
public final class Jsons {
  private Jsons() {}

  /** Adds the keys of {@link #guest} below a prefix such as {@code guests[]}. */
  public static Description describeGuest(Description description, String prefix) {
    return description
        .json(prefix + ".name", "the guest")
        .json(prefix + ".description", "of its definition")
        .json(
            prefix + ".state",
            "defined, created, ready, running, paused, stopping, stopped, failed or unknown")
        .json(prefix + ".since", "when it came into this state, ISO 8601")
        .json(prefix + ".pid", "of its monitor; absent where none runs")
        .json(prefix + ".residentBytes", "memory its monitor holds; absent where none runs")
        .json(prefix + ".memoryBytes", "memory it is given")
        .json(prefix + ".cpus", "virtual CPUs")
        .json(prefix + ".autostart", "whether it starts with Lodge")
        .json(prefix + ".pending", "whether an edited definition waits for the next start")
        .json(prefix + ".requires", "the guests that must run before it")
        .json(prefix + ".vmm", "the monitor")
        .json(prefix + ".image", "the image it boots; absent where it names files")
        .json(prefix + ".definitionFile", "absent once the file is gone")
        .json(prefix + ".accelerator", "which and why; absent before the first start")
        .json(prefix + ".commandLine", "of the monitor, word by word")
        .json(
            prefix + ".startMillis",
            "of the last start: created, running, userSpace, ready; those that came")
        .json(prefix + ".failure", "stage, cause, lastLines, at; absent where nothing failed")
        .json(prefix + ".restarts", "automatic ones since a person last started it");
  }

  public static JsonObject guest(GuestStatus status) {
    JsonObjectBuilder json = Json.createObjectBuilder();
    json.add("name", status.name()).add("description", status.description());
    json.add("state", GuestText.state(status)).add("since", status.since().toString());
    status.pid().ifPresent(pid -> json.add("pid", pid));
    status
        .pid()
        .ifPresent(
            pid -> ProcessUse.of(pid).ifPresent(u -> json.add("residentBytes", u.residentBytes())));
    json.add("memoryBytes", status.memoryBytes()).add("cpus", status.cpus());
    json.add("autostart", status.autostart()).add("pending", status.pending());
    json.add("requires", strings(status.requires())).add("vmm", status.vmm());
    if (status.image() != null && !status.image().isEmpty()) {
      json.add("image", status.image());
    }
    status.definitionFile().ifPresent(file -> json.add("definitionFile", file.toString()));
    status.accelerator().ifPresent(accelerator -> json.add("accelerator", accelerator));
    json.add("commandLine", strings(status.commandLine()));
    JsonObjectBuilder times = Json.createObjectBuilder();
    millis(times, "created", status.startTimes().created());
    millis(times, "running", status.startTimes().running());
    millis(times, "userSpace", status.startTimes().userSpace());
    millis(times, "ready", status.startTimes().ready());
    json.add("startMillis", times);
    status
        .failure()
        .ifPresent(failure ->
            json.add(
                "failure",
                Json.createObjectBuilder()
                    .add("stage", failure.stage())
                    .add("cause", failure.cause())
                    .add("lastLines", strings(failure.lastLines()))
                    .add("at", failure.at().toString())));
    return json.add("restarts", status.restarts()).build();
  }

  public static JsonArray guests(List<GuestStatus> list) {
    return Json.createArrayBuilder(list.stream().map(Jsons::guest).toList()).build();
  }

  public static JsonObject error(GuestException e) {
    return Json.createObjectBuilder()
        .add("guest", e.guest())
        .add("stage", e.stage())
        .add("message", String.valueOf(e.getMessage()))
        .add("lines", strings(e.lastLines()))
        .build();
  }

  public static JsonObject image(ImageStatus image) {
    JsonObjectBuilder json = Json.createObjectBuilder();
    json.add("name", image.name())
        .add("origin", image.origin().name().toLowerCase(java.util.Locale.ROOT));
    image.digest().ifPresent(digest -> json.add("digest", digest));
    image.builtAt().ifPresent(at -> json.add("builtAt", at.toString()));
    json.add("sizeBytes", image.sizeBytes()).add("upToDate", image.upToDate());
    image.problem().ifPresent(problem -> json.add("problem", problem));
    return json.build();
  }

  /** Adds the keys of {@link #image} below a prefix. */
  public static Description describeImage(Description description, String prefix) {
    return description
        .json(prefix + ".name", "the image")
        .json(prefix + ".origin", "definition or import")
        .json(prefix + ".digest", "SHA-256 of its files; absent where it was never built")
        .json(prefix + ".builtAt", "ISO 8601; absent where it was never built")
        .json(prefix + ".sizeBytes", "kernel, initrd and root together")
        .json(prefix + ".upToDate", "whether its definition is unchanged since")
        .json(prefix + ".problem", "what is wrong with its definition; absent where nothing is");
  }

  public static JsonArray strings(Collection<String> strings) {
    return Json.createArrayBuilder(strings).build();
  }

  private static void millis(JsonObjectBuilder json, String key, Optional<Duration> time) {
    time.ifPresent(duration -> json.add(key, duration.toMillis()));
  }
}
