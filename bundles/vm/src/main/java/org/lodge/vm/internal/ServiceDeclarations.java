package org.lodge.vm.internal;

import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.lodge.agent.GuestService;
import org.lodge.connect.Carriage;
import org.lodge.connect.GuestSession;
import org.lodge.connect.ServiceDescription;

/** Reads what a guest offers to others: {@code services} of its definition. */
final class ServiceDeclarations {
  /** What a guest runs for a service whose definition does not say. */
  private static final String FOLDER = "/etc/lodge/offers/";

  /** Takes what is wrong with a key's value. */
  interface Problems {
    void problem(String key, String value, String message);
  }

  private ServiceDeclarations() {}

  static List<GuestService> of(JsonObject json, Problems problems) {
    List<GuestService> services = new ArrayList<>();
    if (json.size() > GuestSession.MAX_SERVICES) {
      problems.problem(
          "services", "", "are more than " + GuestSession.MAX_SERVICES + "; a guest has no more");
      return services;
    }
    for (String name : json.keySet()) {
      JsonObject one = json.getJsonObject(name);
      try {
        services.add(
            new GuestService(
                new ServiceDescription(
                    name,
                    one.getBoolean("handles", false) ? Carriage.HANDLES : Carriage.BYTES,
                    one.getString("description", ""),
                    List.of()),
                way(name, one)));
      } catch (IllegalArgumentException e) {
        problems.problem("services." + name, "\"" + name + "\"", e.getMessage());
      }
      List<String> ways = Stream.of("command", "socket", "port").filter(one::containsKey).toList();
      if (ways.size() > 1) {
        problems.problem(
            "services." + name + "." + ways.get(1),
            one.get(ways.get(1)).toString(),
            "can't stand beside " + ways.get(0) + ": a service has one of command, socket, port");
      } else if (one.containsKey("user") && !ways.isEmpty() && !ways.contains("command")) {
        problems.problem(
            "services." + name + ".user",
            one.get("user").toString(),
            "is for a command; the server behind a " + ways.get(0) + " has its own");
      } else if (one.getBoolean("handles", false) && !ways.equals(List.of("socket"))) {
        problems.problem(
            "services." + name + ".handles",
            "true",
            "needs a socket: nothing else can pass descriptors");
      }
    }
    return services;
  }

  private static GuestService.Way way(String name, JsonObject one) {
    if (one.containsKey("socket")) {
      return new GuestService.UnixSocket(one.getString("socket"));
    }
    if (one.containsKey("port")) {
      return new GuestService.TcpPort(one.getInt("port"));
    }
    List<String> command =
        one.containsKey("command")
            ? one.getJsonArray("command").getValuesAs(JsonString::getString)
            : List.of(FOLDER + name);
    return new GuestService.Run(command, Optional.ofNullable(one.getString("user", null)));
  }
}
