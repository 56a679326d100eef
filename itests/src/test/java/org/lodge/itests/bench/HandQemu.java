package org.lodge.itests.bench;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonString;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The QEMU that Lodge started, started by hand: same arguments, no Lodge. */
final class HandQemu {

  /** Since just before exec. */
  record Times(double runningMillis, double userSpaceMillis) {}

  private final List<String> command;
  private final Path folder;

  private HandQemu(List<String> command, Path folder) {
    this.command = command;
    this.folder = folder;
  }

  /** Reads the arguments off a guest; the root that it inherits is named by its path. */
  static HandQemu like(JsonObject guest, Path place) throws IOException {
    Path folder = Files.createDirectories(place.resolve("hand"));
    List<String> words = new ArrayList<>();
    List<String> original =
        guest.getJsonArray("commandLine").getValuesAs(JsonString.class).stream()
            .map(JsonString::getString)
            .toList();
    Path kernel = Path.of(original.get(original.indexOf("-kernel") + 1));
    Path root = kernel.resolveSibling("root");
    String run = place.resolve("run/vm/" + guest.getString("name")).toString();
    for (int i = 0; i < original.size(); i++) {
      String word = original.get(i).replace(run, folder.toString());
      if (word.equals("-add-fd")) {
        i++;
        continue;
      }
      word = word.replace("/dev/fdset/1", root.toString());
      words.add(word);
    }
    return new HandQemu(words, folder);
  }

  Times run() throws Exception {
    long begin = System.nanoTime();
    Process process = start();
    try (SocketChannel control = connect("qmp.sock", process);
        SocketChannel console = connect("console.sock", process);
        BufferedReader replies = reader(control);
        BufferedReader lines = reader(console)) {
      boot(control, replies);
      double running = BenchHost.millisSince(begin);
      String line = lines.readLine();
      while (line != null && !line.contains("lodge: user space")) {
        line = lines.readLine();
      }
      return new Times(running, BenchHost.millisSince(begin));
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  double desktopMillis() throws Exception {
    Path picture = folder.resolve("screen.png");
    long begin = System.nanoTime();
    Process process = start();
    try (SocketChannel control = connect("qmp.sock", process);
        SocketChannel console = connect("console.sock", process);
        BufferedReader replies = reader(control)) {
      boot(control, replies);
      BufferedReader lines = reader(console);
      String line = lines.readLine();
      while (line != null && !line.contains("lodge: ready")) {
        line = lines.readLine();
      }
      Thread.ofVirtual().start(() -> drain(console));
      do {
        JsonObject arguments =
            Json.createObjectBuilder()
                .add("filename", picture.toString())
                .add("format", "png")
                .build();
        ask(control, replies, "screendump", arguments);
      } while (!Screens.showsADesktop(picture));
      return BenchHost.millisSince(begin);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private Process start() throws IOException {
    return start(List.of());
  }

  /** Starts it with further arguments; its processors do not run yet. */
  Process start(List<String> more) throws IOException {
    List<String> all = new ArrayList<>(command);
    all.addAll(more);
    Files.deleteIfExists(folder.resolve("qmp.sock"));
    Files.deleteIfExists(folder.resolve("console.sock"));
    return new ProcessBuilder(all)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("output").toFile())
        .start();
  }

  SocketChannel connect(String name, Process process) throws Exception {
    while (true) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(folder.resolve(name)));
        return channel;
      } catch (IOException e) {
        channel.close();
        if (!process.isAlive()) {
          throw new IOException(Files.readString(folder.resolve("output")), e);
        }
        Thread.sleep(1);
      }
    }
  }

  void boot(SocketChannel control, BufferedReader replies) throws IOException {
    try {
      replies.readLine();
      ask(control, replies, "qmp_capabilities", JsonObject.EMPTY_JSON_OBJECT);
      ask(control, replies, "cont", JsonObject.EMPTY_JSON_OBJECT);
    } catch (IOException e) {
      throw new IOException(Files.readString(folder.resolve("output")) + command, e);
    }
  }

  private static void ask(
      SocketChannel control, BufferedReader replies, String command, JsonObject arguments)
      throws IOException {
    String request =
        Json.createObjectBuilder().add("execute", command).add("arguments", arguments).build()
            + "\n";
    control.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
    String reply = replies.readLine();
    while (!reply.startsWith("{\"return\"")) {
      if (reply.startsWith("{\"error\"")) {
        throw new IOException(command + ": " + reply);
      }
      reply = replies.readLine();
    }
  }

  static BufferedReader reader(SocketChannel channel) {
    return new BufferedReader(
        new InputStreamReader(Channels.newInputStream(channel), StandardCharsets.UTF_8));
  }

  private static void drain(SocketChannel channel) {
    ByteBuffer buffer = ByteBuffer.allocate(4096);
    try {
      while (channel.read(buffer.clear()) >= 0) {}
    } catch (IOException e) {
      // The guest has ended.
    }
  }
}
