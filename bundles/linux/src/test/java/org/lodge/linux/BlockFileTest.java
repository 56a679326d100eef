package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BlockFileTest {
  @TempDir Path folder;

  private final Arena arena = Arena.ofAuto();
  private final MemorySegment memory = arena.allocate(8192, 4096);
  private final IoVector vector = new IoVector();

  @Test
  void whatIsWrittenFromPiecesIsReadIntoOtherPieces() throws Exception {
    Path path = Files.write(folder.resolve("disk"), new byte[4096]);
    try (BlockFile file = BlockFile.open(path, true, false)) {
      memory.setString(0, "hello, ");
      memory.setString(100, "disk");
      vector.clear();
      vector.add(memory.address(), 7);
      vector.add(memory.address() + 100, 4);
      assertEquals(0, file.write(vector, 1000));
      assertEquals(0, file.sync(vector));
      vector.clear();
      vector.add(memory.address() + 200, 3);
      vector.add(memory.address() + 300, 8);
      assertEquals(0, file.read(vector, 1000));
      assertEquals("hel", memory.getString(200));
      assertEquals("lo, disk", memory.getString(300));
      assertEquals(4096, file.sizeBytes());
    }
  }

  @Test
  void aReadOverTheEndIsAnError() throws Exception {
    Path path = Files.write(folder.resolve("disk"), new byte[1000]);
    try (BlockFile file = BlockFile.open(path, false, false)) {
      vector.clear();
      vector.add(memory.address(), 1024);
      assertEquals(-BlockFile.EIO, file.read(vector, 0));
      vector.clear();
      vector.add(memory.address(), 8);
      assertEquals(-LinuxException.EBADF, file.write(vector, 0));
    }
  }

  @Test
  void memoryThatIsNotThereIsAnErrorAndNoCrash() throws Exception {
    Path path = Files.write(folder.resolve("disk"), new byte[4096]);
    try (BlockFile file = BlockFile.open(path, true, false)) {
      vector.clear();
      vector.add(8, 512);
      assertEquals(-14, file.read(vector, 0));
    }
  }

  @Test
  void aHoleReadsAsZeroesAndGrowthToo() throws Exception {
    Path path = Files.write(folder.resolve("disk"), "x".repeat(16384).getBytes());
    try (BlockFile file = BlockFile.open(path, true, false)) {
      int result = file.zero(vector, 4096, 4096, true);
      assertTrue(result == 0 || result == -BlockFile.EOPNOTSUPP, "result " + result);
      if (result == 0) {
        byte[] bytes = Files.readAllBytes(path);
        assertEquals('x', bytes[4095]);
        assertEquals(0, bytes[4096]);
        assertEquals(0, bytes[8191]);
        assertEquals('x', bytes[8192]);
      }
      file.resize(20000);
      assertEquals(20000, file.sizeBytes());
    }
    assertArrayEquals(
        new byte[3616], java.util.Arrays.copyOfRange(Files.readAllBytes(path), 16384, 20000));
  }

  @Test
  void aLongListIsTransferredWhole() throws Exception {
    Path path = Files.write(folder.resolve("disk"), new byte[8192]);
    try (BlockFile file = BlockFile.open(path, true, false)) {
      vector.clear();
      for (int i = 0; i < IoVector.ENTRIES_MAX; i++) {
        memory.set(ValueLayout.JAVA_BYTE, i, (byte) i);
        assertTrue(vector.add(memory.address() + i, 1));
      }
      assertEquals(false, vector.add(memory.address(), 1));
      assertEquals(0, file.write(vector, 0));
      assertEquals((byte) 1023, Files.readAllBytes(path)[1023]);
    }
  }

  @Test
  void onlyFilesAndBlockDevicesAreOpened() {
    var thrown =
        assertThrows(LinuxException.class, () -> BlockFile.open(Path.of("/dev/null"), true, false));
    assertTrue(thrown.getMessage().contains("neither a file nor a block device"));
    assertEquals(
        LinuxException.ENOENT,
        assertThrows(LinuxException.class, () -> BlockFile.open(folder.resolve("no"), true, false))
            .errno());
  }
}
