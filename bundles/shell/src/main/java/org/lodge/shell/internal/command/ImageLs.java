package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.lodge.images.ImageStatus;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.Jsons;
import org.lodge.shell.internal.Services;

/** {@code image ls}: the images that guests boot from. */
final class ImageLs implements Command {
  private static final List<Column> COLUMNS =
      List.of(
          new Column("NAME", Style.LEFT, 1),
          new Column("ORIGIN", Style.LEFT, 0),
          new Column("SIZE", Style.RIGHT, 0),
          new Column("BUILT", Style.RIGHT, 0),
          new Column("CURRENT", Style.LEFT, 0),
          new Column("DIGEST", Style.LEFT, 4),
          new Column("NOTE", Style.LEFT, 3));

  private final Services services;

  ImageLs(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Jsons.describeImage(
        Description.of("image ls", "List the images that guests boot from")
            .details("CURRENT says whether the definition is unchanged since the image was built.")
            .example("lodge image ls", "All that are defined, built or imported.")
            .json("images", "by name"),
        "images[]");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    List<ImageStatus> images = services.images().list();
    if (invocation.json()) {
      var array = Json.createArrayBuilder(images.stream().map(Jsons::image).toList());
      invocation.print(Json.createObjectBuilder().add("images", array).build());
    } else if (images.isEmpty()) {
      invocation.out().println("No image is defined; see config/image and: lodge help image build");
    } else {
      invocation.print(new Table(COLUMNS, images.stream().map(ImageLs::row).toList()));
    }
    return ExitCode.OK;
  }

  static List<String> row(ImageStatus image) {
    boolean built = image.digest().isPresent();
    return List.of(
        image.name(),
        image.origin().name().toLowerCase(Locale.ROOT),
        built ? Durations.size(image.sizeBytes()) : "",
        image
            .builtAt()
            .map(at -> Durations.age(Duration.between(at, Instant.now())) + " ago")
            .orElse("never"),
        built ? image.upToDate() ? "yes" : "no" : "",
        image.digest().map(digest -> digest.substring(0, Math.min(12, digest.length()))).orElse(""),
        image.problem().orElse(""));
  }
}
