package org.lodge.client;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * {@code lodge COMMAND}: sends the command to the Lodge that runs and relays standard input, output
 * and signals. It knows no command itself.
 *
 * <p>Its life is a tenth of a second, most of it the JVM's start, so it keeps to what the JDK has
 * loaded anyway: no lambdas, streams, regular expressions or formatters.
 *
 * <p>Environment: {@code LODGE_RUN} is the folder of {@code admin.sock}; {@code LODGE_TTY_SIZE},
 * "rows columns", spares a call of {@code stty}. The first argument may be {@code --wait=SECONDS}:
 * how long to wait for a Lodge that is starting.
 */
public final class Main {
  private static final int LOST = 125;
  private static final int BROKEN_PIPE = 141;
  private static final String WAIT = "--wait=";

  private Main() {}

  public static void main(String[] arguments) throws InterruptedException {
    int waitMillis = 0;
    int first = 0;
    if (arguments.length > 0 && arguments[0].startsWith(WAIT)) {
      try {
        waitMillis = Integer.parseInt(arguments[0].substring(WAIT.length())) * 1000;
      } catch (NumberFormatException e) {
        System.err.println("lodge: --wait takes whole seconds, as in --wait=20");
        System.exit(2);
      }
      first = 1;
    }
    String run = System.getenv("LODGE_RUN");
    String socket = (run == null ? "/run/lodge" : run) + "/admin.sock";
    SocketChannel channel = connect(socket, waitMillis);
    if (channel == null) {
      NotRunning none = new NotRunning(Path.of(socket).getParent(), Path.of("/proc"));
      System.exit(none.say(arguments, first, System.out, System.err));
    }
    int lost = first < arguments.length && runsInGuest(arguments[first]) ? LOST : 1;
    System.exit(relay(channel, request(arguments, first), lost));
  }

  /** Their exit codes up to 124 are the program's. */
  static boolean runsInGuest(String command) {
    return command.equals("exec")
        || command.equals("run")
        || command.equals("shell")
        || command.equals("call");
  }

  private static SocketChannel connect(String socket, int waitMillis) throws InterruptedException {
    long deadline = System.nanoTime() + waitMillis * 1_000_000L;
    while (true) {
      try {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
          channel.connect(UnixDomainSocketAddress.of(socket));
          return channel;
        } catch (IOException e) {
          channel.close();
        }
      } catch (IOException e) {
        return null;
      }
      if (System.nanoTime() >= deadline) {
        return null;
      }
      // Between processes there is no event for "now it listens" that is cheaper than asking.
      Thread.sleep(20);
    }
  }

  private static byte[] request(String[] arguments, int first) {
    boolean stdinTty = Tty.isTty(0);
    boolean stdoutTty = Tty.isTty(1);
    boolean stderrTty = Tty.isTty(2);
    int[] size = {80, 24};
    if (stdoutTty || stderrTty) {
      int[] given = sizeOf(System.getenv("LODGE_TTY_SIZE"));
      size = given == null ? Tty.size() : given;
    }
    StringBuilder json = new StringBuilder(256).append("{\"version\":2,\"argv\":[");
    for (int i = first; i < arguments.length; i++) {
      if (i > first) {
        json.append(',');
      }
      quote(json, arguments[i]);
    }
    json.append("],\"cwd\":");
    quote(json, System.getProperty("user.dir"));
    json.append(",\"columns\":").append(size[0]).append(",\"rows\":").append(size[1]);
    json.append(",\"stdinTty\":").append(stdinTty);
    json.append(",\"stdoutTty\":").append(stdoutTty);
    json.append(",\"stderrTty\":").append(stderrTty);
    json.append(",\"term\":");
    String term = System.getenv("TERM");
    quote(json, term == null ? "dumb" : term);
    String noColor = System.getenv("NO_COLOR");
    json.append(",\"noColor\":").append(noColor != null && !noColor.isEmpty()).append('}');
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static int[] sizeOf(String rowsAndColumns) {
    int space = rowsAndColumns == null ? -1 : rowsAndColumns.indexOf(' ');
    if (space <= 0) {
      return null;
    }
    try {
      int rows = Integer.parseInt(rowsAndColumns.substring(0, space));
      int columns = Integer.parseInt(rowsAndColumns.substring(space + 1));
      return rows > 0 && columns > 0 ? new int[] {columns, rows} : null;
    } catch (NumberFormatException e) {
      return null;
    }
  }

  static void quote(StringBuilder json, String text) {
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ' || Character.isSurrogate(c)) {
        String hex = Integer.toHexString(c);
        json.append("\\u").append("0000", 0, 4 - hex.length()).append(hex);
      } else {
        json.append(c);
      }
    }
    json.append('"');
  }

  /**
   * @param lost the exit code where Lodge goes before the command has ended
   */
  static int relay(SocketChannel channel, byte[] request, int lost) {
    if (request.length > Frame.MAX_PAYLOAD_BYTES) {
      System.err.println("lodge: the command line is longer than 64 KiB");
      return 2;
    }
    Uplink uplink = new Uplink(channel);
    try {
      uplink.send(Frame.encode(Frame.RUN, request));
      uplink.catchInterrupts();
    } catch (IOException e) {
      System.err.println("lodge: Lodge closed the connection: " + e.getMessage());
      return lost;
    }
    FileOutputStream stdout = new FileOutputStream(FileDescriptor.out);
    FileOutputStream stderr = new FileOutputStream(FileDescriptor.err);
    while (true) {
      Frame frame;
      try {
        frame = Frame.read(channel);
      } catch (IOException e) {
        frame = null;
      }
      if (frame == null) {
        uplink.restoreTerminal();
        System.err.println("lodge: Lodge ended before the command did");
        return lost;
      }
      try {
        switch (frame.type()) {
          case Frame.STDOUT -> stdout.write(frame.payload());
          case Frame.STDERR -> stderr.write(frame.payload());
          case Frame.READ_STDIN -> uplink.read(ByteBuffer.wrap(frame.payload()).getInt());
          case Frame.TTY_MODE ->
              uplink.setRaw(frame.payload().length > 0 && frame.payload()[0] == 1);
          case Frame.EXIT -> {
            uplink.restoreTerminal();
            return frame.payload().length > 0 ? frame.payload()[0] & 0xff : 1;
          }
          default -> {}
        }
      } catch (IOException e) {
        return BROKEN_PIPE;
      }
    }
  }
}
