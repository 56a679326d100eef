package org.lodge.shell.internal.admin;

import jakarta.json.Json;
import jakarta.json.JsonException;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The payload of a RUN frame, checked. */
record Request(
    List<String> words,
    Path folder,
    int columns,
    int rows,
    boolean stdinTty,
    boolean stdoutTty,
    String term,
    boolean noColor) {
  private static final int VERSION = 2;
  private static final int MOST_WORDS = 1024;
  private static final int LARGEST_SIDE = 10_000;

  static Request parse(byte[] untrustedPayload) throws IOException {
    try (JsonReader reader = Json.createReader(new ByteArrayInputStream(untrustedPayload))) {
      JsonObject json = reader.readObject();
      int version = json.getInt("version");
      if (version != VERSION) {
        throw new IOException("The client speaks version " + version + ", Lodge " + VERSION);
      }
      List<String> words = new ArrayList<>();
      for (JsonValue word : json.getJsonArray("argv")) {
        words.add(((JsonString) word).getString());
      }
      Path folder = Path.of(json.getString("cwd"));
      if (words.size() > MOST_WORDS || !folder.isAbsolute()) {
        throw new IOException("Malformed request");
      }
      return new Request(
          List.copyOf(words),
          folder,
          Math.clamp(json.getInt("columns"), 1, LARGEST_SIDE),
          Math.clamp(json.getInt("rows"), 1, LARGEST_SIDE),
          json.getBoolean("stdinTty"),
          json.getBoolean("stdoutTty"),
          term(json.getString("term")),
          json.getBoolean("noColor"));
    } catch (JsonException
        | ClassCastException
        | NullPointerException
        | InvalidPathException
        | IllegalStateException e) {
      throw new IOException("Malformed request: " + e.getMessage(), e);
    }
  }

  /** It goes into a program's argument in JLine, so only a plain name is taken. */
  private static String term(String untrustedTerm) {
    boolean plain =
        untrustedTerm.length() <= 40
            && !untrustedTerm.startsWith("-")
            && untrustedTerm
                .chars()
                .allMatch(c -> c < 128 && (Character.isLetterOrDigit(c) || "-+._".indexOf(c) >= 0));
    return plain && !untrustedTerm.isEmpty() ? untrustedTerm : "dumb";
  }
}
