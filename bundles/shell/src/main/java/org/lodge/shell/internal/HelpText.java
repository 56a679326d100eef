package org.lodge.shell.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lodge.shell.Argument;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;

/** What {@code --help} and {@code help COMMAND} show; {@link ManPages} says the same in roff. */
final class HelpText {
  private HelpText() {}

  static String of(Description description, int columns) {
    int width = Math.clamp(columns, 40, 100);
    StringBuilder text = new StringBuilder();
    text.append("lodge ").append(description.name()).append(": ").append(description.summary());
    text.append("\n\nusage: ").append(usage(description)).append('\n');
    for (String paragraph : description.details()) {
      text.append('\n').append(wrap(paragraph, 0, width));
    }
    if (!description.arguments().isEmpty()) {
      text.append("\narguments:\n");
      for (Argument argument : description.arguments()) {
        entry(text, argument.name(), argument.help(), width);
      }
    }
    text.append("\noptions:\n");
    for (Option option : CommandLine.options(description)) {
      entry(text, flags(option), help(option), width);
    }
    text.append("\nexamples:\n");
    for (Description.Example example : description.examples()) {
      text.append("  ").append(example.commandLine()).append('\n');
      text.append(wrap(example.what(), 6, width));
    }
    if (!description.json().isEmpty()) {
      text.append("\nkeys with --json:\n");
      for (Description.Key key : description.json()) {
        entry(text, key.name(), key.meaning(), width);
      }
    }
    text.append("\nexit codes:\n");
    for (Map.Entry<Integer, String> code : exitCodes(description).entrySet()) {
      entry(text, code.getKey().toString(), code.getValue(), width);
    }
    return text.toString();
  }

  static String usage(Description description) {
    StringBuilder usage = new StringBuilder("lodge ").append(description.name());
    if (!description.options().isEmpty()) {
      usage.append(" [OPTION...]");
    }
    for (Argument argument : description.arguments()) {
      usage.append(' ').append(shape(argument));
    }
    return usage.toString();
  }

  static String shape(Argument argument) {
    return (argument.kind() == Kind.WORD ? "[--] " : "") + counted(argument);
  }

  private static String counted(Argument argument) {
    return switch (argument.arity()) {
      case ONE -> argument.name();
      case OPTIONAL -> "[" + argument.name() + "]";
      case MANY -> argument.name() + "...";
      case ANY -> "[" + argument.name() + "...]";
    };
  }

  static String flags(Option option) {
    String shown =
        (option.letter() == 0 ? "" : "-" + option.letter() + ", ") + "--" + option.name();
    return option.kind() == Kind.FLAG ? shown : shown + " " + option.kind();
  }

  static String help(Option option) {
    return option.defaultValue().isEmpty()
        ? option.help()
        : option.help() + " (default " + option.defaultValue() + ")";
  }

  static Map<Integer, String> exitCodes(Description description) {
    Map<Integer, String> codes = new TreeMap<>();
    codes.put(ExitCode.OK, "done");
    codes.put(ExitCode.FAILED, "failed; the message says why and what to do next");
    codes.put(ExitCode.USAGE, "the command line is wrong; nothing was done");
    codes.put(ExitCode.NOT_RUNNING, "Lodge is not running");
    codes.put(ExitCode.INTERRUPTED, "interrupted with Ctrl-C");
    codes.putAll(description.exitCodes());
    return codes;
  }

  private static void entry(StringBuilder text, String term, String meaning, int width) {
    int indent = 24;
    String head = "  " + term;
    if (SafeText.width(head) < indent - 1) {
      String wrapped = wrap(meaning, indent, width);
      text.append(head).append(wrapped.substring(SafeText.width(head)));
    } else {
      text.append(head).append('\n').append(wrap(meaning, indent, width));
    }
  }

  private static String wrap(String paragraph, int indent, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder(" ".repeat(indent));
    boolean empty = true;
    for (String word : paragraph.split(" ")) {
      if (!empty && SafeText.width(line.toString()) + 1 + SafeText.width(word) > width) {
        lines.add(line.toString());
        line = new StringBuilder(" ".repeat(indent));
        empty = true;
      }
      line.append(empty ? "" : " ").append(word);
      empty = false;
    }
    lines.add(line.toString());
    return String.join("\n", lines) + "\n";
  }
}
