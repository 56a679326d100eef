package org.lodge.shell.internal;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.lodge.shell.Argument;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;

/** The words after a command's name, checked against its description. */
final class CommandLine {
  static final Option JSON = Option.flag("json", '\0', "print JSON, errors too");
  static final Option HELP = Option.flag("help", 'h', "show this text and do nothing");

  /** Of names nothing else is expected, and messages with them are to stay on their line. */
  private static final Set<Kind> NAMES =
      EnumSet.of(
          Kind.GUEST,
          Kind.IMAGE,
          Kind.VOLUME,
          Kind.SHARE,
          Kind.DEVICE,
          Kind.COMMAND,
          Kind.SERVICE,
          Kind.PARTY);

  private static final Set<Kind> NUMBERS = EnumSet.of(Kind.INTEGER, Kind.WINDOW);

  /** A service with its argument, or a volume with its keeper, is the longest. */
  private static final int LONGEST_NAME = 400;

  private static final int SHOWN_OF_A_VALUE = 60;

  private final Description description;
  private final Map<String, List<String>> values = new LinkedHashMap<>();

  private CommandLine(Description description) {
    this.description = description;
  }

  /** Whether help is asked for, however wrong the rest may be. */
  static boolean asksForHelp(List<String> words) {
    for (String word : words) {
      if (word.equals("--")) {
        return false;
      }
      if (word.equals("--help") || word.equals("-h")) {
        return true;
      }
    }
    return false;
  }

  static boolean asksForJson(List<String> words) {
    int end = words.indexOf("--");
    return (end < 0 ? words : words.subList(0, end)).contains("--json");
  }

  /**
   * @throws CommandException with exit code 2, naming the word that is wrong and what is allowed
   */
  static CommandLine parse(Description description, List<String> words) throws CommandException {
    CommandLine line = new CommandLine(description);
    List<String> plain = new ArrayList<>();
    for (int i = 0; i < words.size(); i++) {
      String word = words.get(i);
      if (word.equals("--")) {
        plain.addAll(words.subList(i + 1, words.size()));
        break;
      }
      if (word.startsWith("--")) {
        i += line.longOption(word, words, i);
      } else if (word.startsWith("-") && word.length() > 1) {
        i += line.letters(word, words, i);
      } else {
        plain.add(word);
      }
    }
    line.arguments(plain);
    return line;
  }

  List<String> all(String name) {
    return values.getOrDefault(name, List.of());
  }

  boolean flag(String name) {
    return values.containsKey(name);
  }

  /** An option may come several times. */
  private void add(String option, String value) {
    values.computeIfAbsent(option, _ -> new ArrayList<>()).add(value);
  }

  private int longOption(String word, List<String> words, int at) throws CommandException {
    int equals = word.indexOf('=');
    String name = word.substring(2, equals < 0 ? word.length() : equals);
    Option option = null;
    for (Option known : options(description)) {
      if (known.name().equals(name)) {
        option = known;
      }
    }
    if (option == null) {
      List<String> names = options(description).stream().map(Option::name).toList();
      throw usage(
          "unknown option --" + brief(name) + Nearest.suggestion(name, names, "--") + wordsHint());
    }
    if (option.kind() == Kind.FLAG) {
      if (equals >= 0) {
        throw usage("--" + name + " takes no value");
      }
      values.put(name, List.of());
      return 0;
    }
    if (equals >= 0) {
      add(name, checked("--" + name, option.kind(), word.substring(equals + 1)));
      return 0;
    }
    return valueAfter(option, "--" + name, words, at);
  }

  private int letters(String word, List<String> words, int at) throws CommandException {
    for (int i = 1; i < word.length(); i++) {
      char letter = word.charAt(i);
      Option option = null;
      for (Option known : options(description)) {
        if (known.letter() == letter) {
          option = known;
        }
      }
      if (option == null) {
        throw usage("unknown option -" + letter + wordsHint());
      }
      if (option.kind() == Kind.FLAG) {
        values.put(option.name(), List.of());
      } else if (i + 1 < word.length()) {
        String value = word.substring(i + 1);
        add(option.name(), checked("-" + letter, option.kind(), value));
        return 0;
      } else {
        return valueAfter(option, "-" + letter, words, at);
      }
    }
    return 0;
  }

  private int valueAfter(Option option, String shown, List<String> words, int at)
      throws CommandException {
    if (at + 1 >= words.size()) {
      throw usage(shown + " needs a value: " + option.help());
    }
    add(option.name(), checked(shown, option.kind(), words.get(at + 1)));
    return 1;
  }

  private void arguments(List<String> plain) throws CommandException {
    int next = 0;
    for (Argument argument : description.arguments()) {
      Arity arity = argument.arity();
      boolean several = arity == Arity.MANY || arity == Arity.ANY;
      int end = Math.min(plain.size(), next + 1);
      if (several) {
        end = Math.max(next, plain.size() - wordsAfter(argument));
      }
      if (next == end && (arity == Arity.ONE || arity == Arity.MANY)) {
        throw usage(argument.name() + " is missing: " + argument.help());
      }
      List<String> taken = new ArrayList<>();
      for (String value : plain.subList(next, end)) {
        taken.add(checked(argument.name(), argument.kind(), value));
      }
      if (!taken.isEmpty()) {
        values.put(argument.name(), List.copyOf(taken));
      }
      next = end;
    }
    if (next < plain.size()) {
      throw usage("one argument too many: " + brief(plain.get(next)));
    }
  }

  /** How many words must be left for the arguments that come after one of many. */
  private int wordsAfter(Argument many) {
    int at = description.arguments().indexOf(many);
    return description.arguments().size() - at - 1;
  }

  private String checked(String shown, Kind kind, String value) throws CommandException {
    if (value.isEmpty() && kind != Kind.WORD) {
      throw usage(shown + " is empty");
    }
    if (NAMES.contains(kind) && value.chars().anyMatch(Character::isISOControl)) {
      throw usage(shown + " is no name, for a control character in it: " + brief(value));
    }
    if (NAMES.contains(kind) && value.length() > LONGEST_NAME) {
      throw usage(shown + " is longer than any name: " + brief(value));
    }
    if (NUMBERS.contains(kind) && !value.matches("[0-9]{1,9}")) {
      throw usage(shown + " takes a whole number of at most nine digits, not " + brief(value));
    }
    if (kind == Kind.DURATION) {
      parsed(shown, value, Durations::parse);
    }
    if (kind == Kind.SIZE) {
      parsed(shown, value, Durations::parseSize);
    }
    return value;
  }

  private void parsed(String shown, String value, Function<String, ?> parser)
      throws CommandException {
    try {
      parser.apply(value);
    } catch (IllegalArgumentException e) {
      throw usage(shown + " takes " + e.getMessage() + ", not " + brief(value));
    }
  }

  /** As it fits into a message. */
  private static String brief(String value) {
    return SafeText.truncate(SafeText.safe(value), SHOWN_OF_A_VALUE);
  }

  private String wordsHint() {
    boolean words = description.arguments().stream().anyMatch(a -> a.kind() == Kind.WORD);
    return words ? "; options of the program itself come after --" : "";
  }

  private CommandException usage(String message) {
    String name = description.name();
    return new CommandException(
        ExitCode.USAGE,
        name + ": " + message,
        List.of("usage: " + HelpText.usage(description), "more:  lodge help " + name));
  }

  /** The command's own and those that every command has. */
  static List<Option> options(Description description) {
    List<Option> options = new ArrayList<>(description.options());
    options.add(JSON);
    options.add(HELP);
    return options;
  }
}
