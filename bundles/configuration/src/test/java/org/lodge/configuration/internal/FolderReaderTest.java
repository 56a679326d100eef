package org.lodge.configuration.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderReaderTest {
  @TempDir Path folder;

  @Test
  void editorsFilesAreNoDefinitions() throws IOException {
    for (String name :
        new String[] {
          "a.json", ".a.json", ".a.json.swp", "a.json~", "b.json.tmp", "#c.json#", "4913", ".json"
        }) {
      Files.writeString(folder.resolve(name), "{}");
    }
    Files.createDirectory(folder.resolve("d.json"));
    assertEquals(Set.of("a"), FolderReader.read(folder).keySet());
  }

  @Test
  void whatCannotBeReadSaysWhy() throws IOException {
    Files.write(folder.resolve("latin.json"), new byte[] {'"', (byte) 0xe9, '"'});
    Files.write(folder.resolve("long.json"), new byte[FolderReader.MAX_BYTES + 1]);
    Files.createSymbolicLink(folder.resolve("link.json"), folder.resolve("nowhere"));
    var files = FolderReader.read(folder);
    assertEquals("it is not UTF-8 text", files.get("latin").unreadable());
    assertTrue(files.get("long").unreadable().startsWith("it is longer than"));
    assertEquals("it is a link to a file that is not there", files.get("link").unreadable());
  }

  @Test
  void aFolderThatIsNotThereIsEmpty() throws IOException {
    assertTrue(FolderReader.read(folder.resolve("none")).isEmpty());
  }

  @Test
  void aPartialTextIsDeliveredAsItIs() throws IOException {
    Files.writeString(folder.resolve("half.json"), "{\"memory\":");
    assertEquals("{\"memory\":", FolderReader.read(folder).get("half").json());
  }
}
