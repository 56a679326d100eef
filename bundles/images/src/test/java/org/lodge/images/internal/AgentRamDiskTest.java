package org.lodge.images.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentRamDiskTest {
  @TempDir Path folder;

  @Test
  void theAgentStandsBeforeTheImagesOwnRamDiskWhateverThatIs() throws Exception {
    byte[] own = {(byte) 0x28, (byte) 0xb5, 0x2f, (byte) 0xfd, 1, 2, 3};
    Path initrd = Files.write(folder.resolve("initrd"), own);
    byte[] agent = "the agent".getBytes(StandardCharsets.US_ASCII);
    Path both = new AgentRamDisk(agent).before(initrd);

    byte[] bytes = Files.readAllBytes(both);
    int before = bytes.length - own.length;
    assertEquals(0, before % 4, "the kernel looks for the next archive at multiples of 4");
    assertArrayEquals(own, Arrays.copyOfRange(bytes, before, bytes.length));
    String text = new String(bytes, 0, before, StandardCharsets.ISO_8859_1);
    assertTrue(text.startsWith("070701"));
    assertTrue(text.contains("the agent"));
    assertTrue(text.contains("lodge/init"));
    assertEquals("rw-r--r--", PosixFilePermissions.toString(Files.getPosixFilePermissions(both)));
  }

  @Test
  void eachAgentHasAFileOfItsOwnAndMakesItOnce() throws Exception {
    Path initrd = Files.write(folder.resolve("initrd"), new byte[10]);
    AgentRamDisk one = new AgentRamDisk(new byte[] {1});
    Path first = one.before(initrd);
    Object made = Files.getAttribute(first, "unix:ino");
    assertEquals(first, new AgentRamDisk(new byte[] {1}).before(initrd));
    assertEquals(made, Files.getAttribute(first, "unix:ino"));
    assertNotEquals(first, new AgentRamDisk(new byte[] {2}).before(initrd));
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(3, files.count(), List.of(folder)::toString);
    }
  }
}
