package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.lodge.wayland.protocol.opcode.WlBuffer;
import org.lodge.wayland.protocol.opcode.WlSurface;

class DamageTest {
  private static final int WIDTH = 64;
  private static final int HEIGHT = 48;
  private static final int STRIDE = WIDTH * 4;
  private static final int BYTES = STRIDE * HEIGHT;

  private final Rig rig = Rig.plain();
  private final MemoryConnection.MemoryFile file = rig.client.connection.new MemoryFile(3 * BYTES);
  private final int[] buffers = new int[3];
  private int surface;

  private void open() throws Exception {
    int registry = rig.registry();
    surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
    int pool = rig.pool(rig.bind(registry, "wl_shm", 1), file, 3 * BYTES);
    for (int i = 0; i < buffers.length; i++) {
      buffers[i] = rig.buffer(pool, i * BYTES, WIDTH, HEIGHT, STRIDE, 1);
    }
    rig.sync();
  }

  private void commit(int buffer) throws Exception {
    rig.client.send(surface, WlSurface.ATTACH, buffers[buffer], 0, 0);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
    rig.compositor.send(buffers[buffer], WlBuffer.EVENT_RELEASE);
    rig.sync();
  }

  @Test
  void onlyWhatWasDamagedIsCopied() throws Exception {
    open();
    commit(0);
    assertEquals(BYTES, rig.client.connection.transferredBytes);
    rig.client.send(surface, WlSurface.DAMAGE, 10, 10, 16, 16);
    commit(0);
    assertEquals(BYTES + 16 * 16 * 4, rig.client.connection.transferredBytes);
    rig.client.send(surface, WlSurface.DAMAGE, Integer.MIN_VALUE, -5, Integer.MAX_VALUE, 6);
    commit(0);
    assertEquals(BYTES + 16 * 16 * 4, rig.client.connection.transferredBytes);
  }

  @Test
  void eachBufferOfThreeIsUpToDateWhenItIsShown() throws Exception {
    open();
    byte[] model = new byte[BYTES];
    Random random = new Random(11);
    var copy = (MemoryConnection.MemoryFile) rig.compositor.connection.handlesToProgram.peek();
    for (int frame = 0; frame < 200; frame++) {
      int x = random.nextInt(WIDTH);
      int y = random.nextInt(HEIGHT);
      int width = 1 + random.nextInt(WIDTH - x);
      int height = 1 + random.nextInt(HEIGHT - y);
      for (int row = y; row < y + height; row++) {
        int at = row * STRIDE + x * 4;
        Arrays.fill(model, at, at + width * 4, (byte) frame);
      }
      int buffer = random.nextInt(3);
      System.arraycopy(model, 0, file.content, buffer * BYTES, BYTES);
      rig.client.send(surface, WlSurface.DAMAGE_BUFFER, x, y, width, height);
      commit(buffer);
      byte[] there = Arrays.copyOfRange(copy.content, buffer * BYTES, (buffer + 1) * BYTES);
      assertArrayEquals(model, there, "frame " + frame);
    }
  }
}
