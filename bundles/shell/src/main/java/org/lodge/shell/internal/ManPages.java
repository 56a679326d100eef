package org.lodge.shell.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.lodge.shell.Argument;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.Option;

/** Writes a man page for each command from the command's own description; run by the build. */
public final class ManPages {
  private ManPages() {}

  /**
   * @param arguments the folder to write to
   */
  public static void main(String... arguments) throws IOException {
    Path folder = Path.of(arguments[0]);
    Files.createDirectories(folder);
    List<Description> all =
        new CommandRegistry(new Services(null)).all().stream().map(Command::description).toList();
    for (Description description : all) {
      String name = "lodge-" + description.name().replace(' ', '-');
      Files.writeString(folder.resolve(name + ".1"), page(description));
    }
    Files.writeString(folder.resolve("lodge.1"), overview(all));
  }

  static String page(Description description) {
    String title = "lodge-" + description.name().replace(' ', '-');
    StringBuilder page = new StringBuilder(heading(title));
    page.append(".SH NAME\n").append(escape(title)).append(" \\- ");
    page.append(escape(description.summary())).append("\n.SH SYNOPSIS\n.B lodge ");
    page.append(escape(description.name())).append('\n');
    if (!description.options().isEmpty()) {
      page.append("[OPTION...]\n");
    }
    for (Argument argument : description.arguments()) {
      page.append(escape(HelpText.shape(argument))).append('\n');
    }
    page.append(".SH DESCRIPTION\n").append(escape(description.summary())).append(".\n");
    for (String paragraph : description.details()) {
      page.append(".PP\n").append(escape(paragraph)).append('\n');
    }
    if (!description.arguments().isEmpty()) {
      page.append(".SH ARGUMENTS\n");
      for (Argument argument : description.arguments()) {
        entry(page, HelpText.shape(argument), argument.help());
      }
    }
    page.append(".SH OPTIONS\n");
    for (Option option : CommandLine.options(description)) {
      entry(page, HelpText.flags(option), HelpText.help(option));
    }
    page.append(".SH EXAMPLES\n");
    for (Description.Example example : description.examples()) {
      entry(page, example.commandLine(), example.what());
    }
    if (!description.json().isEmpty()) {
      page.append(".SH JSON\nThe keys of what is printed with --json:\n");
      for (Description.Key key : description.json()) {
        entry(page, key.name(), key.meaning());
      }
    }
    page.append(".SH EXIT STATUS\n");
    for (Map.Entry<Integer, String> code : HelpText.exitCodes(description).entrySet()) {
      entry(page, code.getKey().toString(), code.getValue());
    }
    return page.append(".SH SEE ALSO\n.BR lodge (1)\n").toString();
  }

  private static String overview(List<Description> all) {
    StringBuilder page = new StringBuilder(heading("lodge"));
    page.append(".SH NAME\nlodge \\- supervise a desktop made of virtual machines\n");
    page.append(".SH SYNOPSIS\n.B lodge\n[COMMAND [ARGUMENT...]]\n.SH DESCRIPTION\n");
    page.append("Without a command, an interactive shell. 'lodge up' starts the supervisor.\n");
    page.append(".SH COMMANDS\n");
    for (Description description : all) {
      entry(page, description.name(), description.summary());
    }
    page.append(".SH ENVIRONMENT\n");
    entry(page, "LODGE_RUN", "the folder of admin.sock");
    entry(page, "NO_COLOR", "if set and not empty: no colours");
    return page.toString();
  }

  private static String heading(String title) {
    return ".TH \""
        + title.toUpperCase(java.util.Locale.ROOT)
        + "\" \"1\" \"\" \"Lodge\" \"Lodge\"\n";
  }

  private static void entry(StringBuilder page, String term, String meaning) {
    page.append(".TP\n.B ").append(escape(term)).append('\n').append(escape(meaning)).append('\n');
  }

  private static String escape(String text) {
    String escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...");
    return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
  }
}
