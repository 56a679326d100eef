package org.lodge.shell.internal;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.lodge.shell.Terminal;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.FrameworkListener;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * Runs the one command of a container that was started for it, on the process's own streams, and
 * ends the process with its exit code. Asked for by the framework property {@value #ARGUMENTS}.
 */
@Component(
    immediate = true,
    service = {})
public final class OneShot implements FrameworkListener {
  /** The words of the command, joined by U+001F. */
  public static final String ARGUMENTS = "lodge.oneshot";

  private static final String FOLDER = "lodge.oneshot.cwd";

  private final Dispatcher dispatcher;
  private final BundleContext context;

  @Activate
  public OneShot(BundleContext context, @Reference Dispatcher dispatcher) {
    this.context = context;
    this.dispatcher = dispatcher;
    if (context.getProperty(ARGUMENTS) != null) {
      if (context.getBundle(0).getState() == Bundle.ACTIVE) {
        begin();
      } else {
        context.addFrameworkListener(this);
      }
    }
  }

  @Override
  public void frameworkEvent(FrameworkEvent event) {
    if (event.getType() == FrameworkEvent.STARTED) {
      context.removeFrameworkListener(this);
      begin();
    }
  }

  private void begin() {
    Thread.ofPlatform().name("lodge-command").start(this::run);
  }

  /** Exits through the launcher's own hook, which stops the framework in order. */
  private void run() {
    List<String> words = List.of(context.getProperty(ARGUMENTS).split("\u001f", -1));
    String folder = context.getProperty(FOLDER);
    Io io =
        new Io(
            System.in,
            stream(FileDescriptor.out),
            stream(FileDescriptor.err),
            new OwnTerminal(),
            Path.of(folder == null ? "" : folder).toAbsolutePath());
    System.exit(dispatcher.run(words, io));
  }

  private static PrintStream stream(FileDescriptor descriptor) {
    return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }

  /** The terminal of this process; its window is not watched for the one command's life. */
  private static final class OwnTerminal implements Terminal {
    private final boolean tty = isTty();
    private final int columns = number("COLUMNS", 80);
    private final int rows = number("LINES", 24);

    private static boolean isTty() {
      try {
        String target = Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString();
        return target.startsWith("/dev/pts/") || target.startsWith("/dev/tty");
      } catch (IOException e) {
        return false;
      }
    }

    private static int number(String variable, int otherwise) {
      String value = System.getenv(variable);
      try {
        return value == null ? otherwise : Math.max(1, Integer.parseInt(value));
      } catch (NumberFormatException e) {
        return otherwise;
      }
    }

    @Override
    public boolean inputIsTty() {
      return false;
    }

    @Override
    public boolean outputIsTty() {
      return tty;
    }

    @Override
    public int columns() {
      return columns;
    }

    @Override
    public int rows() {
      return rows;
    }

    @Override
    public boolean colors() {
      String noColor = System.getenv("NO_COLOR");
      return tty && (noColor == null || noColor.isEmpty());
    }

    @Override
    public Raw raw() {
      return new NoRaw();
    }
  }
}
