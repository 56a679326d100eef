package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IoUringTest {
  @TempDir Path folder;

  private final Arena arena = Arena.ofAuto();
  private final MemorySegment memory = arena.allocate(64 << 10, 4096);

  /** A kernel that forbids it is not a failure: device-blk uses threads there. */
  @BeforeEach
  void theKernelHasIt() {
    try (IoUring ring = IoUring.create(2)) {
      assertEquals(2, ring.entries());
    } catch (LinuxException e) {
      Assumptions.abort(e.getMessage());
    }
  }

  private IoVector vector(long offset, long length) {
    IoVector vector = new IoVector(4);
    vector.add(memory.address() + offset, length);
    return vector;
  }

  @Test
  void manyWritesAndReadsAreUnderWayAtOnceAndEachIsToldOnce() throws Exception {
    Path path = Files.write(folder.resolve("disk"), new byte[64 << 10]);
    try (BlockFile file = BlockFile.open(path, true, false);
        IoUring ring = IoUring.create(16)) {
      // More turns than there are entries, so that the ring wraps around.
      for (int turn = 0; turn < 5; turn++) {
        memory.fill((byte) (turn + 1));
        for (int i = 0; i < 16; i++) {
          ring.write(file, vector(i * 4096L, 4096), i * 4096L, i);
        }
        assertEquals(0xffff, take(ring, 16));
        memory.fill((byte) 0);
        for (int i = 0; i < 16; i++) {
          ring.read(file, vector(i * 4096L, 4096), i * 4096L, i);
        }
        assertEquals(0xffff, take(ring, 16));
        byte[] expected = new byte[64 << 10];
        Arrays.fill(expected, (byte) (turn + 1));
        assertEquals(-1, memory.mismatch(MemorySegment.ofArray(expected)));
      }
      assertFalse(ring.next());
    }
  }

  /** Takes as many as are due and gives their tokens as bits. */
  private static int take(IoUring ring, int count) throws LinuxException {
    int tokens = 0;
    for (int taken = 0; taken < count; ) {
      ring.submit(1);
      while (ring.next()) {
        assertEquals(4096, ring.result());
        tokens |= 1 << ring.token();
        taken++;
      }
    }
    return tokens;
  }

  @Test
  void whatCanNotBeDoneIsAnErrorOfItsOwn() throws Exception {
    Path path = Files.write(folder.resolve("disk"), new byte[4096]);
    try (BlockFile file = BlockFile.open(path, false, false);
        IoUring ring = IoUring.create(2)) {
      ring.write(file, vector(0, 4096), 0, 7);
      ring.submit(1);
      assertTrue(ring.next());
      assertEquals(7, ring.token());
      assertEquals(-LinuxException.EBADF, ring.result());

      ring.read(file, vector(0, 4096), 4096, 8);
      ring.submit(1);
      assertTrue(ring.next());
      assertEquals(0, ring.result());

      ring.read(file, vector(0, 4096), 0, 1);
      ring.read(file, vector(0, 4096), 0, 2);
      assertThrows(IllegalStateException.class, () -> ring.read(file, vector(0, 4096), 0, 3));
    }
  }

  @Test
  void anEventIsSignalledWhenSomethingHasEnded() throws Exception {
    Path path = Files.write(folder.resolve("disk"), new byte[4096]);
    try (BlockFile file = BlockFile.open(path, false, false);
        EventFd event = EventFd.create();
        IoUring ring = IoUring.create(2)) {
      ring.signalEnds(event);
      assertFalse(ring.hasEnded());
      for (int turn = 0; turn < 3; turn++) {
        ring.read(file, vector(0, 4096), 0, 42);
        ring.submit(0);
        assertTrue(event.await(5000));
        assertTrue(ring.hasEnded());
        ring.submit(0);
        assertTrue(ring.next());
        assertEquals(42, ring.token());
        assertFalse(ring.hasEnded());
      }
    }
  }

  /** In the build's folder, because a temporary file system may know no direct I/O. */
  @Test
  void nothingHasEndedWhenAllWasTaken() throws Exception {
    Path path = Files.createTempFile(Path.of("target").toAbsolutePath(), "direct", ".img");
    Files.write(path, new byte[64 << 10]);
    try (BlockFile file = BlockFile.open(path, false, true);
        IoUring ring = IoUring.create(64)) {
      for (int turn = 0; turn < 1000; turn++) {
        for (int i = 0; i < 64; i++) {
          ring.read(file, vector(i % 16 * 4096L, 4096), i % 16 * 4096L, i);
        }
        ring.submit(0);
        for (int taken = 0; taken < 64; ) {
          if (ring.hasEnded() || turn % 2 == 0) {
            ring.submit(turn % 2);
          }
          while (ring.next()) {
            taken++;
          }
          if (taken < 64 && !ring.hasEnded()) {
            ring.submit(1);
          }
        }
        // The flag may go up last of all.
        ring.submit(0);
        assertFalse(ring.hasEnded(), "in turn " + turn);
      }
    } finally {
      Files.delete(path);
    }
  }
}
