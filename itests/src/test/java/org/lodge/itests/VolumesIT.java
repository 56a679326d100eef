package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.itests.LodgeHost.Result;

/** Volumes, from the person's commands to what a guest finds on them. */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
class VolumesIT {
  private static final String DISK =
      "for s in /sys/block/vd*/serial; do [ \"$(cat $s)\" = %1$s ] && s=${s%%/serial} &&"
          + " %1$s=/dev/${s##*/}; done; ";

  private LodgeHost host;

  @BeforeEach
  void aLodge() throws Exception {
    host = new LodgeHost();
    host.define(
        "work",
        "{'image': 'storage', 'memory': '192M', 'root': 'volume', 'volumeSize': '256M',"
            + " 'revert': {'keep': 2, 'copySeconds': 30},"
            + " 'disks': [{'serial': 'data', 'volume': 'data'}],"
            + " 'devices': [{'id': 'more', 'type': 'blk', 'volume': 'more'}]}");
    host.up();
  }

  @AfterEach
  void theHostEnds() throws Exception {
    host.close();
  }

  private JsonObject volume(String name) throws Exception {
    Result show = host.lodge("volume", "show", name, "--json").ok();
    return LodgeHost.json(show.out()).asJsonObject().getJsonObject("volume");
  }

  private void refused(String what, String... command) throws Exception {
    Result result = host.lodge(command);
    assertNotEquals(0, result.exit(), result.out());
    assertTrue(result.err().contains(what), result.err());
  }

  /** Writes the same word to the layer and both disks. */
  private void write(String word) throws Exception {
    try (GuestConsole work = new GuestConsole(host, "work")) {
      String done =
          work.run(
              DISK.formatted("data")
                  + DISK.formatted("more")
                  + ("for f in /root/word $data $more; do echo %1$s | dd of=$f conv=notrunc,fsync"
                          + " 2>/dev/null; done; echo do''ne-%1$s")
                      .formatted(word));
      assertTrue(done.contains("\ndone-" + word), done);
    }
  }

  private List<String> words() throws Exception {
    try (GuestConsole work = new GuestConsole(host, "work")) {
      String said =
          work.run(
              DISK.formatted("data")
                  + DISK.formatted("more")
                  + "for f in /root/word $data $more; do echo wo''rd=\"$(head -n 1 $f | tr -d '\\0')\";"
                  + " done");
      return Pattern.compile("\nword=([a-z]*)")
          .matcher(said)
          .results()
          .map(match -> match.group(1))
          .toList();
    }
  }

  @Test
  void aGuestGoesBackToBeforeItsLastStartAndADiskToASnapshot() throws Exception {
    refused("lodge volume create data", "start", "work");
    Result check = host.lodge("check");
    assertTrue(check.out().contains("no volume of this name"), check.out());
    host.lodge("volume", "create", "data", "8M").ok();
    host.lodge("volume", "create", "more", "8M").ok();
    assertEquals(0, host.lodge("check").exit());

    host.lodge("start", "work").ok();
    write("first");
    refused("lodge stop work", "volume", "revert", "work");
    refused("lodge stop work", "volume", "rm", "data", "--force");
    refused("lodge stop work", "volume", "resize", "data", "16M");
    refused("lodge device rm work more", "volume", "revert", "more");
    host.define(
        "play",
        "{'image': 'storage', 'memory': '192M', 'disks': [{'serial': 'data', 'volume': 'data'}]}");
    LodgeHost.until("play is known", () -> host.lodge("show", "play").exit() == 0);
    refused("is used by another guest", "start", "play");
    host.lodge("volume", "resize", "more", "16M").ok();
    try (GuestConsole work = new GuestConsole(host, "work")) {
      LodgeHost.until(
          "the guest sees the new size",
          () ->
              work.run(DISK.formatted("more") + "cat /sys/block/${more#/dev/}/size")
                  .contains("\n32768"));
    }
    host.lodge("stop", "work").ok();
    host.lodge("volume", "snapshot", "data", "monday").ok();

    host.lodge("start", "work").ok();
    write("second");
    host.lodge("stop", "work").ok();
    host.lodge("volume", "clone", "data", "copy").ok();
    Result reverted = host.lodge("volume", "revert", "work").ok();
    assertEquals(3, reverted.out().lines().count(), reverted.out());
    assertEquals("second", word("copy"));
    assertEquals("first", word("data"));

    host.lodge("start", "work").ok();
    assertEquals(List.of("first", "first", "first"), words());
    host.lodge("stop", "work").ok();

    host.lodge("volume", "revert", "data", "--to", "before-revert").ok();
    assertEquals("second", word("data"));
    host.lodge("volume", "revert", "data", "--to", "monday").ok();
    assertEquals("first", word("data"));
    refused("--force", "volume", "rm", "data");
    host.lodge("volume", "rm", "copy").ok();
    assertFalse(host.lodge("volume", "ls").ok().out().contains("copy"));
  }

  private String word(String name) throws Exception {
    byte[] image = Files.readAllBytes(Path.of(volume(name).getString("file")));
    return new String(image, 0, 16, java.nio.charset.StandardCharsets.US_ASCII)
        .lines()
        .findFirst()
        .orElse("");
  }

  /** Killed for real, at whatever instant: what is there is whole, and nothing lies about. */
  @Test
  void aLodgeThatIsKilledInTheMiddleLeavesWholeVolumes() throws Exception {
    host.lodge("volume", "create", "disk", "64M").ok();
    Path image = Path.of(volume("disk").getString("file"));
    byte[] content = new byte[64 << 20];
    new java.util.Random(1).nextBytes(content);
    Files.write(image, content);
    for (int round = 0; round < 2; round++) {
      String copy = "copy" + round;
      Process cloning =
          host.begin(
              host.place.resolve("clone.out"),
              host.place.resolve("clone.err"),
              "volume",
              "clone",
              "disk",
              copy);
      Path volumes = image.getParent().getParent();
      LodgeHost.until("it copies", () -> staged(volumes) || !cloning.isAlive());
      host.killSupervisor();
      cloning.waitFor(60, TimeUnit.SECONDS);
      LodgeHost.until("what was left is swept", () -> !staged(volumes));
      host.lodge("volume", "snapshot", "disk", "after" + round).ok();
      for (JsonValue each :
          LodgeHost.json(host.lodge("volume", "ls", "--json").ok().out())
              .asJsonObject()
              .getJsonArray("volumes")) {
        Path file = Path.of(each.asJsonObject().getString("file"));
        assertEquals(-1, Files.mismatch(image, file), file.toString());
      }
    }
  }

  private static boolean staged(Path volumes) throws Exception {
    try (var entries = Files.newDirectoryStream(volumes, ".new-*")) {
      return entries.iterator().hasNext();
    }
  }
}
