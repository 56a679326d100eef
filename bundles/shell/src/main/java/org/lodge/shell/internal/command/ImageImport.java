package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import org.lodge.images.ImageStatus;
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

/** {@code image import NAME FOLDER}: takes what another system has built. */
final class ImageImport implements Command {
  private final Services services;

  ImageImport(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Jsons.describeImage(
        Description.of("image import", "Take a ready kernel, initrd and root as an image")
            .details(
                "The files are named kernel, initrd and, if there is one, root; they are copied.")
            .argument(
                "IMAGE",
                Kind.TEXT,
                Arity.ONE,
                "the name it gets; an image of this name is replaced")
            .argument("FOLDER", Kind.PATH, Arity.ONE, "where the files are")
            .example("lodge image import alpine ./alpine", "As a Nix or Alpine build makes them.")
            .json("image", "the image"),
        "image");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Path folder = invocation.path("FOLDER");
    if (!Files.isDirectory(folder)) {
      throw new CommandException(
          "there is no folder "
              + folder
              + "; name one with the files kernel, initrd and, if any, root");
    }
    ImageStatus image = services.images().importDirectory(invocation.text("IMAGE"), folder);
    if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("image", Jsons.image(image)).build());
    } else {
      invocation
          .out()
          .println(
              image.name()
                  + ": "
                  + Durations.size(image.sizeBytes())
                  + ", sha256 "
                  + image.digest().orElse("unknown"));
    }
    return ExitCode.OK;
  }
}
