package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Collections;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.itests.LodgeHost.Result;

/** Devices that Lodge serves, as a person and a guest see them. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
class DeviceIT {

  /** Prints the disk with a serial number, if the guest has it. */
  private static final String FIND =
      "for s in /sys/block/vd*/serial; do [ \"$(cat $s)\" = %s ] && s=${s%%/serial} &&"
          + " echo /dev/${s##*/}; done";

  /** Writes new data past all caches, reads it back and compares, until it is told to stop. */
  private static final String VERIFY =
      "(n=0; while [ ! -e /tmp/stop ]; do head -c 1048576 /dev/urandom > /tmp/new;"
          + " dd if=/tmp/new of=DISK bs=16k oflag=direct conv=fsync 2>/dev/null || echo failed;"
          + " dd if=DISK bs=16k count=64 iflag=direct 2>/dev/null | cmp - /tmp/new || echo differs;"
          + " n=$((n+1)); done; echo rounds=$n) > /tmp/verify 2>&1 & :";

  private LodgeHost host;

  @BeforeEach
  void aGuestWithDevices() throws Exception {
    host = new LodgeHost();
    disk("data", 32);
    host.define(
        "work",
        "{'image': 'storage', 'memory': '256M', 'devices': [{'id': 'random', 'type': 'rng'},"
            + " {'id': 'data', 'type': 'blk', 'path': '"
            + host.place.resolve("data.img")
            + "'}]}");
    host.up();
    host.lodge("start", "work").ok();
  }

  @AfterEach
  void theHostEnds() throws Exception {
    host.close();
  }

  private Path disk(String name, int mebibytes) throws IOException {
    Path file = host.place.resolve(name + ".img");
    try (RandomAccessFile disk = new RandomAccessFile(file.toFile(), "rw")) {
      disk.setLength((long) mebibytes << 20);
    }
    return file;
  }

  @Test
  void declaredDevicesAreThereAtBootAndOthersComeAndGoWhileTheGuestRuns() throws Exception {
    try (GuestConsole guest = new GuestConsole(host, "work")) {
      LodgeHost.until(
          "the guest sees its disk", () -> guest.run(FIND.formatted("data")).contains("\n/dev/vd"));
      assertEquals("running", device("random").getString("state"));
      assertTrue(counter("random", "bytes") > 0, "the guest's kernel has drawn randomness");

      Path more = disk("more", 8);
      host.lodge("device", "add", "work", "blk", "path=" + more, "serial=SN42", "--id", "more")
          .ok();
      LodgeHost.until(
          "the guest sees the disk", () -> guest.run(FIND.formatted("SN42")).contains("\n/dev/vd"));
      String disk = "$(" + FIND.formatted("SN42") + ")";
      String copied =
          guest.run(
              "d="
                  + disk
                  + "; head -c 4194304 /dev/urandom > /tmp/a;"
                  + " dd if=/tmp/a of=$d bs=64k oflag=direct 2>/dev/null;"
                  + " dd if=$d bs=64k count=64 iflag=direct 2>/dev/null | cmp - /tmp/a"
                  + " && echo sa''me");
      assertTrue(copied.contains("same"), copied);
      assertTrue(counter("more", "write.bytes") >= 4 << 20);
      assertTrue(counter("more", "read.bytes") >= 4 << 20);
      assertEquals(0, counter("more", "errors"));

      host.lodge("device", "resize", "work", "more", "16M").ok();
      LodgeHost.until(
          "the guest sees the new size",
          () -> guest.run("cat /sys/block/${d#/dev/}/size").contains("\n32768"));
      assertNotEquals(0, host.lodge("device", "resize", "work", "more", "8M").exit());

      host.lodge("device", "rm", "work", "more").ok();
      assertFalse(guest.run(FIND.formatted("SN42")).contains("\n/dev/vd"));
      assertNotEquals(0, host.lodge("device", "rm", "work", "more").exit());
    }
  }

  @Test
  void aGuestThatDoesNotLetGoKeepsItsDevice() throws Exception {
    host.lodge("pause", "work").ok();
    Result refused = host.lodge("device", "rm", "work", "data", "--timeout", "500ms");
    assertEquals(1, refused.exit());
    assertTrue(refused.err().contains("did not let go of data"), refused.err());
    assertEquals("unused", device("data").getString("state"), "there, and the guest stands still");

    host.lodge("resume", "work").ok();
    LodgeHost.until(
        "the guest lets go", () -> host.lodge("device", "rm", "work", "data").exit() == 0);
    Result unknown = host.lodge("device", "add", "work", "nothing");
    assertTrue(unknown.err().contains("known are [blk, rng]"), unknown.err());
    Result missing = host.lodge("device", "add", "work", "blk", "path=/nowhere.img");
    assertTrue(missing.err().contains("/nowhere.img"), missing.err());

    host.lodge("kill", "work").ok();
    assertTrue(host.lodge("device", "ls").ok().out().contains("No running guest"));
  }

  @Test
  void newLogicTakesOverUnderAGuestThatWritesAndWhatCanNotIsRefused() throws Exception {
    try (GuestConsole guest = new GuestConsole(host, "work")) {
      guest.run("d=$(" + FIND.formatted("data") + "); " + VERIFY.replace("DISK", "$d"));

      Path newer = deploy("1.1.0", "");
      awaitVersion("1.1.0");
      assertTrue(device("data").getJsonObject("lastTakeover").getInt("pauseMicros") > 0);

      Path broken = deploy("2.0.0", "BlkSettings.class");
      LodgeHost.until("2.0.0 is refused", () -> refused("2.0.0"));
      assertEquals("1.1.0", device("data").getString("version"));
      Files.delete(broken);
      Path newest = deploy("1.2.0", "");
      awaitVersion("1.2.0");

      Files.delete(newest);
      awaitVersion("1.1.0");
      Files.delete(newer);
      awaitVersion("1.0.0");

      String verified = guest.run("touch /tmp/stop; wait; cat /tmp/verify; dmesg | grep I/O");
      assertTrue(verified.matches("(?s).*rounds=[1-9].*"), verified);
      assertFalse(verified.contains("failed"), verified);
      assertFalse(verified.contains("differ"), verified);
      assertFalse(verified.contains("I/O error"), verified);
      assertEquals(0, counter("data", "errors"));
      assertEquals(4, device("data").getInt("takeovers"));
    }
  }

  private boolean refused(String version) throws Exception {
    JsonObject last = device("data").getJsonObject("lastTakeover");
    return last.getString("to").equals(version)
        && !last.getBoolean("taken")
        && !last.getString("reason").isEmpty();
  }

  private void awaitVersion(String version) throws Exception {
    LodgeHost.until(version + " serves", () -> device("data").getString("version").equals(version));
  }

  private JsonObject device(String id) throws Exception {
    Result list = host.lodge("device", "ls", "work", "--json").ok();
    return LodgeHost.json(list.out()).asJsonObject().getJsonArray("devices").stream()
        .map(each -> each.asJsonObject())
        .filter(each -> each.getString("id").equals(id))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no device " + id + " in " + list.out()));
  }

  private long counter(String id, String name) throws Exception {
    return device(id).getJsonObject("counters").getJsonNumber(name).longValue();
  }

  /** Puts device-blk as another version into the deploy folder, without one of its entries. */
  private Path deploy(String version, String without) throws IOException {
    Path folder = host.place.resolve("state/deploy");
    Path jar = folder.resolve("device-blk-" + version + ".jar");
    Path partial = host.place.resolve("partial.jar");
    Path source;
    try (var files = Files.list(Distribution.home().resolve("system"))) {
      source =
          files
              .filter(file -> file.getFileName().toString().startsWith("device-blk-"))
              .findFirst()
              .orElseThrow();
    }
    try (ZipFile from = new ZipFile(source.toFile());
        OutputStream out = Files.newOutputStream(partial);
        ZipOutputStream to = new ZipOutputStream(out)) {
      for (ZipEntry entry : Collections.list(from.entries())) {
        if (without.isEmpty() || !entry.getName().endsWith(without)) {
          byte[] bytes = from.getInputStream(entry).readAllBytes();
          to.putNextEntry(new ZipEntry(entry.getName()));
          to.write(inVersion(version, entry.getName(), bytes));
        }
      }
    }
    return Files.move(partial, jar, StandardCopyOption.ATOMIC_MOVE);
  }

  private static byte[] inVersion(String version, String name, byte[] bytes) {
    boolean manifest = name.equals("META-INF/MANIFEST.MF");
    if (!manifest && !name.startsWith("OSGI-INF/")) {
      return bytes;
    }
    String text = new String(bytes, StandardCharsets.UTF_8);
    return (manifest
            ? text.replaceFirst("Bundle-Version: \\S+", "Bundle-Version: " + version)
            : text.replace("value=\"1.0.0\"", "value=\"" + version + "\""))
        .getBytes(StandardCharsets.UTF_8);
  }
}
