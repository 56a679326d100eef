package org.lodge.shell.internal.command;

import jakarta.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.CommandException;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Option;
import org.lodge.shell.internal.LogTail;
import org.lodge.shell.internal.Services;

/** {@code logs [GUEST]}: the end of a log, and what is added to it. */
final class Logs implements Command {
  private static final long CHECK_SECONDS = 1;

  private final Services services;

  Logs(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("logs", "Show the end of a guest's log, or of Lodge's own")
        .details(
            "A guest's log holds what Lodge did to it and what it wrote to its serial console."
                + " Control characters in it are made visible.")
        .argument("GUEST", Kind.GUEST, Arity.OPTIONAL, "which; Lodge's own log if none is named")
        .flag("follow", 'f', "go on as lines are added, until Ctrl-C")
        .option(new Option("lines", 'n', Kind.INTEGER, "40", "so many lines from the end"))
        .example("lodge logs work", "The last 40 lines.")
        .example("lodge logs -f -n 5 work", "The last 5, and what comes.")
        .json("guest", "absent in Lodge's own log; one object per line of the log")
        .json("line", "the line, without its end");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    Optional<String> guest = invocation.optional("GUEST");
    Path file = guest.isPresent() ? services.guests().log(guest.get()) : lodgeLog();
    if (!invocation.flag("follow") && !Files.exists(file)) {
      throw new CommandException(file + " does not exist yet: nothing was logged");
    }
    LogTail tail = new LogTail(file);
    print(tail.last(invocation.integer("lines")), guest, invocation);
    if (invocation.flag("follow")) {
      follow(tail, file, guest, invocation);
    }
    return ExitCode.OK;
  }

  private Path lodgeLog() throws CommandException {
    return services.folder("lodge.state").resolve("log").resolve("lodge.log");
  }

  private static void follow(LogTail tail, Path file, Optional<String> guest, Invocation invocation)
      throws IOException, InterruptedException {
    Path folder = file.toAbsolutePath().getParent();
    Files.createDirectories(folder);
    try (WatchService watch = folder.getFileSystem().newWatchService()) {
      folder.register(
          watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
      while (!invocation.out().checkError()) {
        print(tail.more(), guest, invocation);
        // The limit is for file systems that tell no events.
        WatchKey key = watch.poll(CHECK_SECONDS, TimeUnit.SECONDS);
        if (key != null) {
          key.pollEvents();
          key.reset();
        }
      }
    }
  }

  private static void print(List<String> lines, Optional<String> guest, Invocation invocation) {
    StringBuilder text = new StringBuilder();
    for (String line : lines) {
      if (invocation.json()) {
        var json = Json.createObjectBuilder();
        guest.ifPresent(name -> json.add("guest", name));
        text.append(json.add("line", line).build()).append('\n');
      } else {
        text.append(invocation.safe(line)).append('\n');
      }
    }
    if (!text.isEmpty()) {
      invocation.out().print(text);
      invocation.out().flush();
    }
  }
}
