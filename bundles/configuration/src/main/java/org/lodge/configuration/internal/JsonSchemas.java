package org.lodge.configuration.internal;

import dev.harrel.jsonschema.Error;
import dev.harrel.jsonschema.Validator;
import dev.harrel.jsonschema.ValidatorFactory;
import dev.harrel.jsonschema.providers.JakartaJsonNode;
import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.net.URI;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.lodge.configuration.SchemaValidator;
import org.lodge.configuration.Schemas;
import org.osgi.service.component.annotations.Component;

/** JSON Schema 2020-12 by {@code dev.harrel:json-schema}, with messages for people. */
@Component
public final class JsonSchemas implements Schemas {
  private static final URI SCHEMA = URI.create("urn:lodge:schema");
  private static final int MAX_PROBLEMS = 50;
  private static final String IF = "if";

  @Override
  public SchemaValidator compile(String schemaJson) {
    try {
      JsonValue schema = JsonText.parse(schemaJson);
      // The meta-schema would be read, compiled and applied at every start.
      Validator validator =
          new ValidatorFactory()
              .withDisabledSchemaValidation(true)
              .withJsonNodeFactory(new JakartaJsonNode.Factory())
              .createValidator();
      validator.registerSchema(SCHEMA, withoutDialect(schema));
      return json -> validate(validator, schema, json);
    } catch (JsonText.SyntaxException e) {
      throw new IllegalArgumentException("The schema " + e.getMessage(), e);
    } catch (RuntimeException e) {
      throw new IllegalArgumentException("Not a JSON schema: " + e.getMessage(), e);
    }
  }

  private static JsonValue withoutDialect(JsonValue schema) {
    if (schema instanceof JsonObject object) {
      return jakarta.json.Json.createObjectBuilder(object).remove("$schema").remove("$id").build();
    }
    return schema;
  }

  private static List<SchemaValidator.Problem> validate(
      Validator validator, JsonValue schema, String json) {
    JsonValue document;
    try {
      document = JsonText.parse(json);
    } catch (JsonText.SyntaxException e) {
      return List.of(new SchemaValidator.Problem("", "", e.getMessage()));
    }
    List<Error> errors;
    try {
      errors = validator.validate(SCHEMA, new JakartaJsonNode.Factory().wrap(document)).getErrors();
    } catch (RuntimeException e) {
      return List.of(
          new SchemaValidator.Problem("", "", "can't be checked: " + Text.printable("" + e)));
    }
    return explain(schema, document, errors);
  }

  /** In the order of the text, one problem per place; a wrong type hides what follows from it. */
  private static List<SchemaValidator.Problem> explain(
      JsonValue schema, JsonValue document, List<Error> errors) {
    Map<String, Integer> order = new HashMap<>();
    number("", document, order);
    List<Error> sorted = new ArrayList<>(errors);
    // That what a condition asks for is not met says no more than what is told of the keys.
    if (sorted.stream().anyMatch(e -> !IF.equals(e.getKeyword()))) {
      sorted.removeIf(e -> IF.equals(e.getKeyword()));
    }
    sorted.sort(
        Comparator.comparingInt((Error e) -> order.getOrDefault(e.getInstanceLocation(), 0))
            .thenComparing(e -> !"type".equals(e.getKeyword())));
    Explanation explanation = new Explanation(schema, document);
    Map<String, SchemaValidator.Problem> problems = new LinkedHashMap<>();
    for (Error error : sorted) {
      for (SchemaValidator.Problem problem : explanation.explain(error)) {
        problems.putIfAbsent(problem.key(), problem);
      }
      if (problems.size() >= MAX_PROBLEMS) {
        break;
      }
    }
    return List.copyOf(problems.values());
  }

  private static void number(String pointer, JsonValue value, Map<String, Integer> order) {
    order.put(pointer, order.size());
    if (value instanceof JsonObject object) {
      object.forEach((key, child) ->
          number(pointer + "/" + key.replace("~", "~0").replace("/", "~1"), child, order));
    } else if (value instanceof JsonArray array) {
      for (int i = 0; i < array.size(); i++) {
        number(pointer + "/" + i, array.get(i), order);
      }
    }
  }
}
