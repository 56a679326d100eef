package org.lodge.shell.internal.command.rules;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonObjectBuilder;
import java.util.Locale;
import java.util.TreeMap;
import org.lodge.policy.Action;
import org.lodge.policy.Rule;
import org.lodge.shell.Description;

/** The JSON of rules; the keys are a promise. */
final class RuleJson {
  private RuleJson() {}

  static Description describe(Description description, String prefix) {
    return description
        .json(prefix + ".file", "its name without the folder; temporary for one in memory")
        .json(prefix + ".line", "from 1; of a temporary rule its number")
        .json(prefix + ".text", "as written, without its comment")
        .json(prefix + ".action", "allow, deny or ask")
        .json(prefix + ".service", "as written")
        .json(prefix + ".source", "as written")
        .json(prefix + ".target", "as written")
        .json(prefix + ".options", "every key=value of the line");
  }

  static JsonObject of(Rule rule) {
    JsonObjectBuilder options = Json.createObjectBuilder();
    new TreeMap<>(rule.options()).forEach(options::add);
    return Json.createObjectBuilder()
        .add("file", rule.file())
        .add("line", rule.line())
        .add("text", rule.text())
        .add("action", word(rule.action()))
        .add("service", rule.service())
        .add("source", rule.source())
        .add("target", rule.target())
        .add("options", options)
        .build();
  }

  static String word(Action action) {
    return action.name().toLowerCase(Locale.ROOT);
  }
}
