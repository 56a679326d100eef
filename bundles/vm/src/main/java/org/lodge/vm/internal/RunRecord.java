package org.lodge.vm.internal;

import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * {@code guest.json} in a guest's run directory: the definition it was started with, for a later
 * Lodge. It is written once per start, and need not survive the host.
 *
 * @param file where the definition stood, by which its relative paths are read
 * @param text of the definition
 */
record RunRecord(String vmm, Path file, String text) {
  private static final String NAME = "guest.json";

  void write(Path runDirectory) throws IOException {
    JsonObject json =
        Json.createObjectBuilder()
            .add("version", 1)
            .add("vmm", vmm)
            .add("file", file.toString())
            .add("definition", text)
            .build();
    Files.writeString(runDirectory.resolve(NAME), json.toString());
  }

  /** Empty where there is none that can be understood. */
  static Optional<RunRecord> read(Path runDirectory) throws IOException {
    String text;
    try {
      text = Files.readString(runDirectory.resolve(NAME));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    }
    try (JsonReader reader = Json.createReader(new StringReader(text))) {
      JsonObject json = reader.readObject();
      return Optional.of(
          new RunRecord(
              json.getString("vmm"),
              Path.of(json.getString("file")),
              json.getString("definition")));
    } catch (JsonException
        | NullPointerException
        | ClassCastException
        | IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
