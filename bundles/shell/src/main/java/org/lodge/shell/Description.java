package org.lodge.shell;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * All that a person is told about a command, and all that its arguments are checked against. Help,
 * man page, parser and completion read it; nothing about a command's arguments is said elsewhere.
 *
 * @param name as typed; two words for a command of a family, as in {@code image build}
 * @param summary one line, without a full stop
 * @param details more, as paragraphs; may be empty
 * @param json the keys of what {@code --json} prints, and their meaning, in order
 * @param exitCodes those beyond 0, 1, 2, 3 and 130, which every command shares
 */
public record Description(
    String name,
    String summary,
    List<String> details,
    List<Argument> arguments,
    List<Option> options,
    List<Example> examples,
    List<Key> json,
    Map<Integer, String> exitCodes) {

  /** A command line that can be typed, and what it does. */
  public record Example(String commandLine, String what) {}

  /** A key of the JSON output, as in {@code guests[].state}. */
  public record Key(String name, String meaning) {}

  public Description {
    details = List.copyOf(details);
    arguments = List.copyOf(arguments);
    options = List.copyOf(options);
    examples = List.copyOf(examples);
    json = List.copyOf(json);
    exitCodes = Map.copyOf(exitCodes);
  }

  public static Description of(String name, String summary) {
    return new Description(
        name, summary, List.of(), List.of(), List.of(), List.of(), List.of(), Map.of());
  }

  public Description details(String paragraph) {
    return new Description(
        name, summary, and(details, paragraph), arguments, options, examples, json, exitCodes);
  }

  public Description argument(Argument argument) {
    return new Description(
        name, summary, details, and(arguments, argument), options, examples, json, exitCodes);
  }

  public Description argument(String name, Kind kind, Argument.Arity arity, String help) {
    return argument(new Argument(name, kind, arity, help));
  }

  public Description option(Option option) {
    return new Description(
        name, summary, details, arguments, and(options, option), examples, json, exitCodes);
  }

  public Description flag(String name, char letter, String help) {
    return option(Option.flag(name, letter, help));
  }

  public Description example(String commandLine, String what) {
    Example example = new Example(commandLine, what);
    return new Description(
        name, summary, details, arguments, options, and(examples, example), json, exitCodes);
  }

  public Description json(String key, String meaning) {
    List<Key> keys = and(json, new Key(key, meaning));
    return new Description(name, summary, details, arguments, options, examples, keys, exitCodes);
  }

  public Description exitCode(int code, String meaning) {
    Map<Integer, String> codes = new TreeMap<>(exitCodes);
    codes.put(code, meaning);
    return new Description(name, summary, details, arguments, options, examples, json, codes);
  }

  private static <T> List<T> and(List<T> list, T more) {
    List<T> longer = new ArrayList<>(list);
    longer.add(more);
    return longer;
  }
}
