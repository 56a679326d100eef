package org.lodge.shell.internal.command;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import jakarta.json.JsonObjectBuilder;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;
import org.lodge.shell.Terminal;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.GuestText;
import org.lodge.shell.internal.ProcessUse;
import org.lodge.shell.internal.Services;
import org.lodge.shell.internal.TableLayout;
import org.lodge.vm.GuestStatus;
import org.lodge.vm.Guests;

/** {@code top}: what each guest's monitor uses, live. */
final class Top implements Command {
  private static final List<Column> COLUMNS =
      List.of(
          new Column("NAME", Style.LEFT, 1),
          new Column("STATE", Style.STATE, 0),
          new Column("CPU %", Style.RIGHT, 0),
          new Column("USED", Style.RIGHT, 0),
          new Column("MEMORY", Style.RIGHT, 0),
          new Column("CPU TIME", Style.RIGHT, 0),
          new Column("PID", Style.RIGHT, 0),
          new Column("NOTE", Style.LEFT, 2));
  private static final String LODGE = "(lodge)";
  private static final int CTRL_C = 3;

  /** What was seen of a process at one instant. */
  private record Sample(long pid, long nanos, ProcessUse use) {}

  private record Line(
      String name,
      String state,
      Sample sample,
      OptionalDouble percent,
      long memoryBytes,
      String note) {}

  private final Services services;

  Top(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("top", "Show CPU, memory and state of every guest, live")
        .details(
            "CPU % is of one CPU, over the last interval. USED is the memory that the guest's"
                + " monitor holds, MEMORY what the guest is given. The line (lodge) is Lodge"
                + " itself. q or Ctrl-C ends.")
        .details("With --json, or where standard output is not a terminal, one table is printed.")
        .option(new Option("count", 'n', Kind.INTEGER, "", "end after so many tables"))
        .option(new Option("interval", 'i', Kind.DURATION, "1s", "time between two tables"))
        .example("lodge top", "Redraws each second until q.")
        .example("lodge top --json", "One snapshot, measured over one second.")
        .json("guests[].name", "the guest; (lodge) for Lodge itself")
        .json("guests[].state", "as in: lodge ls")
        .json("guests[].cpuPercent", "of one CPU; absent where no monitor runs")
        .json("guests[].cpuMillis", "since the monitor started; absent where none runs")
        .json("guests[].residentBytes", "memory the monitor holds; absent where none runs")
        .json("guests[].memoryBytes", "memory the guest is given; 0 for Lodge")
        .json("guests[].pid", "of the monitor; absent where none runs");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Guests guests = services.guests();
    long intervalMillis = Math.max(100, invocation.duration("interval").orElseThrow().toMillis());
    boolean live = !invocation.json() && invocation.terminal().outputIsTty();
    int count =
        invocation.optional("count").map(Integer::parseInt).orElse(live ? Integer.MAX_VALUE : 1);
    Map<String, Sample> before = new HashMap<>();
    if (!live || !invocation.terminal().inputIsTty()) {
      lines(guests, before);
      for (int i = 0; i < count; i++) {
        TimeUnit.MILLISECONDS.sleep(intervalMillis);
        print(lines(guests, before), invocation);
      }
      return ExitCode.OK;
    }
    try (Terminal.Raw raw = invocation.terminal().raw()) {
      invocation.out().print("\033[?1049h\033[?25l");
      try {
        draw(invocation, raw, guests, before, intervalMillis, count);
      } finally {
        invocation.out().print("\033[?25h\033[?1049l");
        invocation.out().flush();
      }
    }
    return ExitCode.OK;
  }

  private static void draw(
      Invocation invocation,
      Terminal.Raw raw,
      Guests guests,
      Map<String, Sample> before,
      long intervalMillis,
      int count)
      throws IOException {
    for (int i = 0; i < count && !invocation.out().checkError(); i++) {
      Terminal terminal = invocation.terminal();
      List<Line> lines = lines(guests, before);
      List<String> text = TableLayout.lines(table(lines), terminal.columns(), terminal.colors());
      StringBuilder screen = new StringBuilder("\033[H");
      for (String line : text.subList(0, Math.min(text.size(), terminal.rows() - 1))) {
        screen.append(line).append("\033[K\r\n");
      }
      invocation.out().print(screen.append("\033[J"));
      invocation.out().flush();
      int key = raw.key(intervalMillis);
      if (key == 'q' || key == 'Q' || key == CTRL_C || key == -1) {
        return;
      }
    }
  }

  private static List<Line> lines(Guests guests, Map<String, Sample> before) {
    List<Line> lines = new ArrayList<>();
    for (GuestStatus status : guests.list()) {
      long pid = status.pid().orElse(-1);
      String state = GuestText.state(status);
      lines.add(
          line(status.name(), state, pid, status.memoryBytes(), GuestText.note(status), before));
    }
    lines.sort(Comparator.comparingDouble(line -> -line.percent().orElse(-1)));
    lines.add(line(LODGE, "", ProcessHandle.current().pid(), 0, "", before));
    return lines;
  }

  private static Line line(
      String name,
      String state,
      long pid,
      long memoryBytes,
      String note,
      Map<String, Sample> before) {
    Optional<ProcessUse> use = pid < 0 ? Optional.empty() : ProcessUse.of(pid);
    if (use.isEmpty()) {
      before.remove(name);
      return new Line(name, state, null, OptionalDouble.empty(), memoryBytes, note);
    }
    Sample now = new Sample(pid, System.nanoTime(), use.get());
    Sample last = before.put(name, now);
    OptionalDouble percent = OptionalDouble.empty();
    if (last != null && last.pid() == pid && now.nanos() > last.nanos()) {
      double usedNanos = (now.use().cpuMillis() - last.use().cpuMillis()) * 1e6;
      percent = OptionalDouble.of(100 * usedNanos / (now.nanos() - last.nanos()));
    }
    return new Line(name, state, now, percent, memoryBytes, note);
  }

  private static void print(List<Line> lines, Invocation invocation) {
    if (!invocation.json()) {
      invocation.print(table(lines));
      return;
    }
    JsonArrayBuilder array = Json.createArrayBuilder();
    for (Line line : lines) {
      JsonObjectBuilder json = Json.createObjectBuilder().add("name", line.name());
      json.add("state", line.state()).add("memoryBytes", line.memoryBytes());
      line.percent().ifPresent(percent -> json.add("cpuPercent", Math.round(percent * 10) / 10.0));
      if (line.sample() != null) {
        json.add("cpuMillis", line.sample().use().cpuMillis());
        json.add("residentBytes", line.sample().use().residentBytes());
        json.add("pid", line.sample().pid());
      }
      array.add(json);
    }
    invocation.print(Json.createObjectBuilder().add("guests", array).build());
  }

  private static Table table(List<Line> lines) {
    List<List<String>> rows = new ArrayList<>();
    for (Line line : lines) {
      Sample sample = line.sample();
      rows.add(
          List.of(
              line.name(),
              line.state(),
              line.percent().isEmpty()
                  ? ""
                  : String.format(Locale.ROOT, "%.1f", line.percent().getAsDouble()),
              sample == null ? "" : Durations.size(sample.use().residentBytes()),
              line.memoryBytes() == 0 ? "" : Durations.size(line.memoryBytes()),
              sample == null
                  ? ""
                  : String.format(Locale.ROOT, "%.1f s", sample.use().cpuMillis() / 1000.0),
              sample == null ? "" : Long.toString(sample.pid()),
              line.note()));
    }
    return new Table(COLUMNS, rows);
  }
}
