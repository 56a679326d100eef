package org.lodge.images.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootContentsTest {

  private static final String LIBRARIES = "/usr/lib/x86_64-linux-gnu/";

  @TempDir Path folder;

  @Test
  void aPatternTakesAFolderWithAllThatIsInIt() {
    Pattern pattern = RootContents.anyOf(List.of("/usr/share/perl*", "/var/**/x.so"));
    assertTrue(pattern.matcher("/usr/share/perl5").matches());
    assertTrue(pattern.matcher("/usr/share/perl5/a/b").matches());
    assertTrue(pattern.matcher("/var/a/b/x.so").matches());
    assertFalse(pattern.matcher("/usr/share").matches());
    assertFalse(pattern.matcher("/var/a/b/xaso").matches());
    assertFalse(RootContents.anyOf(List.of()).matcher("").matches());
  }

  @Test
  void librariesThatNothingNeedsGo() throws IOException {
    Path file = folder.resolve("root.tar");
    try (OutputStream out = Files.newOutputStream(file)) {
      TarWriter tar = new TarWriter(out);
      tar.folder("/dev");
      tar.file("/dev/null", 0644, new byte[0]);
      tar.file("/etc/apt/sources.list", 0644, new byte[0]);
      tar.file("/etc/inittab", 0644, new byte[0]);
      tar.link(LIBRARIES + "libused.so.1", "libused.so.1.2");
      tar.file(LIBRARIES + "libused.so.1.2", 0644, new byte[10]);
      tar.link(LIBRARIES + "libidle.so.1", "libidle.so.1.2");
      tar.file(LIBRARIES + "libidle.so.1.2", 0644, new byte[10]);
      tar.file(LIBRARIES + "plugins/libplugin.so", 0644, new byte[10]);
      tar.finish();
    }
    try (TarArchive archive = TarArchive.open(file)) {
      assertEquals(
          List.of(
              "/dev",
              LIBRARIES + "libused.so.1",
              LIBRARIES + "libused.so.1.2",
              LIBRARIES + "plugins/libplugin.so"),
          RootContents.select(
                  archive, List.of(), Optional.of(List.of("libused.so.1")), Set.of("/etc/inittab"))
              .stream()
              .map(TarArchive.Entry::path)
              .toList());
    }
  }
}
