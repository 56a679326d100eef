package org.lodge.shell.internal.command;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lodge.images.Images;
import org.lodge.policy.Finding;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;
import org.lodge.vm.Definitions.Problem;

/** {@code check}: says what is wrong with definitions of all kinds and rules, without acting. */
final class Check implements Command {
  private static final String JSON = "*.json";

  private final Services services;

  Check(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("check", "Say what is wrong with definitions and rules, without acting")
        .details(
            "Reads vm/*.json, image/*.json, share/*.json and the rules in policy.d/*.policy below"
                + " the folder. Needs no running Lodge. Says file, key or line, value and what is"
                + " allowed. What rules are suspicious: lodge policy check.")
        .argument("FOLDER", Kind.PATH, Arity.OPTIONAL, "where; Lodge's own config if absent")
        .example("lodge check", "Before an edited definition is used.")
        .example("lodge check ~/lodge-config", "A folder that is not in use yet.")
        .json("folder", "what was read")
        .json("files", "how many definitions and files of rules were read")
        .json("problems[].file", "the definition")
        .json("problems[].key", "such as disks[0].path, or line 3; empty for the file as a whole")
        .json("problems[].value", "as written; empty where there is none")
        .json("problems[].message", "what is wrong and what is allowed")
        .exitCode(ExitCode.FAILED, "a definition or rule is wrong, or the folder can't be read");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Path folder =
        invocation.optional("FOLDER").isPresent()
            ? invocation.path("FOLDER")
            : services.folder("lodge.config");
    if (!Files.isDirectory(folder)) {
      throw new CommandException(
          "there is no folder "
              + folder
              + "; name one that has the folders vm, image, share or policy.d");
    }
    List<Problem> problems = new ArrayList<>();
    Path guests = folder.resolve("vm");
    List<Path> guestFiles = files(guests, JSON);
    if (!guestFiles.isEmpty()) {
      problems.addAll(services.definitions().check(guests));
    }
    List<Path> imageFiles = files(folder.resolve("image"), JSON);
    for (Path file : imageFiles) {
      Images images = services.images();
      images.check(file).forEach(message -> problems.add(new Problem(file, "", "", message)));
    }
    Path shares = folder.resolve("share");
    List<Path> shareFiles = files(shares, JSON);
    if (!shareFiles.isEmpty()) {
      services.shares().check(shares).stream()
          .map(each -> new Problem(each.file(), each.key(), each.value(), each.message()))
          .forEach(problems::add);
    }
    Path rules = folder.resolve("policy.d");
    List<Path> ruleFiles = files(rules, "*.policy");
    if (!ruleFiles.isEmpty()) {
      services.policy().check(rules).stream()
          .map(each -> problem(rules, each))
          .forEach(problems::add);
    }
    int count = ruleFiles.size() + guestFiles.size() + imageFiles.size() + shareFiles.size();
    if (invocation.json()) {
      json(folder, count, problems, invocation);
    } else {
      for (Problem problem : problems) {
        invocation.out().println(invocation.safe(line(folder, problem)));
      }
      invocation.out().println(summary(folder, count, problems));
    }
    return problems.isEmpty() ? ExitCode.OK : ExitCode.FAILED;
  }

  private static Problem problem(Path rules, Finding finding) {
    // Of the folder itself there is no file; the policy names it then.
    Path file = rules.endsWith(finding.file()) ? rules : rules.resolve(finding.file());
    String key = finding.line() == 0 ? "" : "line " + finding.line();
    return new Problem(file, key, "", finding.message());
  }

  private static String summary(Path folder, int count, List<Problem> problems) {
    if (count == 0) {
      return folder
          + ": no definition; vm/NAME.json declares a guest, image/NAME.json an image,"
          + " share/NAME.json a directory that guests share, policy.d/NAME.policy who may call whom";
    }
    String read = folder + ": " + count + (count == 1 ? " file, " : " files, ");
    if (problems.isEmpty()) {
      return read + "nothing wrong";
    }
    return read + problems.size() + (problems.size() == 1 ? " problem" : " problems");
  }

  private static String line(Path folder, Problem problem) {
    Path file =
        problem.file().startsWith(folder) ? folder.relativize(problem.file()) : problem.file();
    StringBuilder line = new StringBuilder(file.toString()).append(": ");
    if (!problem.key().isEmpty()) {
      line.append(problem.key());
      line.append(problem.value().isEmpty() ? "" : " = " + problem.value()).append(": ");
    }
    return line.append(problem.message()).toString();
  }

  private static void json(Path folder, int count, List<Problem> problems, Invocation invocation) {
    JsonArrayBuilder array = Json.createArrayBuilder();
    for (Problem problem : problems) {
      array.add(
          Json.createObjectBuilder()
              .add("file", problem.file().toString())
              .add("key", problem.key())
              .add("value", problem.value())
              .add("message", problem.message()));
    }
    invocation.print(
        Json.createObjectBuilder()
            .add("folder", folder.toString())
            .add("files", count)
            .add("problems", array)
            .build());
  }

  private static List<Path> files(Path folder, String glob) throws IOException {
    List<Path> files = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, glob)) {
        found.forEach(files::add);
      }
    }
    files.sort(null);
    return files;
  }
}
