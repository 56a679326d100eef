package org.lodge.itests.bench;

import jakarta.json.Json;
import jakarta.json.JsonObject;
import jakarta.json.JsonReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code fio} with the command line of a pattern, and the reading of its report. */
final class Fio implements DiskBench.Contender {
  private final Path file;
  private final boolean direct;

  /** On the file itself: what no disk between can beat by much. */
  Fio(Path file, boolean direct) {
    this.file = file;
    this.direct = direct;
  }

  @Override
  public String name() {
    return "fio on the file";
  }

  @Override
  public DiskLoad.Result run(DiskLoad.Pattern pattern, long millis) throws IOException {
    String engine = pattern.depth() == 1 ? "psync" : "io_uring";
    List<String> command = command(pattern, file.toString(), engine, direct, millis);
    Process process = new ProcessBuilder(command).redirectErrorStream(false).start();
    String report = new String(process.getInputStream().readAllBytes());
    process.onExit().join();
    return read(report, pattern);
  }

  static List<String> command(
      DiskLoad.Pattern pattern, String file, String engine, boolean direct, long millis) {
    String kind = pattern.writes() ? "write" : "read";
    List<String> words = new ArrayList<>();
    words.add("fio");
    words.add("--name=disk");
    words.add("--filename=" + file);
    words.add("--rw=" + (pattern.random() ? "rand" : "") + kind);
    words.add("--bs=" + pattern.blockBytes());
    words.add("--ioengine=" + engine);
    words.add("--iodepth=" + pattern.depth());
    words.add("--direct=" + (direct ? 1 : 0));
    words.add("--time_based");
    words.add("--runtime=" + millis + "ms");
    words.add("--invalidate=0");
    words.add("--norandommap");
    words.add("--output-format=json");
    if (pattern.flushes()) {
      words.add("--fdatasync=1");
    }
    return words;
  }

  /** A report of one job; a write and its flush count as one. */
  static DiskLoad.Result read(String report, DiskLoad.Pattern pattern) throws IOException {
    int begin = report.indexOf('{');
    if (begin < 0) {
      throw new IOException("fio has failed: " + report);
    }
    try (JsonReader reader = Json.createReader(new StringReader(report.substring(begin)))) {
      JsonObject job = reader.readObject().getJsonArray("jobs").getJsonObject(0);
      JsonObject kind = job.getJsonObject(pattern.writes() ? "write" : "read");
      double perSecond = number(kind, "iops");
      JsonObject latency = kind.getJsonObject("clat_ns");
      JsonObject percentiles = latency.getJsonObject("percentile");
      double flushMedian = 0;
      double flushP99 = 0;
      if (pattern.flushes()) {
        JsonObject sync = job.getJsonObject("sync").getJsonObject("lat_ns");
        flushMedian = number(sync.getJsonObject("percentile"), "50.000000");
        flushP99 = number(sync.getJsonObject("percentile"), "99.000000");
      }
      double cpu = number(job, "usr_cpu") + number(job, "sys_cpu");
      return new DiskLoad.Result(
          perSecond,
          (number(percentiles, "50.000000") + flushMedian) / 1e3,
          (number(percentiles, "99.000000") + flushP99) / 1e3,
          number(latency, "max") / 1e3,
          cpu / 100 * 1e6 / perSecond);
    }
  }

  private static double number(JsonObject object, String key) {
    return object.getJsonNumber(key).doubleValue();
  }
}
