package org.lodge.storage.internal.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The script in a guest is killed before every single step of every operation: at once each image
 * is as it was or as it was to be, and whoever comes next finds all of it done or nothing.
 */
class KeptCrashTest {
  private static final Duration LONG = Duration.ofMinutes(1);
  private static final int SIZE = 64 << 10;

  @TempDir Path place;
  private LocalScript script;
  private Path prepared;
  private int places;

  @BeforeEach
  void twoVolumes() throws Exception {
    script = new LocalScript(Files.createDirectory(place.resolve("first")));
    ask("create", "data", "" + SIZE);
    ask("create", "other", "" + SIZE);
    fill("data", 1);
    ask("snapshot", "data", "old", "STILL");
    fill("data", 2);
    fill("other", 3);
    ask("revert", "data", "old");
    fill("data", 4);
    prepared = script.folder;
  }

  /** Begins anew with what was prepared. */
  private void again() throws Exception {
    Path to = Files.createDirectory(place.resolve("again" + places++));
    copy(prepared, to.resolve("disks"));
    script = new LocalScript(to);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path each : all.sorted(Comparator.naturalOrder()).toList()) {
        Files.copy(each, to.resolve(from.relativize(each).toString()));
      }
    }
  }

  private String ask(String... words) throws Exception {
    return script.run("storage", LONG, words);
  }

  private void fill(String name, int seed) throws IOException {
    byte[] bytes = new byte[SIZE];
    new Random(seed).nextBytes(bytes);
    Files.write(script.folder.resolve(name), bytes);
  }

  /** Volumes and snapshots with a number for their content. */
  private Map<String, Object> seen() throws Exception {
    KeptListing listing = new KeptListing("storage", ask("list"));
    Map<String, Object> seen = new TreeMap<>();
    for (String name : listing.names()) {
      seen.put(name, content(script.folder.resolve(name)));
      for (String snapshot : listing.snapshots(name)) {
        Path image = script.folder.resolve(".snapshot").resolve(name).resolve(snapshot);
        seen.put(name + "@" + snapshot, content(image));
      }
    }
    return seen;
  }

  private static Object content(Path image) throws IOException {
    byte[] bytes = Files.readAllBytes(image);
    return bytes.length + ":" + Arrays.hashCode(bytes);
  }

  private void killedAtEveryStep(String... operation) throws Exception {
    again();
    Map<String, Object> before = seen();
    ask(operation);
    final List<String> steps = script.steps();
    final Map<String, Object> after = seen();
    for (int step = 1; step <= steps.size(); step++) {
      again();
      script.killBefore(step);
      assertThrows(IOException.class, () -> ask(operation));
      script.killBefore(0);
      String where = "killed before " + steps.get(step - 1);
      Map<String, Object> atOnce = seen();
      for (String name : List.of("data", "other")) {
        Object found = atOnce.get(name);
        assertTrue(
            found == null && after.get(name) == null
                || before.get(name).equals(found)
                || after.get(name).equals(found),
            where);
      }
      assertTrue(ask("forget", "other", "none").startsWith("refused missing"), where);
      Map<String, Object> found = seen();
      assertTrue(found.equals(before) || found.equals(after), where + ": " + found);
      try (Stream<Path> entries = Files.list(script.folder)) {
        assertEquals(
            List.of(".snapshot", "data", "more", "other").stream()
                .filter(each -> each.startsWith(".") || found.containsKey(each))
                .toList(),
            entries.map(each -> each.getFileName().toString()).sorted().toList(),
            where);
      }
    }
    assertTrue(steps.size() > 1, steps::toString);
  }

  @Test
  void create() throws Exception {
    killedAtEveryStep("create", "more", "" + SIZE);
  }

  @Test
  void remove() throws Exception {
    killedAtEveryStep("remove", "data");
  }

  @Test
  void resize() throws Exception {
    killedAtEveryStep("resize", "data", "" + 2 * SIZE, "NO-LESS");
  }

  @Test
  void snapshot() throws Exception {
    killedAtEveryStep("snapshot", "data", "new", "STILL");
  }

  @Test
  void forget() throws Exception {
    killedAtEveryStep("forget", "data", "old");
  }

  @Test
  void cloned() throws Exception {
    killedAtEveryStep("clone", "data", "old", "more", "STILL");
  }

  @Test
  void revert() throws Exception {
    killedAtEveryStep("revert", "data", "old");
    again();
    Object present = seen().get("data");
    ask("revert", "data", "old");
    assertEquals(seen().get("data@old"), seen().get("data"));
    assertEquals(present, seen().get("data@before-revert"));
    ask("revert", "data", "before-revert");
    assertEquals(present, seen().get("data"));
  }
}
