package org.lodge.filesystem.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileIdentity;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.linux.InodeFd;
import org.lodge.linux.TreeScratch;

/** Files that a guest knows, held or found again. */
class InodesTest {
  private static final int FEW = 16;

  /** A directory of most hosts with a mount of its own beneath. */
  private static final Path PLACE = Path.of("/dev");

  private final Call call = new Call().of(0, 0, 1);
  private final Entry entry = new Entry();
  private final Attributes attributes = new Attributes();

  @TempDir Path folder;
  private Ledger ledger;

  @BeforeEach
  void aGuestThatKnowsNothing() throws Exception {
    ledger = Ledger.create();
  }

  @AfterEach
  void itEnds() {
    ledger.close();
  }

  private static Name name(String text) {
    return new Name().of(Arena.ofAuto().allocateFrom(text), 0, text.length());
  }

  @Test
  void whatIsForgottenIsUnknownThoughACallStillUsesIt() throws Exception {
    Files.createFile(folder.resolve("a"));
    InodeFd root = InodeFd.directory(folder);
    TreeScratch scratch = call.scratch();
    root.stat(scratch);
    try (Inodes inodes = new Inodes(root, scratch, FEW, ledger)) {
      InodeFd file = InodeFd.of(root.lookup(scratch, name("a").address()));
      file.stat(scratch);
      long node = inodes.found(file, scratch, FileSystem.ROOT, name("a"));
      Inode used = inodes.take(scratch, node);
      assertTrue(inodes.identify(node, new FileIdentity()));
      inodes.forget(node, 1);
      assertFalse(inodes.identify(node, new FileIdentity()));
      assertEquals(0, used.fd.stat(scratch));
      inodes.put(used);
    }
  }

  private static Object device(Path path) throws IOException {
    return Files.getAttribute(path, "unix:dev");
  }

  @Test
  void filesOfAnotherMountAreFoundAgainAndNoOthersTakenForThem() throws Exception {
    Path mount = PLACE.resolve("shm");
    assumeTrue(Files.isWritable(mount) && !device(PLACE).equals(device(mount)));
    Path there = Files.createTempDirectory(mount, "lodge-inodes");
    List<Path> made = new ArrayList<>(List.of(there));
    try (HostDirectory files =
        new HostDirectory(new DirectorySettings(PLACE, -1, -1, 2 * FEW), ledger)) {
      assertEquals(0, files.lookup(call, FileSystem.ROOT, name("shm"), entry));
      assertEquals(0, files.lookup(call, entry.node, name(made.get(0).toFile().getName()), entry));
      long parent = entry.node;
      List<Long> nodes = new ArrayList<>();
      for (int i = 0; i < 3 * FEW; i++) {
        made.add(Files.createFile(there.resolve("file" + i)));
        assertEquals(0, files.lookup(call, parent, name("file" + i), entry));
        nodes.add(entry.node);
      }
      for (int i = 0; i < nodes.size(); i++) {
        assertEquals(0, files.getAttributes(call, nodes.get(i), 0, attributes), "file " + i);
        assertEquals(Files.getAttribute(made.get(i + 1), "unix:ino"), attributes.inode);
      }
      Files.delete(made.get(1));
      Files.createFile(made.get(1));
      assertEquals(0, files.getAttributes(call, nodes.getLast(), 0, attributes));
      letGo(files, nodes);
      assertEquals(-Errno.ESTALE, files.getAttributes(call, nodes.getFirst(), 0, attributes));
    } finally {
      for (Path each : made.reversed()) {
        Files.deleteIfExists(each);
      }
    }
  }

  /** Uses so many others that none of the first is held. */
  private void letGo(HostDirectory files, List<Long> nodes) {
    for (long node : nodes.subList(FEW, nodes.size())) {
      files.getAttributes(call, node, 0, attributes);
    }
  }
}
