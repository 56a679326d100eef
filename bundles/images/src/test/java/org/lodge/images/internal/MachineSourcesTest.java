package org.lodge.images.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineSourcesTest {

  @TempDir Path etc;

  @BeforeEach
  void aMachineWithDebian12() throws IOException {
    Files.createDirectories(etc.resolve("apt/sources.list.d"));
    Files.writeString(etc.resolve("os-release"), "ID=debian\nVERSION_CODENAME=bookworm\n");
  }

  private void source(String file, String text) throws IOException {
    Files.writeString(etc.resolve("apt").resolve(file), text);
  }

  @Test
  void theReleaseIsReplacedAndAddressAndKeyStay() throws IOException {
    source(
        "sources.list.d/debian.sources",
        """
        Types: deb deb-src
        # a remark
        URIs: http://mirror.example/debian
        Suites: bookworm bookworm-updates bookworm-backports
        Components: main
        Signed-By: /usr/share/keyrings/k.gpg
        """);
    assertEquals(
        """
        Types: deb
        URIs: http://mirror.example/debian
        Components: main
        Signed-By: /usr/share/keyrings/k.gpg
        Suites: trixie trixie-updates
        """,
        MachineSources.forSuite(etc, "trixie"));
  }

  @Test
  void theOneLineFormatIsReadToo() throws IOException {
    source(
        "sources.list",
        """
        # deb http://old.example/debian bookworm main
        deb [arch=amd64 signed-by=/k.gpg] http://mirror.example/debian bookworm-security main contrib
        deb-src http://mirror.example/debian bookworm main
        """);
    String written = MachineSources.forSuite(etc, "trixie");
    assertTrue(written.contains("Suites: trixie-security\n"), written);
    assertTrue(written.contains("Components: main contrib\n"), written);
    assertTrue(written.contains("Signed-By: /k.gpg\n"), written);
    assertEquals(1, written.lines().filter(line -> line.startsWith("URIs")).count());
  }

  @Test
  void aKeyInTheSourceItselfStaysWhole() throws IOException {
    source(
        "sources.list.d/inline.sources",
        """
        Types: deb
        URIs: http://mirror.example/debian
        Suites: bookworm
        Components: main
        Signed-By:
         -----BEGIN PGP PUBLIC KEY BLOCK-----
         .
         mDMEY865UxYJKwYB
         -----END PGP PUBLIC KEY BLOCK-----
        """);
    String written = MachineSources.forSuite(etc, "trixie");
    assertTrue(written.contains("\n .\n mDMEY865UxYJKwYB\n -----END"), written);
  }

  @Test
  void sourcesOfOthersAreLeftOut() throws IOException {
    source("sources.list", "deb http://tool.example/apt cloud-sdk-bookworm main\n");
    source(
        "sources.list.d/off.sources",
        "Enabled: no\nTypes: deb\nURIs: http://x.example\nSuites: bookworm\nComponents: main\n");
    IOException error =
        assertThrows(IOException.class, () -> MachineSources.forSuite(etc, "trixie"));
    assertTrue(error.getMessage().contains("config/image/apt.sources"), error.getMessage());
  }
}
