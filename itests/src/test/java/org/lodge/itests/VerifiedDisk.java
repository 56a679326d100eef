package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A disk of a guest of the image {@code fio}, which writes to it, reads back and compares without
 * pause while tests do other things.
 */
final class VerifiedDisk {
  private static final Pattern LATENCY =
      Pattern.compile("clat \\((nsec|usec|msec)\\): min=\\S+ max=([\\d.]+)(k?)");

  private static final Pattern PERCENTILES =
      Pattern.compile("latency;.*?;50\\.0+%=(\\d+);99\\.0+%=(\\d+);");
  private static final int MEASURED_SECONDS = 4;

  private final LodgeHost host;
  private final String guest;
  private final String id;

  VerifiedDisk(LodgeHost host, String guest, String id) {
    this.host = host;
    this.guest = guest;
    this.id = id;
  }

  /** A command of the guest's shell that sets {@code disk} to the device with a serial number. */
  static String find(String serial) {
    return "s=$(grep -l '^%s$' /sys/block/vd*/serial); s=${s%%/serial}; disk=/dev/${s##*/}"
        .formatted(serial);
  }

  void begin() throws Exception {
    run("rm -f /tmp/stop; " + find(id) + "; verify $disk >/tmp/verified 2>&1 & :");
    awaitProgress();
  }

  void awaitProgress() throws Exception {
    long before = counter("write.bytes");
    LodgeHost.until("the guest's requests are served", () -> counter("write.bytes") != before);
  }

  /** Returns what fio has to say; it has found no wrong byte, and the guest's kernel no error. */
  String end() throws Exception {
    String seen =
        run(
            "touch /tmp/stop; while pidof verify; do usleep 50000; done; cat /tmp/verified;"
                + " dmesg | grep -e 'I/O error' -e 'blocked for'");
    assertTrue(seen.matches("(?s).*rounds=[1-9].*"), seen);
    assertFalse(seen.contains("failed in"), seen);
    assertFalse(seen.contains("I/O error,"), seen);
    assertFalse(seen.contains("blocked for more"), seen);
    return seen;
  }

  /** The longest request in what {@link #end} returned. */
  static double longestMillis(String seen) {
    double longest = 0;
    for (Matcher each = LATENCY.matcher(seen); each.find(); ) {
      double number = Double.parseDouble(each.group(2)) * (each.group(3).isEmpty() ? 1 : 1000);
      longest =
          Math.max(
              longest,
              switch (each.group(1)) {
                case "nsec" -> number / 1e6;
                case "usec" -> number / 1e3;
                default -> number;
              });
    }
    return longest;
  }

  /** What single reads take meanwhile, for people. */
  String latencies() throws Exception {
    String seen =
        run(
            find(id)
                + "; fio --name=latency --filename=$disk --readonly --rw=randread --bs=4k"
                + " --ioengine=libaio --direct=1 --iodepth=8 --time_based --runtime="
                + MEASURED_SECONDS
                + " --percentile_list=50:99 --minimal");
    Matcher percentiles = PERCENTILES.matcher(seen);
    assertTrue(percentiles.find(), seen);
    return "p50 %s µs, p99 %s µs".formatted(percentiles.group(1), percentiles.group(2));
  }

  /** Returns what a command says, without what was on the console before. */
  private String run(String command) throws Exception {
    try (GuestConsole console = new GuestConsole(host, guest)) {
      String seen = console.run("echo from-''here; " + command);
      return seen.substring(seen.lastIndexOf("from-here"));
    }
  }

  JsonObject device() throws Exception {
    return host.device(guest, id);
  }

  long counter(String name) throws Exception {
    return device().getJsonObject("counters").getJsonNumber(name).longValue();
  }
}
