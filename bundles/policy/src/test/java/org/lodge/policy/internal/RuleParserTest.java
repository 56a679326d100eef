package org.lodge.policy.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.policy.Action;
import org.lodge.policy.PolicySyntaxException;
import org.lodge.policy.Rule;

class RuleParserTest {
  @Test
  void aLineIsFourColumnsAndOptions() throws PolicySyntaxException {
    Rule rule = parse(" exec+ls\t@tag:dev  vault   ask target=work x-user=me # why\n".strip());
    assertEquals(
        new Rule(
            "f.policy",
            7,
            "exec+ls @tag:dev vault ask target=work x-user=me",
            "exec+ls",
            "@tag:dev",
            "vault",
            Action.ASK,
            Map.of("target", "work", "x-user", "me")),
        rule);
    assertEquals("f.policy:7", rule.place());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "  \t ", "# all of it", "   # höflich"})
  void blankLinesAndCommentsAreNoRules(String line) throws PolicySyntaxException {
    assertEquals(Optional.empty(), RuleParser.parse("f", 1, line));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "exec work vault                              | 3 of 4 columns",
        "exec work vault alow                         | not an action",
        "Exec work vault allow                        | not a service",
        "exec+* work vault allow                      | leave +* out",
        "exec work! vault allow                       | not a source",
        "exec @default vault allow                    | not a source",
        "exec @tag: vault allow                       | not a source",
        "exec work @dispvm allow                      | not a target",
        "exec work vault allow target                 | not an option",
        "exec work vault allow target=@any            | neither a guest nor @host",
        "exec work vault deny target=vault            | goes with allow and ask",
        "exec work vault allow defaultTarget=a        | goes with ask",
        "exec work vault ask timeoutSeconds=0         | 1 to 3600",
        "exec work vault ask timeoutSeconds=9999999999| 1 to 3600",
        "exec work vault allow x-u=a x-u=b            | twice",
        "exec work vault allow mediated=true          | yes or no",
        "exec work vault allow mediatd=yes            | is mediated meant",
        "exec work vault allow traget=vault           | is target meant",
        "exec work vault allow targt=vault            | is target meant",
        "exec work vault ask default-target=vault     | is defaultTarget meant",
        "exec work vault allow bogus=1                | bogus is not known; there are mediated, target; of",
        "exec work vault ask bogus=1                  | there are defaultTarget, mediated, target, timeoutS",
        "exec work vault allow color=d33f49           | color is not known",
        "exec work vault deny bogus=1                 | deny takes none",
        "wayland work @default allow pixles=1M        | is pixels meant?",
        "wayland work @default allow bogus=1          | there are border, buffer-side, color,",
        "exec wörk vault allow                        | U+00F6 in column 7",
      })
  void whatIsWrongIsNamed(String line, String says) {
    PolicySyntaxException e = assertThrows(PolicySyntaxException.class, () -> parse(line));
    assertTrue(e.getMessage().contains(says), e::getMessage);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "wayland work @default allow target=display color=d33f49 frame=none heap=1M",
        "wayland+x work @default ask user=me display=wayland-1",
        "* work display allow border=3",
        "exec work vault allow x-bogus=1"
      })
  void whatTheServiceReadsIsTaken(String line) throws PolicySyntaxException {
    assertEquals(line, parse(line).text());
  }

  /** Seeded: whatever stands in a line, it is a rule that reads back the same, or an error. */
  @Test
  void noLineBreaksTheParser() {
    Random random = new Random(20261123);
    List<String> words =
        List.of(
            "exec",
            "exec+a",
            "*",
            "+",
            "@any",
            "@host",
            "@tag:x",
            "@kind:",
            "work",
            "allow",
            "deny",
            "ask",
            "target=work",
            "x-a=b=c",
            "=",
            "#",
            "\t",
            " ",
            "\0",
            "é",
            "\uD800",
            "x".repeat(70));
    int rules = 0;
    for (int i = 0; i < 50_000; i++) {
      StringBuilder line = new StringBuilder(i % 2 == 0 ? "" : "exec+ls @tag:x work ask x-a=b ");
      if (i % 4 == 1) {
        line.setCharAt(random.nextInt(line.length()), (char) random.nextInt(0x80));
      }
      int length = random.nextInt(i % 2 == 0 ? 9 : 2);
      for (int w = 0; w < length; w++) {
        line.append(words.get(random.nextInt(words.size())));
        line.append(random.nextInt(8) == 0 ? (char) random.nextInt(0x250) : ' ');
      }
      try {
        Optional<Rule> rule = RuleParser.parse("f.policy", 1, line.toString());
        if (rule.isPresent()) {
          rules++;
          assertEquals(rule, RuleParser.parse("f.policy", 1, rule.get().text()));
        }
      } catch (PolicySyntaxException e) {
        assertTrue(e.getMessage().length() < RuleParser.MAX_LINE_CHARS + 200);
      }
    }
    assertTrue(rules > 5_000, "only " + rules + " rules");
  }

  private static Rule parse(String line) throws PolicySyntaxException {
    return RuleParser.parse("f.policy", 7, line).orElseThrow();
  }
}
