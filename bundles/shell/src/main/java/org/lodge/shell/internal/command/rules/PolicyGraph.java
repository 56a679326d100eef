package org.lodge.shell.internal.command.rules;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.lodge.policy.AccessGraph;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.Services;

/** {@code policy graph}: who can reach whom. */
final class PolicyGraph implements Command {
  private final Services services;

  PolicyGraph(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("policy graph", "Show who can reach whom under the rules")
        .details(
            "What can happen, not what does: see lodge connections for that. In the drawing a line"
                + " is allow and a dashed one ask. Needs no running Lodge.")
        .option(new Option("svg", 's', Kind.PATH, "", "draw it into this file instead"))
        .example("lodge policy graph", "As text.")
        .example("lodge policy graph --svg reach.svg", "As a drawing, for a browser.")
        .json("edges[].source", "who calls")
        .json("edges[].target", "where it ends, redirects followed")
        .json("edges[].service", "as a rule writes it; * for those that no rule names")
        .json("edges[].action", "allow or ask")
        .json("edges[].rule", "the file and line that say so")
        .json("svg", "the file that was written; absent without --svg");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    AccessGraph graph = services.policy().graph(services.parties());
    boolean draws = invocation.optional("svg").isPresent();
    if (draws) {
      write(invocation.path("svg"), graph.svg());
    }
    if (invocation.json()) {
      JsonArrayBuilder edges = Json.createArrayBuilder();
      for (AccessGraph.Edge edge : graph.edges()) {
        edges.add(
            Json.createObjectBuilder()
                .add("source", edge.source())
                .add("target", edge.target())
                .add("service", edge.service())
                .add("action", RuleJson.word(edge.action()))
                .add("rule", edge.rule().place()));
      }
      var json = Json.createObjectBuilder().add("edges", edges);
      if (draws) {
        json.add("svg", invocation.path("svg").toString());
      }
      invocation.print(json.build());
    } else if (draws) {
      Path file = invocation.path("svg");
      invocation.out().println(file + ": " + graph.edges().size() + " ways between guests");
    } else if (graph.edges().isEmpty()) {
      invocation.out().println("Nobody can reach anybody; see: lodge policy check");
    } else {
      String text = graph.text();
      text.lines().forEach(line -> invocation.out().println(invocation.safe(line)));
    }
    return ExitCode.OK;
  }

  private static void write(Path file, String svg) throws CommandException {
    try {
      Files.writeString(file, svg);
    } catch (NoSuchFileException e) {
      throw new CommandException("there is no folder " + file.getParent() + "; make it first");
    } catch (AccessDeniedException e) {
      throw new CommandException(file + " can't be written by the user Lodge runs as");
    } catch (IOException e) {
      throw new CommandException(file + " can't be written: " + e.getMessage());
    }
  }
}
