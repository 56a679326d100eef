package org.lodge.itests;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import jakarta.json.JsonValue;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * A Lodge of its own, started and steered as a person does it: by bin/lodge of the distribution.
 */
final class LodgeHost {

  /** What a command of {@code lodge} printed and how it ended. */
  record Result(int exit, String out, String err) {
    Result ok() {
      if (exit != 0) {
        throw new AssertionError("exit " + exit + "\n" + out + err);
      }
      return this;
    }
  }

  private static final String KEEPER = "org.lodge.keeper.Main\0";
  private static final Duration COMMAND_LIMIT = Duration.ofSeconds(120);

  final Path place;
  final Path config;
  final Path run;

  LodgeHost() throws IOException {
    place =
        Files.createTempDirectory(
            Path.of("/var/tmp"),
            "lodge-test",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx--x--x")));
    config = Files.createDirectories(place.resolve("config"));
    run = place.resolve("run");
    Files.createDirectories(config.resolve("vm"));
    copyTree(Distribution.home().resolve("config/image"), config.resolve("image"));
  }

  /** Declares a guest; the definition is JSON with single quotes. */
  void define(String name, String definition) throws IOException {
    Path file = config.resolve("vm/" + name + ".json");
    Path partial = config.resolve("vm/." + name + ".tmp");
    Files.writeString(partial, definition.replace('\'', '"'));
    Files.move(partial, file, StandardCopyOption.ATOMIC_MOVE);
  }

  void remove(String name) throws IOException {
    Files.delete(config.resolve("vm/" + name + ".json"));
  }

  void up() throws Exception {
    lodge("up", "--detach").ok();
  }

  /** The folders of this host, for {@code bin/lodge}. */
  Map<String, String> environment() {
    return Map.of(
        "LODGE_STATE",
        place.resolve("state").toString(),
        "LODGE_RUN",
        run.toString(),
        "LODGE_CONFIG",
        config.toString(),
        "LODGE_IMAGES",
        images().toString());
  }

  /** Begins a command and leaves it running. */
  Process begin(Path out, Path err, String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Distribution.home().resolve("bin/lodge").toString());
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().putAll(environment());
    builder.redirectOutput(out.toFile());
    builder.redirectError(err.toFile());
    return builder.start();
  }

  Result lodge(String... arguments) throws Exception {
    Path out = Files.createTempFile(place, "out", "");
    Path err = Files.createTempFile(place, "err", "");
    Process process = begin(out, err, arguments);
    process.getOutputStream().close();
    if (!process.waitFor(COMMAND_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(
          "hangs: lodge " + String.join(" ", arguments) + "\n" + Files.readString(err));
    }
    return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  /** {@code lodge show NAME --json}. */
  JsonObject show(String name) throws Exception {
    return json(lodge("show", name, "--json").ok().out()).asJsonObject().getJsonObject("guest");
  }

  String state(String name) throws Exception {
    return show(name).getString("state");
  }

  long pid(String name) throws Exception {
    return show(name).getJsonNumber("pid").longValue();
  }

  /** What {@code lodge device ls NAME --json} says of a device. */
  JsonObject device(String name, String id) throws Exception {
    Result list = lodge("device", "ls", name, "--json").ok();
    return json(list.out()).asJsonObject().getJsonArray("devices").stream()
        .map(JsonValue::asJsonObject)
        .filter(each -> each.getString("id").equals(id))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no device " + id + " in " + list.out()));
  }

  /** Adds an image of the tests' own, and builds it unless that was done before. */
  void image(String name) throws Exception {
    Path images = Path.of(LodgeHost.class.getResource("/image").toURI());
    Files.copy(images.resolve(name + ".json"), config.resolve("image/" + name + ".json"));
    Path files = images.resolve("files/" + name);
    if (Files.exists(files)) {
      copyTree(files, config.resolve("image/files/" + name));
    }
    lodge("image", "build", name).ok();
  }

  /** An empty disk. */
  Path disk(String name, int mebibytes) throws IOException {
    Path file = place.resolve(name + ".img");
    try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
      disk.setLength((long) mebibytes << 20);
    }
    return file;
  }

  /** Waits until the guest is as wanted. */
  void await(String name, String what, Predicate<JsonObject> wanted) throws Exception {
    until(name + " is " + what, () -> wanted.test(show(name)));
  }

  static void until(String what, Callable<Boolean> holds) throws Exception {
    long end = System.nanoTime() + COMMAND_LIMIT.toNanos();
    while (!holds.call()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("not within " + COMMAND_LIMIT + ": " + what);
      }
      Thread.sleep(50);
    }
  }

  /** The process id of the supervisor's JVM. */
  long supervisor() {
    return processes("-Dlodge.run=" + run + "\0").findFirst().orElseThrow().pid();
  }

  /** {@code kill -9} of the supervisor; returns once its keeper has brought it back. */
  void killSupervisor() throws Exception {
    long killed = supervisor();
    ProcessHandle.of(killed).orElseThrow().destroyForcibly();
    until("Lodge is back", () -> isBackFrom(killed));
  }

  /** Whether a supervisor answers that is not the former one. */
  boolean isBackFrom(long former) throws Exception {
    return processes("-Dlodge.run=" + run + "\0").anyMatch(each -> each.pid() != former)
        && lodge("ls").exit() == 0;
  }

  /** Every process of this host: the supervisor, its keeper and the monitors of guests. */
  List<Long> processes() {
    return Stream.of("-Dlodge.run=" + run + "\0", KEEPER + run + "\0", run + "/vm/")
        .flatMap(LodgeHost::processes)
        .map(ProcessHandle::pid)
        .toList();
  }

  /** A process that nobody has reaped yet lives no more. */
  static boolean lives(long pid) throws IOException {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
    } catch (NoSuchFileException e) {
      return false;
    }
  }

  static jakarta.json.JsonStructure json(String text) {
    try (JsonReader reader = Json.createReader(new StringReader(text))) {
      return reader.read();
    }
  }

  private static Stream<ProcessHandle> processes(String words) {
    return ProcessHandle.allProcesses()
        .filter(process -> {
          try {
            return Files.readString(Path.of("/proc/" + process.pid() + "/cmdline")).contains(words);
          } catch (IOException e) {
            return false;
          }
        });
  }

  static Path images() {
    String images = System.getenv("LODGE_IMAGES");
    return Path.of(images == null ? "/var/lib/lodge/images" : images);
  }

  private static void copyTree(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target);
        }
      }
    }
  }

  /** Ends Lodge and whatever a failed test has left behind. */
  void close() throws Exception {
    lodge("down");
    // The keeper first: it would bring the supervisor back.
    processes(KEEPER + run + "\0").forEach(ProcessHandle::destroyForcibly);
    processes().forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    keepLog();
    deleteTree(place);
  }

  /** What Lodge said, for whoever looks into a test that failed. */
  private void keepLog() throws IOException {
    Path log = place.resolve("state/log/lodge.log");
    if (Files.exists(log)) {
      Path logs = Files.createDirectories(Path.of("target/lodge-log"));
      Files.copy(
          log, logs.resolve(place.getFileName() + ".log"), StandardCopyOption.REPLACE_EXISTING);
    }
  }

  static void deleteTree(Path tree) throws IOException {
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
