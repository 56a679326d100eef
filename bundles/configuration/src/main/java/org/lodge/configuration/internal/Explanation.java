package org.lodge.configuration.internal;

import dev.harrel.jsonschema.Error;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import jakarta.json.JsonValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.lodge.configuration.SchemaValidator.Problem;

/** Says for a person what a schema's error means and what is allowed instead. */
final class Explanation {
  private final JsonValue schema;
  private final JsonValue document;

  Explanation(JsonValue schema, JsonValue document) {
    this.schema = schema;
    this.document = document;
  }

  List<Problem> explain(Error error) {
    Pointer place = Pointer.parse(error.getInstanceLocation());
    JsonValue value = place.in(document);
    Pointer rulePlace = Pointer.parseFragment(fragment(error.getSchemaLocation()));
    JsonObject rule =
        rulePlace.in(schema) instanceof JsonObject object ? object : JsonValue.EMPTY_JSON_OBJECT;
    if (error.getKeyword() == null) {
      JsonValue parent = rulePlace.parent().in(schema);
      return List.of(problem(place, value, unknownKey(place.last(), parent)));
    }
    return switch (error.getKeyword()) {
      case "required" -> missing(place, value, rule);
      case "type" -> List.of(problem(place, value, "must be " + type(rule) + describe(rule)));
      case "enum" -> List.of(problem(place, value, "must be one of " + list(rule.get("enum"))));
      case "const" -> List.of(problem(place, value, "must be " + rule.get("const")));
      case "pattern" ->
          List.of(
              problem(
                  place,
                  value,
                  rule.containsKey("description")
                      ? "must be " + text(rule.get("description"))
                      : "must match the pattern " + rule.get("pattern")));
      case "minimum" -> bound(place, value, rule, "must be at least ", rule.get("minimum"));
      case "maximum" -> bound(place, value, rule, "must be at most ", rule.get("maximum"));
      case "minLength" ->
          bound(
              place,
              value,
              rule,
              "must have at least this many characters: ",
              rule.get("minLength"));
      case "maxLength" ->
          bound(
              place,
              value,
              rule,
              "must have at most this many characters: ",
              rule.get("maxLength"));
      case "minItems" ->
          bound(place, value, rule, "must have at least this many entries: ", rule.get("minItems"));
      case "maxItems" ->
          bound(place, value, rule, "must have at most this many entries: ", rule.get("maxItems"));
      case "uniqueItems" -> List.of(problem(place, value, "must not name anything twice"));
      default ->
          List.of(
              problem(
                  place,
                  value,
                  rule.containsKey("$comment") ? text(rule.get("$comment")) : error.getError()));
    };
  }

  private static String fragment(String location) {
    int hash = location.indexOf('#');
    return hash < 0 ? "" : location.substring(hash + 1);
  }

  private Problem problem(Pointer place, JsonValue value, String message) {
    return new Problem(place.keyPath(document), Text.shorten(value), message);
  }

  private List<Problem> bound(
      Pointer place, JsonValue value, JsonObject rule, String words, JsonValue limit) {
    return List.of(problem(place, value, words + limit + describe(rule)));
  }

  private List<Problem> missing(Pointer place, JsonValue value, JsonObject rule) {
    List<Problem> problems = new ArrayList<>();
    for (JsonValue key : array(rule.get("required"))) {
      String name = text(key);
      if (value instanceof JsonObject object && !object.containsKey(name)) {
        JsonValue of = Pointer.parse("").child("properties").child(name).in(rule);
        problems.add(
            new Problem(
                place.child(name).keyPath(document),
                "",
                "is missing" + (of instanceof JsonObject o ? describe(o) : "")));
      }
    }
    return problems;
  }

  private static String unknownKey(String key, JsonValue parentRule) {
    if (!(parentRule instanceof JsonObject rule)
        || !(rule.get("properties") instanceof JsonObject known)) {
      return "is not allowed here";
    }
    String nearest = Text.nearest(key, known.keySet());
    return "unknown key"
        + (nearest == null ? "" : ", did you mean " + nearest + "?")
        + "; known here: "
        + known.keySet().stream().filter(k -> !k.startsWith("$")).collect(Collectors.joining(", "));
  }

  private static final Map<String, String> TYPES =
      Map.of(
          "object", "an object {…}",
          "array", "a list […]",
          "string", "a string",
          "integer", "a whole number",
          "number", "a number",
          "boolean", "true or false",
          "null", "null");

  private static String type(JsonObject rule) {
    JsonValue type = rule.get("type");
    List<JsonValue> types = type instanceof JsonArray several ? several : List.of(type);
    return types.stream()
        .map(t -> TYPES.getOrDefault(text(t), text(t)))
        .collect(Collectors.joining(" or "));
  }

  private static String describe(JsonObject rule) {
    return rule.containsKey("description") ? ": " + text(rule.get("description")) : "";
  }

  private static String list(JsonValue values) {
    return array(values).stream().map(JsonValue::toString).collect(Collectors.joining(", "));
  }

  private static List<JsonValue> array(JsonValue value) {
    return value instanceof JsonArray array ? array : List.of();
  }

  private static String text(JsonValue value) {
    return value instanceof JsonString string ? string.getString() : String.valueOf(value);
  }
}
