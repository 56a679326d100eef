package org.lodge.storage.internal;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonString;
import java.io.StringReader;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lodge.configuration.SchemaValidator;
import org.lodge.filesystem.Rules;
import org.lodge.storage.Shares.Problem;

/** Reads one definition: the schema first, then what a schema can't say. */
final class ShareReader {
  /** A tag and, with {@code fs-} before it, a device's name. */
  static final String NAME = "[a-z][a-z0-9-]{0,15}";

  private ShareReader() {}

  /**
   * @param grants empty where there are problems
   */
  record Result(List<Grant> grants, List<Problem> problems) {}

  static Result read(Path file, String name, String text, SchemaValidator schema) {
    List<Problem> problems = new ArrayList<>();
    if (!name.matches(NAME)) {
      problems.add(
          new Problem(
              file,
              "",
              name,
              "a share's name is its file's: it begins with a letter a-z and has at most 16 of a-z, 0-9 and -"));
    }
    schema
        .validate(text)
        .forEach(each -> problems.add(new Problem(file, each.key(), each.value(), each.message())));
    if (!problems.isEmpty()) {
      return new Result(List.of(), problems);
    }
    JsonObject json;
    try (JsonReader reader = Json.createReader(new StringReader(text))) {
      json = reader.readObject();
    }
    List<Grant> grants = new ArrayList<>();
    if (json.containsKey("path") == json.containsKey("file")) {
      problems.add(
          new Problem(
              file,
              "path",
              "",
              "either path, a directory, or file, a regular file, must be given"));
      return new Result(List.of(), problems);
    }
    JsonObject to = json.getJsonObject("to");
    String from = json.getString("from");
    for (String guest : to.keySet()) {
      if (guest.equals(from)) {
        problems.add(
            new Problem(
                file, "to." + guest, "", "a guest can't get a directory of its own; leave it out"));
      }
      JsonObject use = to.getJsonObject(guest);
      if (use.getBoolean("acl", false) && use.containsKey("uid")) {
        problems.add(
            new Problem(
                file,
                "to." + guest + ".acl",
                "true",
                "needs the owners as they are: leave out uid, or acl"));
      }
      grants.add(grant(name, guest, json, use));
    }
    return new Result(problems.isEmpty() ? grants : List.of(), problems);
  }

  private static Grant grant(String name, String guest, JsonObject share, JsonObject to) {
    Rules rules =
        new Rules(
            to.getString("access", "read-only").equals("read-only"),
            to.getBoolean("setUid", false),
            Rules.Xattrs.valueOf(to.getString("xattrs", "user").toUpperCase(Locale.ROOT)),
            to.getBoolean("acl", false),
            to.containsKey("hidden")
                ? to.getJsonArray("hidden").getValuesAs(JsonString::getString)
                : List.of(),
            bytes(to.getString("quota", "0")),
            to.getInt("quotaFiles", 0),
            to.getInt("operationsPerSecond", 0));
    boolean file = share.containsKey("file");
    return new Grant(
        name,
        guest,
        share.getString("from"),
        share.getString(file ? "file" : "path"),
        file,
        share.getBoolean("create", false),
        rules,
        Optional.ofNullable(to.getString("mount", null)),
        to.getString("cache", "auto"),
        Optional.ofNullable(to.getString("locks", null)),
        to.getInt("uid", -1),
        to.getInt("ownerUid", 0),
        Duration.ofSeconds(share.getInt("waitSeconds", (int) Grant.WAIT.toSeconds())),
        true);
  }

  private static long bytes(String size) {
    int unit = "KMGT".indexOf(size.charAt(size.length() - 1));
    String number = unit < 0 ? size : size.substring(0, size.length() - 1);
    return Long.parseLong(number) << 10 * (unit + 1);
  }
}
