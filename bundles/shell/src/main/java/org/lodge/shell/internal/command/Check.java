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
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Services;
import org.lodge.vm.Definitions.Problem;

/** {@code check}: says what is wrong with the definitions of all kinds, without acting. */
final class Check implements Command {
  private final Services services;

  Check(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("check", "Say what is wrong with the definitions, without acting")
        .details(
            "Reads vm/*.json, image/*.json and share/*.json below the folder. Needs no running"
                + " Lodge. Says file, key, value and what is allowed.")
        .argument("FOLDER", Kind.PATH, Arity.OPTIONAL, "where; Lodge's own config if absent")
        .example("lodge check", "Before an edited definition is used.")
        .example("lodge check ~/lodge-config", "A folder that is not in use yet.")
        .json("folder", "what was read")
        .json("files", "how many definitions were read")
        .json("problems[].file", "the definition")
        .json("problems[].key", "such as disks[0].path; empty for the file as a whole")
        .json("problems[].value", "as written; empty where there is none")
        .json("problems[].message", "what is wrong and what is allowed")
        .exitCode(ExitCode.FAILED, "a definition is wrong, or the folder can't be read");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Path folder =
        invocation.optional("FOLDER").isPresent()
            ? invocation.path("FOLDER")
            : services.folder("lodge.config");
    if (!Files.isDirectory(folder)) {
      throw new CommandException(
          "there is no folder " + folder + "; name one that has the folders vm, image or share");
    }
    List<Problem> problems = new ArrayList<>();
    Path guests = folder.resolve("vm");
    List<Path> guestFiles = files(guests);
    if (!guestFiles.isEmpty()) {
      problems.addAll(services.definitions().check(guests));
    }
    List<Path> imageFiles = files(folder.resolve("image"));
    for (Path file : imageFiles) {
      Images images = services.images();
      images.check(file).forEach(message -> problems.add(new Problem(file, "", "", message)));
    }
    Path shares = folder.resolve("share");
    List<Path> shareFiles = files(shares);
    if (!shareFiles.isEmpty()) {
      services.shares().check(shares).stream()
          .map(each -> new Problem(each.file(), each.key(), each.value(), each.message()))
          .forEach(problems::add);
    }
    int count = guestFiles.size() + imageFiles.size() + shareFiles.size();
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

  private static String summary(Path folder, int count, List<Problem> problems) {
    if (count == 0) {
      return folder
          + ": no definition; vm/NAME.json declares a guest, image/NAME.json an image,"
          + " share/NAME.json a directory that guests share";
    }
    String read = folder + ": " + count + (count == 1 ? " definition, " : " definitions, ");
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

  private static List<Path> files(Path folder) throws IOException {
    List<Path> files = new ArrayList<>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "*.json")) {
        found.forEach(files::add);
      }
    }
    files.sort(null);
    return files;
  }
}
