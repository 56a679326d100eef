package org.lodge.itests.bench;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.lodge.client.Frame;

/**
 * A Lodge of the bench's own, spoken to through its admin socket so that no client's start counts.
 */
final class BenchHost implements AutoCloseable {
  private static final int POLL_MILLIS = 2;
  private static final int LIMIT_MILLIS = 60_000;

  private final Path home;
  private final Path place;
  private final Path run;

  BenchHost(Path home) throws IOException {
    this.home = home;
    place =
        Files.createTempDirectory(
            Path.of("/var/tmp"),
            "lodge-bench",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    run = place.resolve("run");
    Files.createDirectories(place.resolve("config/vm"));
    Path images = Files.createDirectories(place.resolve("config/image"));
    try (Stream<Path> shipped = Files.list(home.resolve("config/image"))) {
      for (Path each : shipped.toList()) {
        Files.createSymbolicLink(images.resolve(each.getFileName()), each);
      }
    }
  }

  Path place() {
    return place;
  }

  void define(String guest, String definition) throws IOException {
    Files.writeString(place.resolve("config/vm/" + guest + ".json"), definition);
  }

  void defineShare(String share, String definition) throws IOException {
    Path folder = Files.createDirectories(place.resolve("config/share"));
    Files.writeString(folder.resolve(share + ".json"), definition);
  }

  /** Defines an image, and builds it unless it is there. */
  void addImage(String name, byte[] definition) throws Exception {
    Files.write(place.resolve("config/image/" + name + ".json"), definition);
    int exit = process(lodge("image", "build", name)).start().waitFor();
    if (exit != 0) {
      throw new IOException("image " + name + ": " + output());
    }
  }

  /** Starts {@code lodge up} and asks {@code ls} until it is answered. */
  Running up() throws Exception {
    long begin = System.nanoTime();
    Process process = process(lodge("up")).start();
    Running running = new Running(process);
    while (true) {
      try {
        running.command("ls");
        running.answeredAfterMillis = millisSince(begin);
        return running;
      } catch (IOException e) {
        if (!process.isAlive() || millisSince(begin) > LIMIT_MILLIS) {
          throw new IOException(
              "lodge up does not answer: " + Files.readString(place.resolve("output")), e);
        }
        Thread.sleep(POLL_MILLIS);
      }
    }
  }

  double lodgeMillis(String... command) throws Exception {
    return millis(process(lodge(command)));
  }

  double bareJvmMillis() throws Exception {
    String java = System.getProperty("java.home") + "/bin/java";
    return millis(
        process(List.of(java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-version")));
  }

  /** The container's own bundles alone; its last one makes a folder when it starts. */
  double bareContainerMillis() throws Exception {
    Path conf = place.resolve("bare.properties");
    if (!Files.exists(conf)) {
      String all = Files.readString(home.resolve("conf/framework.properties"));
      String ours = "\"reference:file:[^\"]*/(?!org\\.|jakarta|jna|jline)[^\"/]*\"( \\\\\n *)?";
      Files.writeString(conf, all.replaceAll(ours, ""));
    }
    String launcher = Files.readString(home.resolve("bin/lodge"));
    Path bare = place.resolve("bare-lodge");
    Files.writeString(
        bare,
        launcher
            .replace("file:$home/conf/framework.properties", "file:" + conf)
            .replace("self=$(readlink -f \"${BASH_SOURCE[0]}\")", "self=" + home + "/bin/lodge"));
    ProcessBuilder builder = process(List.of("bash", bare.toString(), "up"));
    builder.environment().put("LODGE_STATE", place.resolve("bare-state").toString());
    builder.environment().put("LODGE_RUN", place.resolve("bare-run").toString());
    Path deploy = place.resolve("bare-state/framework/bundles/deploy");
    deleteTree(deploy);
    long begin = System.nanoTime();
    Process process = builder.start();
    while (!Files.exists(deploy)) {
      if (!process.isAlive() || millisSince(begin) > LIMIT_MILLIS) {
        throw new IOException("the bare container did not start: " + output());
      }
      Thread.sleep(POLL_MILLIS);
    }
    double millis = millisSince(begin);
    process.destroy();
    process.waitFor();
    return millis;
  }

  private double millis(ProcessBuilder builder) throws Exception {
    long begin = System.nanoTime();
    builder.start().waitFor();
    return millisSince(begin);
  }

  private List<String> lodge(String... arguments) {
    List<String> command = new ArrayList<>(List.of(home.resolve("bin/lodge").toString()));
    command.addAll(List.of(arguments));
    return command;
  }

  private ProcessBuilder process(List<String> command) {
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("LODGE_STATE", place.resolve("state").toString());
    builder.environment().put("LODGE_RUN", run.toString());
    builder.environment().put("LODGE_CONFIG", place.resolve("config").toString());
    builder.redirectErrorStream(true).redirectOutput(place.resolve("output").toFile());
    return builder;
  }

  private String output() throws IOException {
    return Files.readString(place.resolve("output"));
  }

  static double millisSince(long beginNanos) {
    return (System.nanoTime() - beginNanos) / 1e6;
  }

  private static void deleteTree(Path tree) throws IOException {
    if (Files.exists(tree)) {
      try (Stream<Path> files = Files.walk(tree)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(file);
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    deleteTree(place);
  }

  /** The process id of the supervisor's JVM, which is not its keeper's. */
  long supervisor() {
    return ProcessHandle.allProcesses()
        .filter(process -> hasWord(process, "-Dlodge.run=" + run))
        .findFirst()
        .orElseThrow()
        .pid();
  }

  private static boolean hasWord(ProcessHandle process, String word) {
    try {
      String words = Files.readString(Path.of("/proc/" + process.pid() + "/cmdline"));
      return words.contains(word + "\0");
    } catch (IOException e) {
      return false;
    }
  }

  /** A supervisor that answers. */
  final class Running implements AutoCloseable {
    private final Process process;
    private double answeredAfterMillis;

    private Running(Process process) {
      this.process = process;
    }

    double answeredAfterMillis() {
      return answeredAfterMillis;
    }

    /** Runs a command and returns what it printed. */
    String command(String... arguments) throws IOException {
      try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        channel.connect(UnixDomainSocketAddress.of(run.resolve("admin.sock")));
        JsonObject request =
            Json.createObjectBuilder()
                .add("version", 2)
                .add("argv", Json.createArrayBuilder(List.of(arguments)))
                .add("cwd", "/")
                .add("columns", 80)
                .add("rows", 24)
                .add("stdinTty", false)
                .add("stdoutTty", false)
                .add("stderrTty", false)
                .add("term", "dumb")
                .add("noColor", true)
                .build();
        channel.write(Frame.encode(Frame.RUN, request.toString().getBytes(StandardCharsets.UTF_8)));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        while (true) {
          Frame frame = Frame.read(channel);
          if (frame == null) {
            throw new IOException("Lodge closed the connection");
          }
          switch (frame.type()) {
            case Frame.STDOUT, Frame.STDERR -> out.writeBytes(frame.payload());
            case Frame.EXIT -> {
              String text = out.toString(StandardCharsets.UTF_8);
              if (frame.payload()[0] != 0) {
                throw new IOException(String.join(" ", arguments) + ": " + text);
              }
              return text;
            }
            default -> {}
          }
        }
      }
    }

    JsonObject show(String guest) throws IOException {
      try (JsonReader reader =
          Json.createReader(new StringReader(command("show", guest, "--json")))) {
        return reader.readObject().getJsonObject("guest");
      }
    }

    JsonObject start(String guest) throws IOException {
      command("start", guest);
      return show(guest);
    }

    /**
     * From the request to a screen of many colours. Looked for only once the guest is ready: each
     * look halts the guest's processors for a while.
     */
    double desktopMillis(String guest, Path folder) throws Exception {
      Path picture = folder.resolve("screen.png");
      long begin = System.nanoTime();
      command("start", guest);
      do {
        command("screenshot", guest, picture.toString());
        if (millisSince(begin) > LIMIT_MILLIS) {
          throw new IOException("no desktop on " + guest);
        }
      } while (!Screens.showsADesktop(picture));
      return millisSince(begin);
    }

    /** Of all that Lodge runs but the monitors: its keeper and itself. */
    double residentMebibytes() throws IOException {
      double sum = residentMebibytes(process.toHandle());
      for (ProcessHandle child : process.descendants().toList()) {
        if (child.info().command().orElse("").endsWith("/java")) {
          sum += residentMebibytes(child);
        }
      }
      return sum;
    }

    private static double residentMebibytes(ProcessHandle java) throws IOException {
      for (String line : Files.readAllLines(Path.of("/proc/" + java.pid() + "/status"))) {
        if (line.startsWith("VmRSS:")) {
          return Double.parseDouble(line.replaceAll("[^0-9]", "")) / 1024;
        }
      }
      throw new IOException("no VmRSS of process " + java.pid());
    }

    @Override
    public void close() {
      try {
        command("down");
      } catch (IOException e) {
        process.destroy();
      }
      process.onExit().join();
    }
  }
}
