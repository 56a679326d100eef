package org.lodge.shell.internal;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Function;
import org.apache.felix.service.command.Process;
import org.lodge.shell.Command;
import org.lodge.shell.Terminal;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** Makes each command a Gogo function of the scope {@code lodge}. */
@Component(
    immediate = true,
    service = {})
public final class GogoBridge {
  /** Session variable: the {@link Io} of an interactive session. */
  static final String IO = ".lodge.io";

  private static final String SCOPE = "lodge";

  private final BundleContext context;
  private final Dispatcher dispatcher;
  private final Map<String, ServiceRegistration<Function>> functions = new HashMap<>();
  private final Map<String, Integer> users = new HashMap<>();

  @Activate
  public GogoBridge(
      BundleContext context,
      @Reference Dispatcher dispatcher,
      @Reference CommandRegistry registry) {
    this.context = context;
    this.dispatcher = dispatcher;
    registry.own().forEach(this::bindCommand);
  }

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  public synchronized void bindCommand(Command command) {
    String word = word(command);
    users.merge(word, 1, Integer::sum);
    functions.computeIfAbsent(word, this::register);
  }

  public synchronized void unbindCommand(Command command) {
    String word = word(command);
    // Another member of the family, such as "image", may still need the word.
    if (users.merge(word, -1, Integer::sum) == 0) {
      functions.remove(word).unregister();
    }
  }

  @Deactivate
  synchronized void deactivate() {
    functions.values().forEach(ServiceRegistration::unregister);
    functions.clear();
  }

  private static String word(Command command) {
    return command.description().name().split(" ", 2)[0];
  }

  private ServiceRegistration<Function> register(String word) {
    Dictionary<String, Object> properties = new Hashtable<>();
    properties.put(CommandProcessor.COMMAND_SCOPE, SCOPE);
    properties.put(CommandProcessor.COMMAND_FUNCTION, word);
    Function function = (session, arguments) -> run(word, session, arguments);
    return context.registerService(Function.class, function, properties);
  }

  private Object run(String word, CommandSession session, List<Object> arguments) {
    List<String> words = new ArrayList<>();
    words.add(word);
    arguments.forEach(argument -> words.add(String.valueOf(argument)));
    Process process = Process.Utils.current();
    Path folder = session.currentDir();
    Io outer = (Io) session.get(IO);
    Terminal terminal = outer == null ? null : outer.terminal();
    // Gogo's own streams are channels that an interrupt closes for good, so they serve pipes only.
    boolean in = outer != null && process.isTty(0);
    boolean out = outer != null && process.isTty(1);
    boolean err = outer != null && process.isTty(2);
    Io io =
        new Io(
            in ? outer.in() : process.in(),
            out ? outer.out() : process.out(),
            err ? outer.err() : process.err(),
            new PipedTerminal(terminal, in, out),
            folder == null ? Path.of("/") : folder);
    process.error(dispatcher.run(words, io));
    return null;
  }

  /** The session's terminal, as far as the command is not at the end of a pipe. */
  private record PipedTerminal(Terminal terminal, boolean input, boolean output)
      implements Terminal {

    @Override
    public boolean inputIsTty() {
      return terminal != null && input;
    }

    @Override
    public boolean outputIsTty() {
      return terminal != null && output;
    }

    @Override
    public int columns() {
      return terminal == null ? 80 : terminal.columns();
    }

    @Override
    public int rows() {
      return terminal == null ? 24 : terminal.rows();
    }

    @Override
    public boolean colors() {
      return outputIsTty() && terminal.colors();
    }

    @Override
    public String type() {
      return terminal == null ? "dumb" : terminal.type();
    }

    @Override
    public Resizing onResize(Runnable action) {
      return terminal == null ? () -> {} : terminal.onResize(action);
    }

    @Override
    public Raw raw() {
      return terminal == null ? new NoRaw() : terminal.raw();
    }
  }
}
