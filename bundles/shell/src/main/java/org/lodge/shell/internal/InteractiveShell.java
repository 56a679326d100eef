package org.lodge.shell.internal;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Converter;
import org.apache.felix.service.command.Job;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.Parser.ParseContext;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal.Signal;
import org.jline.terminal.Terminal.SignalHandler;
import org.jline.terminal.impl.ExternalTerminal;
import org.jline.utils.NonBlockingInputStream;
import org.lodge.shell.CommandException;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Terminal;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code lodge} without a command: a Gogo session with line editing, history and completion. The
 * client's terminal is raw; the line discipline is JLine's, on this side of the socket.
 */
@Component(service = InteractiveShell.class)
public final class InteractiveShell {
  private static final Logger LOG = LoggerFactory.getLogger(InteractiveShell.class);

  private final Dispatcher dispatcher;
  private final GogoCommands gogo;
  private final CommandRegistry registry;
  private final Services services;

  @Activate
  public InteractiveShell(
      @Reference Dispatcher dispatcher,
      @Reference GogoCommands gogo,
      @Reference CommandRegistry registry,
      @Reference Services services) {
    this.dispatcher = dispatcher;
    this.gogo = gogo;
    this.registry = registry;
    this.services = services;
  }

  public int run(Io io) {
    try (Terminal.Raw _ = io.terminal().raw();
        ExternalTerminal jline =
            new ExternalTerminal(
                null,
                "lodge",
                io.terminal().type(),
                io.in(),
                io.out(),
                StandardCharsets.UTF_8,
                SignalHandler.SIG_DFL,
                false,
                discipline(),
                size(io.terminal()));
        Terminal.Resizing _ = io.terminal().onResize(() -> resize(jline, io.terminal()))) {
      converse(jline, io);
      return ExitCode.OK;
    } catch (IOException e) {
      LOG.warn("The interactive shell ended", e);
      return ExitCode.FAILED;
    }
  }

  private static void resize(ExternalTerminal jline, Terminal terminal) {
    jline.setSize(size(terminal));
    jline.raise(Signal.WINCH);
  }

  private void converse(ExternalTerminal jline, Io io) throws IOException {
    Io inner =
        new Io(
            jline.input(),
            new java.io.PrintStream(jline.output(), true, StandardCharsets.UTF_8),
            new java.io.PrintStream(jline.output(), true, StandardCharsets.UTF_8),
            new InnerTerminal(io.terminal(), jline),
            io.folder());
    LineReader reader = reader(jline, io.folder());
    try (CommandSession session = gogo.session(inner)) {
      session.put("SCOPE", "lodge:felix:*");
      session.put(GogoBridge.IO, inner);
      session.currentDir(io.folder());
      Thread commands = Thread.currentThread();
      jline.handle(Signal.INT, _ -> interrupt(session, commands));
      inner.out().println("Lodge; 'help' lists the commands, Tab completes, Ctrl-D leaves");
      while (!io.out().checkError()) {
        String line;
        // What is left of a Ctrl-C that came as its command ended.
        Thread.interrupted();
        try {
          line = reader.readLine("lodge> ").strip();
        } catch (UserInterruptException e) {
          continue;
        } catch (EndOfFileException e) {
          return;
        }
        if (line.equals("exit") || line.equals("quit")) {
          return;
        }
        execute(session, line.startsWith("lodge ") ? line.substring(6) : line, reader, inner);
      }
    }
  }

  /** A plain line is a command as outside; what Gogo alone understands goes to Gogo. */
  private void execute(CommandSession session, String line, LineReader reader, Io io) {
    if (line.isEmpty()) {
      return;
    }
    try {
      List<String> words = reader.getParser().parse(line, 0, ParseContext.ACCEPT_LINE).words();
      String first = words.getFirst();
      if (isPlain(line, registry.knows(first)) && (registry.knows(first) || !gogo.has(first))) {
        dispatcher.run(words, io);
        return;
      }
      Object result = session.execute(line);
      if (result != null) {
        io.out().println(session.format(result, Converter.INSPECT));
      }
    } catch (InterruptedException e) {
      io.err().println("lodge: interrupted");
    } catch (Exception e) {
      String message = e.getMessage() == null ? e.toString() : e.getMessage();
      io.err().println("lodge: " + SafeText.safe(message) + "; see: help");
    }
  }

  /**
   * Gogo shows the log of what a command does among its output, so it gets only what it alone can
   * do; {@code key=value} of a command of Lodge's is nothing of that, but quotes within a word are.
   */
  static boolean isPlain(String line, boolean ofLodge) {
    String syntax = ofLodge ? "|;$(){}<>&" : "|;$(){}<>&=";
    boolean quotesWithin = line.contains("=\"") || line.contains("='");
    return !quotesWithin && line.chars().noneMatch(c -> syntax.indexOf(c) >= 0);
  }

  private static void interrupt(CommandSession session, Thread commands) {
    Job job = session.foregroundJob();
    if (job == null) {
      commands.interrupt();
    } else {
      job.interrupt();
    }
  }

  private LineReader reader(ExternalTerminal jline, Path folder) throws IOException {
    LineReaderBuilder builder =
        LineReaderBuilder.builder()
            .terminal(jline)
            .appName("lodge")
            .completer(new ShellCompleter(registry, services, gogo, folder))
            .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true);
    try {
      Path history = services.folder("lodge.state").resolve("shell-history");
      if (!Files.exists(history)) {
        Files.createFile(
            history,
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      }
      builder.variable(LineReader.HISTORY_FILE, history);
    } catch (CommandException | IOException e) {
      LOG.debug("No history: {}", e.toString());
    }
    return builder.build();
  }

  private static Size size(Terminal terminal) {
    return new Size(terminal.columns(), terminal.rows());
  }

  /** What a terminal does while a command runs: echo, Ctrl-C as a signal, CR LF. */
  private static Attributes discipline() {
    Attributes attributes = new Attributes();
    attributes.setLocalFlag(Attributes.LocalFlag.ICANON, true);
    attributes.setLocalFlag(Attributes.LocalFlag.ISIG, true);
    attributes.setLocalFlag(Attributes.LocalFlag.IEXTEN, true);
    attributes.setLocalFlag(Attributes.LocalFlag.ECHO, true);
    attributes.setLocalFlag(Attributes.LocalFlag.ECHOE, true);
    attributes.setInputFlag(Attributes.InputFlag.ICRNL, true);
    attributes.setOutputFlag(Attributes.OutputFlag.OPOST, true);
    attributes.setOutputFlag(Attributes.OutputFlag.ONLCR, true);
    attributes.setControlChar(Attributes.ControlChar.VMIN, 1);
    attributes.setControlChar(Attributes.ControlChar.VTIME, 0);
    attributes.setControlChar(Attributes.ControlChar.VINTR, 3);
    attributes.setControlChar(Attributes.ControlChar.VEOF, 4);
    attributes.setControlChar(Attributes.ControlChar.VERASE, 127);
    return attributes;
  }

  /** The person's terminal as a command within the session sees it. */
  private record InnerTerminal(Terminal outer, ExternalTerminal jline) implements Terminal {

    @Override
    public boolean inputIsTty() {
      return true;
    }

    @Override
    public boolean outputIsTty() {
      return true;
    }

    @Override
    public int columns() {
      return outer.columns();
    }

    @Override
    public int rows() {
      return outer.rows();
    }

    @Override
    public boolean colors() {
      return outer.colors();
    }

    @Override
    public String type() {
      return outer.type();
    }

    @Override
    public Resizing onResize(Runnable action) {
      return outer.onResize(action);
    }

    @Override
    public Raw raw() {
      Attributes before = jline.getAttributes();
      Attributes raw = new Attributes(before);
      raw.setLocalFlags(
          java.util.EnumSet.of(
              Attributes.LocalFlag.ICANON,
              Attributes.LocalFlag.ISIG,
              Attributes.LocalFlag.IEXTEN,
              Attributes.LocalFlag.ECHO),
          false);
      raw.setInputFlag(Attributes.InputFlag.ICRNL, false);
      raw.setOutputFlag(Attributes.OutputFlag.OPOST, false);
      jline.setAttributes(raw);
      return new Raw() {
        @Override
        public int key(long timeoutMillis) throws IOException {
          return ((NonBlockingInputStream) jline.input()).read(timeoutMillis);
        }

        @Override
        public void close() {
          jline.setAttributes(before);
        }
      };
    }
  }
}
