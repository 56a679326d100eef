package org.lodge.shell.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;

class CommandLineTest {
  private static final Description LOGS =
      Description.of("logs", "x")
          .argument("GUEST", Kind.GUEST, Arity.ONE, "which")
          .argument("MORE", Kind.TEXT, Arity.ANY, "more")
          .flag("follow", 'f', "x")
          .option(new Option("lines", 'n', Kind.INTEGER, "40", "x"))
          .option(new Option("limit", 'l', Kind.DURATION, "", "x"));

  private static CommandLine parse(String... words) throws CommandException {
    return CommandLine.parse(LOGS, List.of(words));
  }

  private static String refusal(String... words) {
    CommandException e = assertThrows(CommandException.class, () -> parse(words));
    assertEquals(2, e.exitCode());
    return e.getMessage();
  }

  @Test
  void optionsComeInEveryUsualForm() throws CommandException {
    for (String[] words :
        new String[][] {
          {"-n", "5", "-f", "work"},
          {"-fn5", "work"},
          {"work", "--lines=5", "--follow"},
          {"--lines", "5", "-f", "--", "work"}
        }) {
      CommandLine line = parse(words);
      assertEquals(List.of("5"), line.all("lines"));
      assertTrue(line.flag("follow"));
      assertEquals(List.of("work"), line.all("GUEST"));
    }
  }

  @Test
  void wordsAfterTwoDashesAreArguments() throws CommandException {
    assertEquals(List.of("--follow", "-x"), parse("work", "--", "--follow", "-x").all("MORE"));
  }

  @Test
  void whatIsWrongIsNamed() {
    assertEquals("logs: GUEST is missing: which", refusal());
    assertEquals(
        "logs: unknown option --folow; did you mean --follow?", refusal("work", "--folow"));
    assertEquals("logs: unknown option -x", refusal("-x"));
    assertEquals(
        "logs: --lines takes a whole number of at most nine digits, not many",
        refusal("--lines=many", "w"));
    assertEquals("logs: --follow takes no value", refusal("--follow=yes", "w"));
    assertEquals("logs: -n needs a value: x", refusal("w", "-n"));
    assertTrue(refusal("w", "--limit", "soon").contains("500ms, 10s, 2m or 1h, not soon"));
    assertTrue(refusal("w", "-n", "99999999999").contains("at most nine digits"));
  }

  @Test
  void whatIsNoNameIsShownInOneShortLine() {
    assertEquals(
        "logs: GUEST is no name, for a control character in it: wo^Jrk", refusal("wo\nrk"));
    String told = refusal("x".repeat(5000));
    assertTrue(told.startsWith("logs: GUEST is longer than any name: xxx"), told);
    assertTrue(told.length() < 120, told);
    assertTrue(refusal("w", "-n", "x".repeat(5000)).length() < 120);
    assertTrue(refusal("w", "--" + "x".repeat(5000)).length() < 120);
  }

  @Test
  void anyWordsEitherParseOrAreRefusedAsUsage() {
    Random random = new Random(7);
    String[] pieces = {
      "-", "--", "n", "f", "=", "5", "lines", "follow", "é", " ", "\u0000", "work"
    };
    for (int round = 0; round < 20_000; round++) {
      List<String> words = new ArrayList<>();
      for (int i = random.nextInt(5); i > 0; i--) {
        StringBuilder word = new StringBuilder();
        for (int j = random.nextInt(4); j > 0; j--) {
          word.append(pieces[random.nextInt(pieces.length)]);
        }
        words.add(word.toString());
      }
      try {
        CommandLine line = CommandLine.parse(LOGS, words);
        assertEquals(1, line.all("GUEST").size());
      } catch (CommandException e) {
        assertEquals(2, e.exitCode());
      }
    }
  }

  @Test
  void theNearestNameIsSuggestedAndNoneWhereNothingIsNear() {
    List<String> names = List.of("start", "stop", "restart");
    assertEquals("start", Nearest.to("strat", names).orElseThrow());
    assertTrue(Nearest.to("screenshot", names).isEmpty());
  }
}
