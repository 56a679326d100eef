package org.lodge.shell.internal.command;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentInfo;
import org.lodge.agent.AgentSession;
import org.lodge.agent.Agents;
import org.lodge.agent.GuestStats;
import org.lodge.shell.Description;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.Services;
import org.lodge.vm.GuestState;
import org.lodge.vm.GuestStatus;

/**
 * What a guest's agent says of its guest. All of it is the guest's own word.
 *
 * @param stats empty where the agent did not answer in time; then {@code trouble} says so
 */
record FromInside(AgentInfo info, Optional<GuestStats> stats, String trouble) {
  private static final Duration LIMIT = Duration.ofSeconds(2);

  /** Asks the guest, unless that is paused; empty where no agent is connected. */
  static Optional<FromInside> ask(Services services, GuestStatus guest)
      throws InterruptedIOException {
    Agents agents = services.peek(Agents.class);
    Optional<AgentSession> session =
        agents == null ? Optional.empty() : agents.session(guest.name());
    if (session.isEmpty()) {
      return Optional.empty();
    }
    AgentInfo info = session.get().info();
    if (guest.state() == GuestState.PAUSED) {
      return Optional.of(new FromInside(info, Optional.empty(), "paused"));
    }
    try {
      return Optional.of(new FromInside(info, Optional.of(session.get().stats(LIMIT)), ""));
    } catch (InterruptedIOException e) {
      throw e;
    } catch (AgentException e) {
      return Optional.of(new FromInside(info, Optional.empty(), e.getMessage()));
    } catch (IOException e) {
      return Optional.of(new FromInside(info, Optional.empty(), e.toString()));
    }
  }

  /**
   * Whether the guest has come up and its agent is there: "yes", "no", or nothing where it does not
   * run or was adopted and has not said so since.
   */
  static String ready(Services services, GuestStatus status) {
    if (status.state() != GuestState.RUNNING) {
      return "";
    }
    Agents agents = services.peek(Agents.class);
    boolean said = agents != null && agents.isReady(status.name());
    if (!said && agents != null && agents.isLost(status.name())) {
      return "no";
    }
    if (said || status.startTimes().ready().isPresent()) {
      return "yes";
    }
    return status.startTimes().created().isPresent() ? "no" : "";
  }

  /** By the names that {@code show} has for them. */
  Map<String, String> fields() {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("agent", info.version() + ", on " + info.hostName() + ", " + info.kernelRelease());
    if (stats.isEmpty()) {
      fields.put("inside", trouble);
      return fields;
    }
    GuestStats now = stats.get();
    fields.put("up", Durations.age(Duration.ofMillis(now.upMillis())));
    String loads =
        now.loads().stream()
            .map(load -> String.format(Locale.ROOT, "%.2f", load))
            .collect(Collectors.joining(" "));
    fields.put("load", loads + ", " + now.programs() + " programs");
    fields.put("used memory", part(now.memoryBytes(), now.memoryAvailableBytes()));
    fields.put("used disk", part(now.diskBytes(), now.diskAvailableBytes()));
    fields.put(
        "addresses",
        now.addresses().stream()
            .map(a ->
                a.networkInterface() + " " + a.address().getHostAddress() + "/" + a.prefixLength())
            .collect(Collectors.joining(", ")));
    if (now.addresses().isEmpty()) {
      fields.put("addresses", "none; it has no network");
    }
    return fields;
  }

  private static String part(long allBytes, long availableBytes) {
    long used = Math.max(0, allBytes - availableBytes);
    long percent = allBytes <= 0 ? 0 : used * 100 / allBytes;
    return Durations.size(used) + " of " + Durations.size(allBytes) + ", " + percent + " %";
  }

  static Description describe(Description description, String prefix) {
    return description
        .json(prefix + ".version", "of the agent; all of this is absent where none is connected")
        .json(prefix + ".hostName", "as the guest has it")
        .json(prefix + ".kernel", "its release")
        .json(prefix + ".bootId", "new with each boot")
        .json(prefix + ".upMillis", "since its boot; this and what follows absent without answer")
        .json(prefix + ".loads", "of 1, 5 and 15 minutes")
        .json(prefix + ".programs", "how many run")
        .json(prefix + ".memoryBytes", "that its kernel has")
        .json(prefix + ".memoryAvailableBytes", "that programs could still have")
        .json(prefix + ".diskBytes", "of its root file system")
        .json(prefix + ".diskAvailableBytes", "of these free")
        .json(prefix + ".addresses[].interface", "such as eth0")
        .json(prefix + ".addresses[].address", "IPv4 or IPv6")
        .json(prefix + ".addresses[].prefixLength", "in bits");
  }

  JsonObjectBuilder json() {
    JsonObjectBuilder json = Json.createObjectBuilder();
    json.add("version", info.version()).add("hostName", info.hostName());
    json.add("kernel", info.kernelRelease()).add("bootId", info.bootId());
    if (stats.isEmpty()) {
      return json;
    }
    GuestStats now = stats.get();
    JsonArrayBuilder loads = Json.createArrayBuilder();
    now.loads().forEach(loads::add);
    JsonArrayBuilder addresses = Json.createArrayBuilder();
    for (GuestStats.Address address : now.addresses()) {
      addresses.add(
          Json.createObjectBuilder()
              .add("interface", address.networkInterface())
              .add("address", address.address().getHostAddress())
              .add("prefixLength", address.prefixLength()));
    }
    return json.add("upMillis", now.upMillis())
        .add("loads", loads)
        .add("programs", now.programs())
        .add("memoryBytes", now.memoryBytes())
        .add("memoryAvailableBytes", now.memoryAvailableBytes())
        .add("diskBytes", now.diskBytes())
        .add("diskAvailableBytes", now.diskAvailableBytes())
        .add("addresses", addresses);
  }
}
