package org.lodge.shell.internal.command.windows;

import jakarta.json.Json;
import jakarta.json.JsonArrayBuilder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Table;
import org.lodge.shell.Table.Column;
import org.lodge.shell.Table.Style;
import org.lodge.shell.internal.Durations;
import org.lodge.shell.internal.Services;
import org.lodge.wayland.router.Window;

/** {@code windows}: whose windows there are, and how busy they are. */
final class WindowList implements Command {
  private static final long RATE_MILLIS = 1000;
  private static final List<Column> COLUMNS =
      List.of(
          new Column("ID", Style.RIGHT, 0),
          new Column("GUEST", Style.LEFT, 0),
          new Column("SHOWN BY", Style.LEFT, 1),
          new Column("MARKED BY", Style.LEFT, 1),
          new Column("SIZE", Style.RIGHT, 0),
          new Column("FRAMES/S", Style.RIGHT, 0),
          new Column("BYTES", Style.RIGHT, 0),
          new Column("TITLE", Style.LEFT, 2));

  private final Services services;

  WindowList(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("windows", "List the windows of guests")
        .details(
            "FRAMES/S is measured over one second. BYTES are the pixels that were copied since the"
                + " program connected, for all of its windows. Titles are what the program says;"
                + " the display shows them with the guest's name before.")
        .argument("GUEST", Kind.GUEST, Arity.OPTIONAL, "only those of this guest")
        .example("lodge windows", "All windows.")
        .example("lodge windows work", "Those of work.")
        .json("windows[].id", "the number, for: lodge windows close")
        .json("windows[].guest", "whose it is")
        .json("windows[].display", "the guest that shows it")
        .json(
            "windows[].marking",
            "frame: drawn by Lodge; frame-instead: likewise, as the display knows no security"
                + " contexts; context: the display knows the guest by one; name: nothing but the"
                + " guest's name")
        .json("windows[].title", "as the program says")
        .json("windows[].appId", "likewise")
        .json("windows[].width", "in pixels of an unscaled display; 0 while nothing is shown")
        .json("windows[].height", "likewise")
        .json("windows[].frames", "pictures so far")
        .json("windows[].framesPerSecond", "over one second")
        .json("windows[].pixelBytes", "copied so far, for all windows of its connection");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String guest = invocation.optional("GUEST").orElse("");
    if (!guest.isEmpty()) {
      services.guests().status(guest);
    }
    Map<Long, Long> before = new HashMap<>();
    List<Window> first = services.windows().list();
    first.forEach(window -> before.put(window.id(), window.frames()));
    long beganNanos = System.nanoTime();
    if (!first.isEmpty()) {
      Thread.sleep(RATE_MILLIS);
    }
    double seconds = Math.max(1, System.nanoTime() - beganNanos) / 1e9;
    JsonArrayBuilder array = Json.createArrayBuilder();
    List<List<String>> rows = new ArrayList<>();
    for (Window window : services.windows().list()) {
      if (guest.isEmpty() || window.guest().equals(guest)) {
        long frames = window.frames() - before.getOrDefault(window.id(), window.frames());
        add(window, frames / seconds, array, rows);
      }
    }
    if (invocation.json()) {
      invocation.print(Json.createObjectBuilder().add("windows", array).build());
    } else if (rows.isEmpty()) {
      invocation.out().println("No guest has a window; open one with: lodge run GUEST PROGRAM");
    } else {
      invocation.print(new Table(COLUMNS, rows));
    }
    return ExitCode.OK;
  }

  private static String marking(Window window) {
    return window.marking().name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static void add(
      Window window, double rate, JsonArrayBuilder array, List<List<String>> rows) {
    array.add(
        Json.createObjectBuilder()
            .add("id", window.id())
            .add("guest", window.guest())
            .add("display", window.display())
            .add("marking", marking(window))
            .add("title", window.title())
            .add("appId", window.appId())
            .add("width", window.width())
            .add("height", window.height())
            .add("frames", window.frames())
            .add("framesPerSecond", rate)
            .add("pixelBytes", window.pixelBytes()));
    rows.add(
        List.of(
            Long.toString(window.id()),
            window.guest(),
            window.display(),
            marking(window),
            window.width() + "x" + window.height(),
            String.format(Locale.ROOT, "%.0f", rate),
            Durations.size(window.pixelBytes()),
            window.title()));
  }
}
