package org.lodge.shell.internal.admin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.client.Frame;
import org.lodge.shell.Terminal;
import org.lodge.shell.internal.Io;

@Timeout(20)
class AdminServerTest {
  private static final int FLOOD_BYTES = 8 << 20;

  @TempDir Path run;
  private AdminServer server;
  private final Map<String, CountDownLatch> interrupted = new ConcurrentHashMap<>();

  @BeforeEach
  void open() throws IOException {
    for (String name : new String[] {"wait", "stop", "flood", "read one and wait"}) {
      interrupted.put(name, new CountDownLatch(1));
    }
    server =
        AdminServer.open(run, (words, io, terminal) -> command(words.getFirst(), io, terminal));
  }

  @AfterEach
  void close() throws IOException {
    server.close();
  }

  private int command(String word, Io io, SocketTerminal terminal) {
    try {
      switch (word) {
        case "size" -> io.out().print(terminal.columns() + "x" + terminal.rows());
        case "cat" -> io.in().transferTo(io.out());
        case "raw" -> {
          try (Terminal.Raw _ = terminal.raw()) {
            io.out().print("x");
          }
        }
        case "read one and wait" -> {
          io.in().read();
          new CountDownLatch(1).await();
        }
        case "wait", "stop" -> {
          io.out().print("waiting");
          io.out().flush();
          new CountDownLatch(1).await();
        }
        case "flood" -> {
          byte[] bytes = new byte[4096];
          for (int i = 0; i < FLOOD_BYTES / bytes.length && !io.out().checkError(); i++) {
            io.out().write(bytes, 0, bytes.length);
          }
          if (Thread.currentThread().isInterrupted()) {
            interrupted.get(word).countDown();
          }
        }
        default -> io.err().print("no " + word);
      }
      return 7;
    } catch (InterruptedException e) {
      interrupted.get(word).countDown();
      io.err().print("interrupted");
      return 130;
    } catch (IOException e) {
      return 1;
    }
  }

  private SocketChannel connect() throws IOException {
    return SocketChannel.open(UnixDomainSocketAddress.of(run.resolve("admin.sock")));
  }

  private SocketChannel ask(String word) throws IOException {
    SocketChannel channel = connect();
    send(channel, run(word));
    return channel;
  }

  private static ByteBuffer run(String word) {
    String json =
        "{\"version\":2,\"argv\":[\"%s\"],\"cwd\":\"/tmp\",\"columns\":99,\"rows\":33,"
            + "\"stdinTty\":true,\"stdoutTty\":true,\"stderrTty\":true,\"term\":\"xterm\","
            + "\"noColor\":false}";
    return Frame.encode(Frame.RUN, json.formatted(word).getBytes(StandardCharsets.UTF_8));
  }

  private static void send(SocketChannel channel, ByteBuffer frame) throws IOException {
    while (frame.hasRemaining()) {
      channel.write(frame);
    }
  }

  /** All text up to the exit code, which comes after a bar. */
  private static String rest(SocketChannel channel) throws IOException {
    ByteArrayOutputStream text = new ByteArrayOutputStream();
    Frame frame;
    while ((frame = Frame.read(channel)) != null) {
      switch (frame.type()) {
        case Frame.STDOUT, Frame.STDERR -> text.write(frame.payload());
        case Frame.TTY_MODE -> text.write('0' + frame.payload()[0]);
        case Frame.READ_STDIN -> text.write('<');
        default -> text.write(("|" + (frame.payload()[0] & 0xff)).getBytes(StandardCharsets.UTF_8));
      }
    }
    return text.toString(StandardCharsets.UTF_8);
  }

  @Test
  void aCommandAnswersWithOutputAndExitCode() throws IOException {
    try (SocketChannel channel = ask("size")) {
      assertEquals("99x33|7", rest(channel));
    }
  }

  @Test
  void standardInputIsReadOnlyWhenTheCommandReads() throws IOException {
    try (SocketChannel channel = ask("cat")) {
      assertEquals(Frame.READ_STDIN, Frame.read(channel).type());
      send(channel, Frame.encode(Frame.STDIN, "typed".getBytes(StandardCharsets.UTF_8)));
      send(channel, Frame.encode(Frame.STDIN_EOF));
      assertEquals("typed|7", rest(channel));
    }
  }

  @Test
  void theTerminalIsPutBackBeforeTheEnd() throws IOException {
    try (SocketChannel channel = ask("raw")) {
      String text = rest(channel);
      assertTrue(text.startsWith("1") && text.contains("0") && text.endsWith("|7"), text);
    }
  }

  @Test
  void ctrlCInterruptsTheCommandWhichStillSaysItsLastWords() throws IOException {
    try (SocketChannel channel = ask("wait")) {
      assertEquals("waiting", new String(Frame.read(channel).payload(), StandardCharsets.UTF_8));
      send(channel, Frame.encode(Frame.INTERRUPT));
      assertEquals("interrupted|130", rest(channel));
    }
  }

  @Test
  void ctrlCPassesInputThatTheCommandDoesNotRead() throws IOException {
    try (SocketChannel channel = ask("read one and wait")) {
      Frame granted = Frame.read(channel);
      assertEquals(Frame.READ_STDIN, granted.type());
      int left = ByteBuffer.wrap(granted.payload()).getInt();
      while (left > 0) {
        int size = Math.min(left, Frame.MAX_PAYLOAD_BYTES);
        send(channel, Frame.encode(Frame.STDIN, new byte[size]));
        left -= size;
      }
      send(channel, Frame.encode(Frame.INTERRUPT));
      assertTrue(rest(channel).endsWith("interrupted|130"));
    }
  }

  @Test
  void aClientThatSendsMoreThanItMayIsDropped() throws IOException {
    try (SocketChannel channel = ask("wait")) {
      Frame.read(channel);
      send(channel, Frame.encode(Frame.STDIN, new byte[1]));
      rest(channel);
    }
  }

  @Test
  void theDeathOfAClientInterruptsItsCommand() throws Exception {
    try (SocketChannel channel = ask("wait")) {
      Frame.read(channel);
    }
    assertTrue(interrupted.get("wait").await(10, TimeUnit.SECONDS));
  }

  @Test
  void aClientThatNeverReadsDoesNotStallOthers() throws Exception {
    try (SocketChannel stuck = ask("flood")) {
      for (int i = 0; i < 20; i++) {
        try (SocketChannel channel = ask("size")) {
          assertEquals("99x33|7", rest(channel));
        }
      }
      assertTrue(stuck.isOpen());
    }
    assertTrue(interrupted.get("flood").await(10, TimeUnit.SECONDS));
  }

  @Test
  void whoeverConnectsAndSaysNothingKeepsNobodyOut() throws IOException {
    List<SocketChannel> silent = new ArrayList<>();
    try {
      for (int i = 0; i < AdminServer.MOST_SILENT; i++) {
        silent.add(connect());
      }
      try (SocketChannel channel = ask("size")) {
        assertEquals("99x33|7", rest(channel));
      }
      assertNull(Frame.read(silent.getFirst()), "the oldest makes room");
      silent.getLast().write(run("size"));
      assertEquals("99x33|7", rest(silent.getLast()));
    } finally {
      closeAll(silent);
    }
  }

  @Test
  void whereTooManyCommandsRunTheNextIsToldSo() throws IOException {
    List<SocketChannel> busy = new ArrayList<>();
    try {
      for (int i = 0; i < AdminServer.MOST_COMMANDS; i++) {
        busy.add(ask("wait"));
        Frame.read(busy.getLast());
      }
      try (SocketChannel channel = ask("size")) {
        assertEquals("lodge: 64 commands run already; end one of them first\n|1", rest(channel));
      }
      for (int i = 0; i < AdminServer.MOST_ENDING; i++) {
        busy.add(ask("stop"));
        assertEquals(
            "waiting", new String(Frame.read(busy.getLast()).payload(), StandardCharsets.UTF_8));
      }
      try (SocketChannel channel = ask("stop")) {
        assertEquals("lodge: 72 commands run already; end one of them first\n|1", rest(channel));
      }
    } finally {
      closeAll(busy);
    }
  }

  private static void closeAll(List<SocketChannel> channels) throws IOException {
    for (SocketChannel channel : channels) {
      channel.close();
    }
  }

  @Test
  void bytesThatAreNoRequestEndTheConnectionAndNothingElse() throws IOException {
    Random random = new Random(11);
    for (int round = 0; round < 300; round++) {
      byte[] bytes = new byte[1 + random.nextInt(60)];
      random.nextBytes(bytes);
      if (random.nextBoolean()) {
        bytes[0] = Frame.RUN;
      }
      try (SocketChannel channel = connect()) {
        send(channel, ByteBuffer.wrap(bytes));
        channel.shutdownOutput();
        assertNull(Frame.read(channel));
      } catch (IOException e) {
        // The server may close before it has read all.
      }
    }
    try (SocketChannel channel = ask("size")) {
      assertEquals("99x33|7", rest(channel));
    }
  }

  @Test
  void malformedRequestsAreRefused() {
    for (String json :
        new String[] {
          "",
          "[]",
          "{}",
          "{\"version\":1}",
          "{\"version\":2,\"argv\":[]}",
          "{\"version\":1,\"argv\":[1],\"cwd\":\"/\"}",
          "{\"version\":1,\"argv\":{},\"cwd\":7}"
        }) {
      byte[] payload = json.getBytes(StandardCharsets.UTF_8);
      assertThrows(IOException.class, () -> Request.parse(payload), json);
    }
  }

  @Test
  void theSocketIsForItsOwnerOnly() throws IOException {
    Path socket = run.resolve("admin.sock");
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
    try (var files = Files.list(run)) {
      assertEquals(2, files.count(), "admin.sock and admin.lock, nothing left over");
    }
  }

  @Test
  void theSocketOfAKilledLodgeIsReplaced() throws IOException {
    server.close();
    Path socket = run.resolve("admin.sock");
    assertFalse(Files.exists(socket));
    try (ServerSocketChannel stale = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      stale.bind(UnixDomainSocketAddress.of(socket));
    }
    assertTrue(Files.exists(socket));
    open();
    try (SocketChannel channel = ask("size")) {
      assertEquals("99x33|7", rest(channel));
    }
  }
}
