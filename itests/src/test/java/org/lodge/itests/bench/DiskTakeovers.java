package org.lodge.itests.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * How long a driver under load waits when the logic of its disk is replaced: by turns a newer
 * device-blk is copied into the folder deploy and removed again.
 */
final class DiskTakeovers {
  private static final int TAKEOVERS = 50;
  private static final int LIMIT_MILLIS = 30_000;
  private static final int AFTERMATH_MILLIS = 50;
  private static final DiskLoad.Pattern LOAD =
      new DiskLoad.Pattern("4 KiB random read, depth 8", false, true, 4096, 8, false);
  static final String NAME = "%d takeovers under %s".formatted(TAKEOVERS, LOAD.name());

  private final Path home;
  private final BenchHost host;
  private final Table table;

  DiskTakeovers(Path home, BenchHost host, Table table) {
    this.home = home;
    this.host = host;
    this.table = table;
  }

  void run(Path file) throws Exception {
    System.err.println("bench: disk, " + TAKEOVERS + " takeovers ...");
    try (DiskPeer peer = DiskPeer.lodge(file, host, false);
        DriverMemory memory = new DriverMemory();
        DiskLoad load = new DiskLoad(peer, memory)) {
      Path told = Path.of(peer.socket() + ".takeovers");
      var running = CompletableFuture.runAsync(() -> load.runUntilStopped(LOAD));
      List<Double> silences = new ArrayList<>();
      List<Double> otherwise = new ArrayList<>();
      Path newer = null;
      for (int done = 0; done < TAKEOVERS; done++) {
        load.longestSilenceMillis();
        long began = System.nanoTime();
        if (newer == null) {
          newer = deploy("1.1." + done);
        } else {
          Files.delete(newer);
          newer = null;
        }
        awaitLines(told, done + 1);
        Thread.sleep(AFTERMATH_MILLIS);
        silences.add(load.longestSilenceMillis());
        Thread.sleep((long) BenchHost.millisSince(began));
        otherwise.add(load.longestSilenceMillis());
      }
      load.stop();
      running.join();
      List<Double> pauses = new ArrayList<>();
      for (String line : Files.readAllLines(told)) {
        String[] words = line.split(" ");
        if (!words[1].equals("true")) {
          throw new IOException("a takeover was refused: " + line);
        }
        pauses.add(Double.parseDouble(words[2]) / 1000);
      }
      table.row("blk: " + NAME + ", pause", "ms", pauses, "20");
      table.row("  longest time between two answers", "ms", silences, "20");
      table.row("  the same in as long without a takeover", "ms", otherwise, "");
    }
  }

  private static void awaitLines(Path file, int count) throws Exception {
    long begin = System.nanoTime();
    while (Files.readAllLines(file).size() < count) {
      if (BenchHost.millisSince(begin) > LIMIT_MILLIS) {
        throw new IOException("takeover %d did not come".formatted(count));
      }
      Thread.sleep(10);
    }
  }

  /** The device-blk of the distribution, as another version. */
  private Path deploy(String version) throws IOException {
    Path partial = host.place().resolve("newer.jar");
    try (ZipFile from = new ZipFile(jar().toFile());
        OutputStream out = Files.newOutputStream(partial);
        ZipOutputStream to = new ZipOutputStream(out)) {
      for (ZipEntry entry : Collections.list(from.entries())) {
        to.putNextEntry(new ZipEntry(entry.getName()));
        byte[] bytes = from.getInputStream(entry).readAllBytes();
        if (entry.getName().equals("META-INF/MANIFEST.MF")) {
          bytes = replace(bytes, "Bundle-Version: \\S+", "Bundle-Version: " + version);
        } else if (entry.getName().startsWith("OSGI-INF/")) {
          bytes = replace(bytes, "value=\"1\\.0\\.0\"", "value=\"" + version + "\"");
        }
        to.write(bytes);
      }
    }
    return Files.move(
        partial,
        host.place().resolve("state/deploy/device-blk-" + version + ".jar"),
        StandardCopyOption.ATOMIC_MOVE);
  }

  private Path jar() throws IOException {
    try (var jars = Files.newDirectoryStream(home.resolve("system"), "device-blk-*.jar")) {
      return jars.iterator().next();
    }
  }

  private static byte[] replace(byte[] bytes, String pattern, String by) {
    return new String(bytes, StandardCharsets.UTF_8)
        .replaceFirst(pattern, by)
        .getBytes(StandardCharsets.UTF_8);
  }
}
