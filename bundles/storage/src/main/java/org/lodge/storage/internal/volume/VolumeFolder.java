package org.lodge.storage.internal.volume;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The folder {@code volume} of Lodge's state:
 *
 * <pre>
 * NAME/disk                 the raw image
 * NAME/snapshot/SNAPSHOT    raw images that it was
 * .start/GUEST              what its last start left (StartPoints)
 * .kept/GUEST               what volumes it kept when it was seen last (KeptListing)
 * .todo                     renames that are decided: done again after a crash
 * .new-N .gone-N            not yet, or no more, part of it: swept after a crash
 * </pre>
 *
 * Whoever calls sees to it that nobody else uses the volumes meanwhile. A name that begins with a
 * dot is no volume's.
 */
final class VolumeFolder {
  private static final Logger LOG = LoggerFactory.getLogger(VolumeFolder.class);
  private static final String NAME = VolumeKeeper.NAME + "(\\.[a-z]+)?";
  private static final String NEW = ".new-";
  private static final String GONE = ".gone-";
  private static final String STARTS = ".start";
  private static final String KEPT = ".kept";
  static final String DISK = "disk";
  private static final String SNAPSHOTS = "snapshot";
  static final String BEFORE_REVERT = "before-revert";

  private final Path root;

  /** There from a decision until it is done; who makes or looks for it holds {@code deciding}. */
  private final Path todo;

  private final Object deciding = new Object();
  private final DurableFiles files;
  private final AtomicLong numbers = new AtomicLong();

  VolumeFolder(Path root, DurableFiles files) {
    this.root = root;
    this.todo = root.resolve(".todo");
    this.files = files;
  }

  /** After a crash: finishes what was decided and sweeps what was not. */
  void recover() throws IOException {
    Files.createDirectories(root);
    if (finish()) {
      LOG.info("Finished what an earlier Lodge had begun to do to volumes");
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(root, ".{new,gone}-*")) {
      for (Path entry : entries) {
        files.deleteTree(entry);
        LOG.info("Swept {}", entry);
      }
    }
  }

  Path root() {
    return root;
  }

  /** Sorted. */
  List<String> names() throws IOException {
    TreeSet<String> names = new TreeSet<>();
    if (Files.isDirectory(root)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(root, "[!.]*")) {
        for (Path entry : entries) {
          if (Files.exists(entry.resolve(DISK))) {
            names.add(entry.getFileName().toString());
          }
        }
      }
    }
    return List.copyOf(names);
  }

  /** Whatever is asked for: what is no volume's name is none. */
  boolean exists(String name) {
    return name.matches(NAME) && Files.exists(disk(name));
  }

  Path disk(String name) {
    return root.resolve(name).resolve(DISK);
  }

  Path snapshot(String name, String snapshot) {
    return root.resolve(name).resolve(SNAPSHOTS).resolve(snapshot);
  }

  List<String> snapshots(String name) throws IOException {
    TreeSet<String> names = new TreeSet<>();
    Path folder = root.resolve(name).resolve(SNAPSHOTS);
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, "[!.]*")) {
        entries.forEach(entry -> names.add(entry.getFileName().toString()));
      }
    }
    return List.copyOf(names);
  }

  void create(String name, long sizeBytes) throws IOException, InterruptedException {
    make(
        name,
        staged -> {
          files.createFile(staged);
          files.setLength(staged, sizeBytes);
        });
  }

  /** Takes a file of the same file system over; it has no other name then. */
  void takeOver(Path file, String name) throws IOException, InterruptedException {
    if (!exists(name)) {
      make(name, staged -> files.link(file, staged));
    }
    if (Files.isSameFile(file, disk(name))) {
      files.delete(file);
    }
  }

  void copy(Path from, String name, ImageCopy how) throws IOException, InterruptedException {
    make(
        name,
        staged -> {
          files.createFile(staged);
          how.copy(from, staged);
        });
  }

  @FunctionalInterface
  private interface Filling {
    void fill(Path staged) throws IOException, InterruptedException;
  }

  private void make(String name, Filling content) throws IOException, InterruptedException {
    Path folder = staged();
    try {
      files.createFolder(folder);
      files.createFolder(folder.resolve(SNAPSHOTS));
      Path disk = folder.resolve(DISK);
      content.fill(disk);
      files.sync(disk);
      files.syncFolder(folder);
      files.rename(folder, root.resolve(name));
      files.syncFolder(root);
    } finally {
      discard(folder);
    }
  }

  void remove(String name) throws IOException {
    Path gone = root.resolve(GONE + numbers.incrementAndGet());
    files.rename(root.resolve(name), gone);
    files.syncFolder(root);
    files.deleteTree(gone);
  }

  void resize(String name, long sizeBytes) throws IOException {
    files.setLength(disk(name), sizeBytes);
    files.sync(disk(name));
  }

  void sync(String name) throws IOException {
    files.sync(disk(name));
  }

  /** Keeps what the volume is now. */
  void keep(String name, String snapshot, ImageCopy how) throws IOException, InterruptedException {
    Path staged = stage(disk(name), how);
    try {
      keep(staged, name, snapshot);
    } finally {
      discard(staged);
    }
  }

  /** A copy beside the volumes, not yet durable; {@link #keep} or {@link #discard} ends it. */
  Path stage(Path image, ImageCopy how) throws IOException, InterruptedException {
    Path staged = staged();
    boolean whole = false;
    try {
      files.createFile(staged);
      how.copy(image, staged);
      whole = true;
      return staged;
    } finally {
      if (!whole) {
        discard(staged);
      }
    }
  }

  void keep(Path staged, String name, String snapshot) throws IOException {
    files.sync(staged);
    Path kept = snapshot(name, snapshot);
    files.rename(staged, kept);
    files.syncFolder(kept.getParent());
  }

  void removeSnapshot(String name, String snapshot) throws IOException {
    Path kept = snapshot(name, snapshot);
    files.delete(kept);
    files.syncFolder(kept.getParent());
  }

  /**
   * Gives volumes back what they were, all or none, and keeps what they are.
   *
   * @param snapshots by volume
   */
  void revert(Map<String, String> snapshots, ImageCopy how)
      throws IOException, InterruptedException {
    Map<Path, Path> renames = new LinkedHashMap<>();
    boolean decided = false;
    try {
      for (Map.Entry<String, String> each : snapshots.entrySet()) {
        String name = each.getKey();
        Path former = stage(snapshot(name, each.getValue()), how);
        renames.put(former, disk(name));
        files.sync(former);
        Path present = staged();
        files.link(disk(name), present);
        renames.put(present, snapshot(name, BEFORE_REVERT));
      }
      files.syncFolder(root);
      synchronized (deciding) {
        finish();
        try {
          decide(renames);
          decided = true;
          apply();
        } catch (IOException e) {
          // What a later Lodge would find is decided, however far this one came.
          decided |= Files.exists(todo);
          throw decided ? new UndoneException(e) : e;
        }
      }
    } finally {
      if (!decided) {
        renames.keySet().forEach(this::discard);
      }
    }
  }

  /** It is decided and will be done, before anything else is done to the volume. */
  static final class UndoneException extends IOException {
    private static final long serialVersionUID = 1L;

    UndoneException(IOException cause) {
      super(cause.toString(), cause);
    }
  }

  /** From here on it happens, whatever comes between. */
  private void decide(Map<Path, Path> renames) throws IOException {
    StringBuilder text = new StringBuilder();
    renames.forEach((from, to) ->
        text.append(root.relativize(from)).append(' ').append(root.relativize(to)).append('\n'));
    put(todo, text.toString());
  }

  /**
   * Does what was decided and could not be done then. Whoever does something to a volume calls it
   * first.
   *
   * @throws IOException it still can't, and this volume is one of those
   */
  void settle(String volume) throws IOException {
    synchronized (deciding) {
      try {
        finish();
      } catch (IOException e) {
        if (decided().values().stream().anyMatch(to -> to.startsWith(root.resolve(volume)))) {
          throw new UndoneException(e);
        }
        LOG.warn("What was decided of other volumes can't be done yet: {}", e.toString());
      }
    }
  }

  /** Whether there was something to do. */
  private boolean finish() throws IOException {
    synchronized (deciding) {
      if (!Files.exists(todo)) {
        return false;
      }
      apply();
      return true;
    }
  }

  private Map<Path, Path> decided() throws IOException {
    Map<Path, Path> renames = new LinkedHashMap<>();
    for (String line : Files.readAllLines(todo)) {
      String[] names = line.split(" ", 2);
      if (names.length < 2) {
        throw new IOException(todo + " is damaged at '" + line + "'");
      }
      renames.put(root.resolve(names[0]), root.resolve(names[1]));
    }
    return renames;
  }

  private void apply() throws IOException {
    Map<Path, Path> renames = decided();
    for (Map.Entry<Path, Path> each : renames.entrySet()) {
      if (Files.exists(each.getKey())) {
        files.rename(each.getKey(), each.getValue());
      }
    }
    for (Path to : renames.values()) {
      files.syncFolder(to.getParent());
    }
    files.delete(todo);
    files.syncFolder(root);
  }

  /** A small text, whole or not at all. */
  private void put(Path file, String text) throws IOException {
    Path staged = staged();
    try {
      files.createFile(staged);
      files.write(staged, text);
      files.sync(staged);
      files.rename(staged, file);
      files.syncFolder(file.getParent());
    } finally {
      discard(staged);
    }
  }

  /** What the last start of a guest left; null where that is not known. */
  String start(String guest) throws IOException {
    return text(STARTS, guest);
  }

  void putStart(String guest, String text) throws IOException {
    putText(STARTS, guest, text);
  }

  /** What a guest has told of its volumes; null where it has told nothing. */
  String kept(String guest) throws IOException {
    return text(KEPT, guest);
  }

  void putKept(String guest, String text) throws IOException {
    putText(KEPT, guest, text);
  }

  private String text(String kind, String guest) throws IOException {
    Path file = root.resolve(kind).resolve(guest);
    return Files.exists(file) ? Files.readString(file) : null;
  }

  private void putText(String kind, String guest, String text) throws IOException {
    Path folder = root.resolve(kind);
    if (!Files.isDirectory(folder)) {
      Files.createDirectories(root);
      files.createFolder(folder);
    }
    put(folder.resolve(guest), text);
  }

  /** Not made durable: what comes after it is. */
  void forgetStart(String guest) throws IOException {
    files.delete(root.resolve(STARTS).resolve(guest));
  }

  List<String> started() throws IOException {
    List<String> guests = new ArrayList<>();
    Path folder = root.resolve(STARTS);
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder, "[!.]*")) {
        entries.forEach(entry -> guests.add(entry.getFileName().toString()));
      }
    }
    return guests;
  }

  private Path staged() {
    return root.resolve(NEW + numbers.incrementAndGet());
  }

  void discard(Path staged) {
    try {
      if (Files.exists(staged)) {
        files.deleteTree(staged);
      }
    } catch (IOException e) {
      LOG.warn("{} stays until Lodge starts again: {}", staged, e.toString());
    }
  }
}
