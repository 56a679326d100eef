package org.lodge.configuration.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lodge.configuration.SchemaValidator;
import org.lodge.configuration.SchemaValidator.Problem;

class JsonSchemasTest {
  private static final String SCHEMA =
      """
      {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:x", "type": "object",
       "additionalProperties": false, "required": ["accel"],
       "properties": {
         "accel": {"enum": ["auto", "kvm"]},
         "memory": {"$ref": "#/$defs/size"},
         "cpus": {"type": "integer", "minimum": 1, "maximum": 8},
         "disks": {"type": "array", "items": {"type": "object", "required": ["path"],
           "additionalProperties": false, "properties": {
             "path": {"type": "string", "description": "where the file is"},
             "readOnly": {"type": "boolean"}, "from": {"type": "string"}},
           "if": {"properties": {"readOnly": {"const": true}}, "required": ["readOnly"]},
           "then": {"properties": {"from": {"pattern": "^[a-z]+$"}}}}}},
       "$defs": {"size": {"type": "string", "pattern": "^[1-9][0-9]*[MG]$",
         "description": "a size such as 512M or 2G"}}}
      """;

  private final SchemaValidator validator = new JsonSchemas().compile(SCHEMA);

  private Problem only(String json) {
    List<Problem> problems = validator.validate(json);
    assertEquals(1, problems.size(), problems::toString);
    return problems.getFirst();
  }

  @Test
  void aGoodDocumentHasNoProblem() {
    assertEquals(
        List.of(),
        validator.validate(
            "{\"accel\":\"kvm\",\"memory\":\"2G\",\"cpus\":2,\"disks\":[{\"path\":\"a\"}]}"));
  }

  @Test
  void anUnknownKeyNamesItsNeighboursAndTheNearest() {
    Problem problem = only("{\"accel\":\"kvm\",\"memroy\":\"2G\"}");
    assertEquals("memroy", problem.key());
    assertEquals("\"2G\"", problem.value());
    assertEquals(
        "unknown key, did you mean memory?; known here: accel, memory, cpus, disks",
        problem.message());
  }

  @Test
  void anErrorIsToldWithThePlaceWhereAnEditorShowsIt() {
    for (String[] text :
        new String[][] {
          {"{\"accel\":", "line 1, column 10: "},
          {"{\n \"accel\": kvm}", "line 2, column 11: "},
          {"{\n\n\"accel\":\"kvm\",}\n", "line 3, column 15: "},
          {"{} x", "line 1, column 4: "}
        }) {
      String message = only(text[0]).message();
      assertTrue(message.startsWith("is not JSON: " + text[1]), message);
    }
  }

  @Test
  void aWrongTypeSaysThePlaceAndWhatIsAllowed() {
    Problem problem = only("{\"accel\":\"kvm\",\"disks\":[{\"path\":\"a\"},{\"path\":7}]}");
    assertEquals(new Problem("disks[1].path", "7", "must be a string: where the file is"), problem);
    assertEquals(
        new Problem("cpus", "\"two\"", "must be a whole number"),
        only("{\"accel\":\"kvm\",\"cpus\":\"two\"}"));
  }

  @Test
  void aBrokenPatternIsToldInPlainWords() {
    assertEquals(
        new Problem("memory", "\"lots\"", "must be a size such as 512M or 2G"),
        only("{\"accel\":\"kvm\",\"memory\":\"lots\"}"));
  }

  @Test
  void whatAConditionAsksForIsToldOfTheKeyAlone() {
    String disks =
        "{\"accel\":\"kvm\",\"disks\":[{\"path\":\"a\",\"readOnly\":%s,\"from\":\"7\"}]}";
    assertEquals(List.of(), validator.validate(disks.formatted("false")));
    assertEquals("disks[0].from", only(disks.formatted("true")).key());
  }

  @Test
  void aValueOutsideTheListNamesTheList() {
    assertEquals(
        new Problem("accel", "\"xen\"", "must be one of \"auto\", \"kvm\""),
        only("{\"accel\":\"xen\"}"));
  }

  @Test
  void aMissingKeyIsNamedWithItsPath() {
    assertEquals(
        new Problem("disks[0].path", "", "is missing: where the file is"),
        only("{\"accel\":\"kvm\",\"disks\":[{}]}"));
    assertEquals("accel", only("{}").key());
  }

  @Test
  void problemsComeInTheOrderOfTheText() {
    assertEquals(
        List.of("cpus", "disks[0].x", "accel"),
        validator.validate("{\"cpus\":0,\"disks\":[{\"path\":\"a\",\"x\":1}],\"accel\":1}").stream()
            .map(Problem::key)
            .toList());
  }

  @Test
  void whatIsNotJsonSaysLineAndColumn() {
    Problem problem = only("{\n  \"accel\": \"kvm\"\n  \"cpus\": 2\n}");
    assertTrue(problem.message().startsWith("is not JSON: line 3, column "), problem.message());
    assertEquals("", problem.key());
    assertTrue(only("").message().startsWith("is empty"));
    assertTrue(only("{} x").message().startsWith("is not JSON"), () -> only("{} x").message());
  }

  @Test
  void aKeyTwiceIsAnError() {
    assertTrue(
        only("{\"accel\":\"kvm\",\"accel\":\"auto\"}").message().contains("accel"),
        () -> only("{\"accel\":\"kvm\",\"accel\":\"auto\"}").message());
  }

  @Test
  void aLongValueIsShortened() {
    Problem problem = only("{\"accel\":\"" + "y".repeat(500) + "\"}");
    assertEquals(80, problem.value().length());
  }

  @Test
  void whatIsNoSchemaIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> new JsonSchemas().compile("{"));
    assertThrows(IllegalArgumentException.class, () -> new JsonSchemas().compile("{\"type\":"));
  }

  @Test
  void deepNestingAndHugeNumbersAreProblemsNotFailures() {
    assertFalse(validator.validate("[".repeat(100_000)).isEmpty());
    assertFalse(validator.validate("{\"accel\":\"kvm\",\"cpus\":1e1000000000}").isEmpty());
    assertFalse(
        validator.validate("{\"accel\":\"kvm\",\"cpus\":" + "9".repeat(5000) + "}").isEmpty());
  }

  /** Random text, and random edits of a good document: a list of problems, nothing thrown. */
  @Test
  void noTextThrows() {
    long seed = 20261123;
    Random random = new Random(seed);
    String good = "{\"accel\":\"kvm\",\"memory\":\"2G\",\"cpus\":2,\"disks\":[{\"path\":\"a\"}]}";
    for (int i = 0; i < 5000; i++) {
      byte[] bytes;
      if (i % 2 == 0) {
        bytes = new byte[random.nextInt(60)];
        random.nextBytes(bytes);
      } else {
        bytes = good.getBytes(StandardCharsets.UTF_8);
        for (int n = random.nextInt(4); n >= 0; n--) {
          bytes[random.nextInt(bytes.length)] =
              (byte) "{}[]\",:0e-+.\\utf n\0a".charAt(random.nextInt(20));
        }
      }
      String text = new String(bytes, StandardCharsets.UTF_8);
      for (Problem problem : validator.validate(text)) {
        assertFalse(problem.message().isEmpty(), () -> "seed " + seed + ": " + text);
        assertTrue(problem.value().length() <= 80, () -> "seed " + seed + ": " + text);
      }
    }
  }
}
