package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.lodge.images.BuildOptions;
import org.lodge.images.ImageStatus;
import org.lodge.images.Images;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.Jsons;
import org.lodge.shell.internal.Services;

/** {@code image build NAME...}: makes images from their definitions. */
final class ImageBuild implements Command {
  private final Services services;

  ImageBuild(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Jsons.describeImage(
        Description.of("image build", "Build images unless nothing they are made of has changed")
            .details("Ctrl-C ends the build; the former image stays. Needs no running Lodge.")
            .argument("IMAGE", Kind.IMAGE, Arity.ANY, "which; or --all")
            .flag("all", 'a', "every image that has a definition")
            .flag("force", '\0', "build even where nothing has changed")
            .flag("update-lock", '\0', "take the newest packages instead of those that are locked")
            .example("lodge image build display", "Builds the image display if it is not current.")
            .example("lodge image build --all --update-lock", "All of them, from newest packages.")
            .json("images", "those built or found current"),
        "images[]");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Images images = services.images();
    List<String> names = new ArrayList<>(invocation.texts("IMAGE"));
    if (invocation.flag("all") == !names.isEmpty()) {
      throw new CommandException(
          ExitCode.USAGE,
          "image build: "
              + (names.isEmpty() ? "name an image, or say --all" : "either names or --all"),
          List.of(
              "images: "
                  + String.join(", ", images.list().stream().map(ImageStatus::name).toList())));
    }
    if (names.isEmpty()) {
      // An image outlives its definition, and can't be built any more.
      Path definitions = services.folder("lodge.config").resolve("image");
      images.list().stream()
          .filter(image -> image.origin() == ImageStatus.Origin.DEFINITION)
          .filter(image -> Files.exists(definitions.resolve(image.name() + ".json")))
          .forEach(image -> names.add(image.name()));
    }
    BuildOptions options =
        new BuildOptions(invocation.flag("force"), invocation.flag("update-lock"));
    List<ImageStatus> built = new ArrayList<>();
    for (String name : names) {
      built.add(
          images.build(name, options, (what, percent) -> say(name, what, percent, invocation)));
      if (!invocation.json()) {
        clear(invocation);
        ImageStatus image = built.getLast();
        invocation
            .out()
            .println(
                name
                    + ": "
                    + Durations.size(image.sizeBytes())
                    + ", sha256 "
                    + image.digest().orElse("unknown"));
      }
    }
    if (invocation.json()) {
      var array = Json.createArrayBuilder(built.stream().map(Jsons::image).toList());
      invocation.print(Json.createObjectBuilder().add("images", array).build());
    }
    return ExitCode.OK;
  }

  private static void say(String name, String what, int percent, Invocation invocation) {
    if (invocation.json()) {
      return;
    }
    String line = name + ": " + (percent < 0 ? "" : percent + " % ") + invocation.safe(what);
    clear(invocation);
    boolean tty = invocation.terminal().outputIsTty();
    invocation.out().print(tty ? fit(line, invocation) : line + "\n");
    invocation.out().flush();
  }

  private static String fit(String line, Invocation invocation) {
    return org.lodge.shell.internal.SafeText.truncate(line, invocation.terminal().columns() - 1);
  }

  private static void clear(Invocation invocation) {
    if (invocation.terminal().outputIsTty()) {
      invocation.out().print("\r\033[K");
    }
  }
}
