package org.lodge.storage.internal.volume;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Lodge is killed before every single step of every operation: what a later Lodge finds is what was
 * or what was to be, and nothing else lies about.
 */
class CrashTest {
  private static final int SIZE = 64 << 10;

  @TempDir Path place;
  private Path root;
  private final Recorder files = new Recorder();
  private VolumeFolder folder;

  /** Keeps the tree as it was before each step, and what the step was. */
  private final class Recorder extends DurableFiles {
    final List<Path> trees = new ArrayList<>();
    final List<String> steps = new ArrayList<>();
    final Set<Path> durable = new HashSet<>();
    boolean recording;

    private void before(String step, Path of) {
      if (!recording) {
        return;
      }
      steps.add(step + " " + of.getFileName());
      trees.add(place.resolve("tree" + trees.size()));
      try {
        copy(root, trees.getLast());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    void createFile(Path file) throws IOException {
      before("create", file);
      super.createFile(file);
    }

    @Override
    void createFolder(Path file) throws IOException {
      before("folder", file);
      super.createFolder(file);
    }

    @Override
    void write(Path file, String text) throws IOException {
      before("write", file);
      durable.remove(file);
      super.write(file, text);
    }

    @Override
    void setLength(Path file, long sizeBytes) throws IOException {
      before("length", file);
      durable.remove(file);
      super.setLength(file, sizeBytes);
    }

    @Override
    void sync(Path file) throws IOException {
      before("sync", file);
      super.sync(file);
      durable.add(file);
    }

    @Override
    void syncFolder(Path file) throws IOException {
      before("sync", file);
      super.syncFolder(file);
      durable.add(file);
    }

    /** What a power failure must not empty was made durable before it got its name. */
    @Override
    void rename(Path from, Path to) throws IOException {
      before("rename", from);
      if (recording) {
        assertTrue(
            to.getFileName().toString().startsWith(".gone") || durable.contains(from),
            from + " is not durable and becomes " + to + " after " + steps);
      }
      super.rename(from, to);
      durable.remove(to.getParent());
      durable.remove(root);
    }

    @Override
    void link(Path file, Path name) throws IOException {
      before("link", name);
      super.link(file, name);
      // What of it is durable is for the guest to say.
      durable.add(name);
    }

    @Override
    void delete(Path file) throws IOException {
      before("delete", file);
      super.delete(file);
    }
  }

  @FunctionalInterface
  private interface Operation {
    void run() throws Exception;
  }

  @BeforeEach
  void twoVolumes() throws Exception {
    root = Files.createDirectory(place.resolve("volume"));
    folder = new VolumeFolder(root, files);
    folder.create("data", SIZE);
    folder.create("work.root", SIZE);
    fill("data", 1);
    fill("work.root", 2);
    folder.keep("data", "old", ImageCopy.still((done, total) -> {}));
    folder.keep("work.root", "old", ImageCopy.still((done, total) -> {}));
    folder.keep("data", "other", ImageCopy.still((done, total) -> {}));
    fill("data", 3);
    fill("work.root", 4);
  }

  private void fill(String name, int seed) throws IOException {
    byte[] bytes = new byte[SIZE];
    new Random(seed).nextBytes(bytes);
    Files.write(folder.disk(name), bytes);
  }

  /** Volumes and snapshots with a number for their content, which is all that anybody sees. */
  private static Map<String, Object> seen(VolumeFolder folder) throws IOException {
    Map<String, Object> seen = new TreeMap<>();
    for (String name : folder.names()) {
      seen.put(name, content(folder.disk(name)));
      for (String snapshot : folder.snapshots(name)) {
        seen.put(name + "@" + snapshot, content(folder.snapshot(name, snapshot)));
      }
    }
    for (String guest : folder.started()) {
      seen.put("start " + guest, folder.start(guest));
    }
    return seen;
  }

  private static Object content(Path image) throws IOException {
    byte[] bytes = Files.readAllBytes(image);
    return bytes.length + ":" + java.util.Arrays.hashCode(bytes);
  }

  private void killedAtEveryStep(Operation operation) throws Exception {
    Map<String, Object> before = seen(folder);
    files.recording = true;
    operation.run();
    files.recording = false;
    Map<String, Object> after = seen(folder);
    assertTrue(!files.trees.isEmpty(), "nothing was done");
    boolean seenOld = false;
    for (int step = 0; step < files.trees.size(); step++) {
      Path tree = files.trees.get(step);
      VolumeFolder later = new VolumeFolder(tree, new DurableFiles());
      later.recover();
      Map<String, Object> found = seen(later);
      String where = "killed before " + files.steps.get(step) + " of " + files.steps;
      seenOld |= found.equals(before);
      assertTrue(found.equals(before) || found.equals(after), where + ": " + found);
      assertEquals(List.of(), leftovers(tree), where);
      later.recover();
      assertEquals(found, seen(later), where);
    }
    assertTrue(seenOld, "the first step did it all: " + files.steps);
    assertEquals(List.of(), leftovers(root));
    assertTrue(files.steps.getLast().matches("(sync|delete) .*"), files.steps.toString());
  }

  private static List<String> leftovers(Path tree) throws IOException {
    try (Stream<Path> entries = Files.list(tree)) {
      return entries
          .map(entry -> entry.getFileName().toString())
          .filter(name -> name.startsWith(".") && !name.equals(".start"))
          .toList();
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path each : all.sorted(Comparator.naturalOrder()).toList()) {
        Files.copy(each, to.resolve(from.relativize(each).toString()));
      }
    }
  }

  @Test
  void create() throws Exception {
    killedAtEveryStep(() -> folder.create("more", SIZE));
  }

  @Test
  void remove() throws Exception {
    killedAtEveryStep(() -> folder.remove("data"));
  }

  @Test
  void resize() throws Exception {
    killedAtEveryStep(() -> folder.resize("data", 2 * SIZE));
  }

  @Test
  void snapshot() throws Exception {
    killedAtEveryStep(() -> folder.keep("data", "new", ImageCopy.still((done, total) -> {})));
  }

  @Test
  void removeSnapshot() throws Exception {
    killedAtEveryStep(() -> folder.removeSnapshot("data", "old"));
  }

  @Test
  void cloned() throws Exception {
    killedAtEveryStep(() ->
        folder.copy(folder.snapshot("data", "old"), "more", ImageCopy.still((done, total) -> {})));
  }

  @Test
  void revertOfOne() throws Exception {
    killedAtEveryStep(
        () -> folder.revert(Map.of("data", "old"), ImageCopy.still((done, total) -> {})));
    assertEquals(
        content(folder.snapshot("data", "old")), content(folder.disk("data")), "it is reverted");
  }

  @Test
  void revertOfAllVolumesOfAGuest() throws Exception {
    killedAtEveryStep(() ->
        folder.revert(
            Map.of("data", "old", "work.root", "old"), ImageCopy.still((done, total) -> {})));
  }

  /** And undone by what the revert has kept. */
  @Test
  void revertTwice() throws Exception {
    Map<String, Object> before = seen(folder);
    folder.revert(Map.of("data", "old"), ImageCopy.still((done, total) -> {}));
    killedAtEveryStep(
        () -> folder.revert(Map.of("data", "before-revert"), ImageCopy.still((d, t) -> {})));
    assertEquals(before.get("data"), seen(folder).get("data"));
  }

  @Test
  void aLayerOfAnEarlierLodgeIsTakenOver() throws Exception {
    Path former = Files.write(place.resolve("state.img"), new byte[SIZE]);
    killedAtEveryStep(() -> folder.takeOver(former, "vault.root"));
    assertTrue(Files.notExists(former));
    Path again = Files.createLink(former, folder.disk("vault.root"));
    folder.takeOver(again, "vault.root");
    assertTrue(Files.notExists(former));
    assertEquals(SIZE, Files.size(folder.disk("vault.root")));
  }

  @Test
  void whatAStartLeft() throws Exception {
    folder.putStart("work", "+ data old\n");
    killedAtEveryStep(() -> folder.putStart("work", "+ data other\n"));
  }

  @Test
  void anOperationThatFailsLeavesNothing() throws Exception {
    Map<String, Object> before = seen(folder);
    ImageCopy failing =
        (from, to) -> {
          throw new IOException("no space left");
        };
    for (Operation operation :
        List.<Operation>of(
            () -> folder.keep("data", "new", failing),
            () -> folder.copy(folder.disk("data"), "more", failing),
            () -> folder.revert(Map.of("data", "old", "work.root", "old"), failing))) {
      try {
        operation.run();
        throw new AssertionError("did not fail");
      } catch (IOException e) {
        assertEquals("no space left", e.getMessage());
      }
      assertEquals(before, seen(folder));
      assertEquals(List.of(), leftovers(root));
    }
  }
}
