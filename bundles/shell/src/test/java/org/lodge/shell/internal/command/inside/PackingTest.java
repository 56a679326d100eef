package org.lodge.shell.internal.command.inside;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PackingTest {

  @Test
  void aLinkThatHasTakenAFilesPlaceIsNotFollowed(@TempDir Path host) throws IOException {
    Path folder = Files.createDirectory(host.resolve("folder"));
    Path file = Files.writeString(folder.resolve("file"), "harmless");
    BasicFileAttributes seen = Files.readAttributes(file, BasicFileAttributes.class);
    Path secret = Files.writeString(host.resolve("secret"), "a secret");
    Files.delete(file);
    Files.createSymbolicLink(file, secret);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8");
    Packing packing = new Packing(folder, tar, Meter.silent());
    assertThrows(IOException.class, () -> packing.visitFile(file, seen));
    assertFalse(bytes.toString(StandardCharsets.UTF_8).contains("a secret"));
  }
}
