package org.lodge.filesystem.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;

/** A guest that makes, lists and removes a million files, and forgets none before the end. */
@EnabledIfSystemProperty(named = "lodge.long", matches = "true")
@Timeout(1200)
class ManyFilesTest {
  private static final int FOLDERS = 100;

  /** All that a guest may know, but for the folders and the root. */
  private static final int FILES = Ledger.NODES_MAX - FOLDERS - 1;

  private static final int O_RDWR = 2;
  private static final int O_EXCL = 0x80;

  @TempDir Path folder;
  private final Call call = new Call().of(0, 0, 1);
  private final Entry entry = new Entry();
  private final Opened opened = new Opened();
  private final MemorySegment bytes = Arena.ofAuto().allocate(256);

  private Name name(String text) {
    bytes.setString(0, text);
    return new Name().of(bytes, 0, text.length());
  }

  private static long residentKib() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmRSS:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .sum();
  }

  private static int descriptors() {
    return Path.of("/proc/self/fd").toFile().list().length;
  }

  @Test
  void aMillionFilesNeitherFillLodgeNorUseUpItsDescriptors() throws Exception {
    long before = residentKib();
    long began = System.nanoTime();
    try (Ledger ledger = Ledger.create();
        FileSystem files = new HostDirectory(DirectorySettings.of(folder), ledger)) {
      long[] folders = new long[FOLDERS];
      for (int i = 0; i < FOLDERS; i++) {
        assertEquals(0, files.makeDirectory(call, FileSystem.ROOT, name("d" + i), 0755, entry));
        folders[i] = entry.node;
      }
      for (int i = 0; i < FILES; i++) {
        long parent = folders[i % FOLDERS];
        int result =
            files.create(call, parent, name("f" + i), O_RDWR | O_EXCL, 0600, entry, opened);
        assertEquals(0, Math.min(0, result), "file " + i);
        files.release(entry.node, opened.handle);
      }
      Name one = name("one more");
      assertEquals(-Errno.ENFILE, files.makeDirectory(call, FileSystem.ROOT, one, 0755, entry));
      String made = said("made", began, before);
      assertTrue(descriptors() < DirectorySettings.of(folder).descriptorsMax() + 200, made);
      assertTrue(residentKib() - before < 512 << 10, made);

      long found = 0;
      for (long each : folders) {
        found += list(files, each);
      }
      assertEquals(FILES, found);
      String listed = said("listed", began, before);
      assertTrue(residentKib() - before < 512 << 10, listed);

      for (int i = 0; i < FILES; i++) {
        assertEquals(0, files.unlink(call, folders[i % FOLDERS], name("f" + i)), "file " + i);
      }
      files.reset();
      assertEquals(1, files.counts().getFirst().value());
      System.out.println(made + listed + said("removed", began, before));
    }
  }

  /** With a lookup of each, which is forgotten. */
  private long list(FileSystem files, long node) {
    assertEquals(0, files.openDirectory(call, node, 0, opened));
    long handle = opened.handle;
    List<Long> seen = new ArrayList<>();
    long found = 0;
    long[] offset = {0};
    do {
      seen.clear();
      assertEquals(0, files.readDirectory(call, node, handle, offset[0], true, sink(seen, offset)));
      found += seen.stream().filter(each -> each != 0).count();
      seen.stream().filter(each -> each != 0).forEach(each -> files.forget(each, 1));
    } while (!seen.isEmpty());
    files.releaseDirectory(node, handle);
    return found;
  }

  private static DirectorySink sink(List<Long> seen, long[] offset) {
    return new DirectorySink() {
      @Override
      public int sizeBytes() {
        return 4096;
      }

      @Override
      public boolean fits(int nameBytes) {
        return seen.size() < 24;
      }

      @Override
      public void add(Name name, long inode, int type, long nextOffset, Entry looked) {
        seen.add(looked == null ? 0L : looked.node);
        offset[0] = nextOffset;
      }
    };
  }

  private static String said(String what, long began, long before) throws IOException {
    return "%s after %d s: %d MiB more, %d descriptors%n"
        .formatted(
            what,
            (System.nanoTime() - began) / 1_000_000_000,
            residentKib() - before >> 10,
            descriptors());
  }
}
