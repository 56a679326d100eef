package org.lodge.images.internal;

import jakarta.json.Json;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.lodge.configuration.SchemaValidator;
import org.lodge.images.internal.ImageDefinition.AddedFile;
import org.lodge.images.internal.ImageDefinition.Content;
import org.lodge.images.internal.ImageDefinition.Kernel;
import org.lodge.images.internal.ImageDefinition.Service;
import org.lodge.images.internal.ImageDefinition.Variant;

/** Reads a definition: first against its schema, then the files it names. */
final class DefinitionReader {

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,30}");
  private static final long MOST_BYTES = 1 << 20;

  /** Either a definition or what is wrong with it. */
  record Result(Optional<ImageDefinition> definition, List<String> problems) {}

  private final SchemaValidator validator;

  DefinitionReader(SchemaValidator validator) {
    this.validator = validator;
  }

  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  Result read(Path path) {
    try {
      if (Files.size(path) > MOST_BYTES) {
        return refused(path + ": longer than " + MOST_BYTES + " bytes");
      }
      return read(path, Files.readString(path));
    } catch (IOException e) {
      return refused(path + ": cannot be read: " + e);
    }
  }

  Result read(Path path, String text) {
    String file = String.valueOf(path.getFileName());
    String name = file.replaceFirst("\\.json$", "");
    if (!isName(name)) {
      return refused(
          path + ": an image's name is a letter, then letters, digits or '-', at most 31");
    }
    List<String> problems = new ArrayList<>();
    for (SchemaValidator.Problem problem : validator.validate(text)) {
      problems.add(said(path, problem.key(), problem.value(), problem.message()));
    }
    if (!problems.isEmpty()) {
      return new Result(Optional.empty(), problems);
    }
    JsonObject json;
    try (var reader = Json.createReader(new StringReader(text))) {
      json = reader.readObject();
    }
    List<AddedFile> files = files(path, json, problems);
    if (!problems.isEmpty()) {
      return new Result(Optional.empty(), problems);
    }
    JsonObject kernel = json.getJsonObject("kernel");
    ImageDefinition definition =
        new ImageDefinition(
            name,
            path,
            text,
            json.getString("suite"),
            json.getString("variant", "essential").equals("extract")
                ? Variant.EXTRACT
                : Variant.ESSENTIAL,
            strings(json, "packages"),
            new Kernel(
                kernel.getString("package"),
                strings(kernel, "early"),
                strings(kernel, "modules"),
                strings(kernel, "arguments"),
                strings(kernel, "tcgArguments")),
            files,
            services(json),
            strings(json, "prune"),
            json.containsKey("keepLibraries")
                ? Optional.of(strings(json, "keepLibraries"))
                : Optional.empty(),
            json.getString("compression", "lz4"));
    return new Result(Optional.of(definition), List.of());
  }

  private static List<AddedFile> files(Path path, JsonObject json, List<String> problems) {
    List<AddedFile> files = new ArrayList<>();
    JsonArray array = json.getJsonArray("files");
    for (int i = 0; array != null && i < array.size(); i++) {
      JsonObject file = array.getJsonObject(i);
      String target = file.getString("path");
      if (List.of(target.split("/")).stream().anyMatch(p -> p.equals("..") || p.equals("."))) {
        problems.add(said(path, "files[" + i + "].path", target, "must not contain . or .."));
        continue;
      }
      Content content;
      if (file.containsKey("link")) {
        content = new Content.Link(file.getString("link"));
      } else if (file.containsKey("content")) {
        content = new Content.Bytes(file.getString("content").getBytes(StandardCharsets.UTF_8));
      } else {
        String source = file.getString("source");
        Path resolved = path.resolveSibling(source);
        try {
          content = new Content.Bytes(Files.readAllBytes(resolved));
        } catch (IOException e) {
          String why = Files.exists(resolved) ? "cannot be read: " + e : "no such file";
          problems.add(said(path, "files[" + i + "].source", source, why + ": " + resolved));
          continue;
        }
      }
      files.add(
          new AddedFile(target, Integer.parseInt(file.getString("mode", "0644"), 8), content));
    }
    return files;
  }

  private static List<Service> services(JsonObject json) {
    List<Service> services = new ArrayList<>();
    for (JsonValue value :
        json.getOrDefault("services", JsonValue.EMPTY_JSON_ARRAY).asJsonArray()) {
      JsonObject service = value.asJsonObject();
      services.add(
          new Service(
              service.getString("name"),
              service.getString("command"),
              service.getBoolean("notifies", false)));
    }
    return services;
  }

  private static List<String> strings(JsonObject json, String key) {
    return json.getOrDefault(key, JsonValue.EMPTY_JSON_ARRAY).asJsonArray().stream()
        .map(value -> ((JsonString) value).getString())
        .toList();
  }

  private static Result refused(String problem) {
    return new Result(Optional.empty(), List.of(problem));
  }

  private static String said(Path path, String key, String value, String message) {
    return path
        + (key.isEmpty() ? "" : ": " + key)
        + (value.isEmpty() ? "" : " = " + value)
        + ": "
        + message;
  }
}
