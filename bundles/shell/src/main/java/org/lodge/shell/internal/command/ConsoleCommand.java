package org.lodge.shell.internal.command;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.shell.Argument.Arity;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.shell.Kind;
import org.lodge.shell.Terminal;
import org.lodge.shell.internal.Services;
import org.lodge.vm.Console;
import org.lodge.vm.Guests;

/** {@code console GUEST}: the person's terminal becomes the guest's serial line. */
final class ConsoleCommand implements Command {
  private static final int LEAVE = 0x1d;
  private static final int BUFFER_BYTES = 4096;

  private final Services services;

  ConsoleCommand(Services services) {
    this.services = services;
  }

  @Override
  public Description description() {
    return Description.of("console", "Attach to a guest's serial console")
        .details(
            "Every key goes to the guest, Ctrl-C too. Ctrl-] leaves; the guest goes on. Begins with"
                + " the last screenful. Several people may be attached at once.")
        .details(
            "The guest's bytes reach the terminal as they are: it may colour, clear and move. To"
                + " read them made safe, use: lodge logs.")
        .details("Where standard input is not a terminal, the command ends with it.")
        .argument("GUEST", Kind.GUEST, Arity.ONE, "which; it has to run")
        .example("lodge console work", "Log in on the guest work.");
  }

  @Override
  public int run(Invocation invocation) throws Exception {
    String name = invocation.text("GUEST");
    Guests guests = services.guests();
    AtomicBoolean leaving = new AtomicBoolean();
    Thread typing = Thread.currentThread();
    Thread showing;
    try (Terminal.Raw raw = raw(invocation)) {
      boolean left;
      try (Console console = guests.console(name)) {
        say(raw, "lodge: on the console of " + name + "; Ctrl-] leaves\r\n", invocation);
        Runnable guestEnded = () -> endTyping(typing, leaving);
        showing =
            Thread.ofVirtual().start(() -> show(console.output(), invocation.out(), guestEnded));
        left = type(invocation.in(), console.input());
        leaving.set(true);
      }
      showing.interrupt();
      showing.join();
      say(raw, left ? "\r\nlodge: left\r\n" : "\r\nlodge: the console has ended\r\n", invocation);
    }
    return ExitCode.OK;
  }

  private static void say(Terminal.Raw raw, String text, Invocation invocation) {
    if (raw != null) {
      invocation.err().print(text);
      invocation.err().flush();
    }
  }

  private static void endTyping(Thread typing, AtomicBoolean leaving) {
    if (!leaving.get()) {
      typing.interrupt();
    }
  }

  private static Terminal.Raw raw(Invocation invocation) {
    return invocation.terminal().inputIsTty() ? invocation.terminal().raw() : null;
  }

  /** Returns true when the person leaves, false when an end is reached. */
  private static boolean type(InputStream keys, OutputStream input) throws IOException {
    byte[] bytes = new byte[BUFFER_BYTES];
    try {
      int count;
      while ((count = keys.read(bytes)) > 0) {
        for (int i = 0; i < count; i++) {
          if (bytes[i] == LEAVE) {
            input.write(bytes, 0, i);
            input.flush();
            return true;
          }
        }
        input.write(bytes, 0, count);
        input.flush();
      }
    } catch (InterruptedIOException e) {
      // The guest's end, or the person went away.
    }
    return false;
  }

  private static void show(InputStream guest, PrintStream out, Runnable ended) {
    byte[] bytes = new byte[BUFFER_BYTES];
    try {
      int count;
      while ((count = guest.read(bytes)) > 0) {
        out.write(bytes, 0, count);
        out.flush();
      }
    } catch (IOException e) {
      // Detached.
    } finally {
      ended.run();
    }
  }
}
