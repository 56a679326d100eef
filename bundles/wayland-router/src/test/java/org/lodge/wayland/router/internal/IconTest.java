package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.junit.jupiter.api.Test;
import org.lodge.wayland.protocol.opcode.WlBuffer;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevelIconManagerV1;
import org.lodge.wayland.protocol.opcode.XdgToplevelIconV1;
import org.lodge.wayland.protocol.opcode.XdgWmBase;

/** Icons of windows: their pixels, their mark, and what is refused. */
class IconTest {
  private static final int SIDE = 32;
  private static final int GREEN = 0xff00ff00;
  private static final int RED = 0xffff0000;

  private Rig rig;
  private int registry;
  private int manager;
  private int icon;
  private int pool;
  private MemoryConnection.MemoryFile file;

  private void open(Rig opened) throws Exception {
    rig = opened;
    registry = rig.registry();
    manager = rig.bind(registry, "xdg_toplevel_icon_manager_v1", 1);
    icon = rig.id("xdg_toplevel_icon_v1");
    rig.client.send(manager, XdgToplevelIconManagerV1.CREATE_ICON, icon);
    file = rig.client.connection.new MemoryFile(1 << 20);
    ByteBuffer pixels = ByteBuffer.wrap(file.content).order(ByteOrder.LITTLE_ENDIAN);
    while (pixels.hasRemaining()) {
      pixels.putInt(GREEN);
    }
    pool = rig.pool(rig.bind(registry, "wl_shm", 1), file, 1 << 20);
  }

  private void add(int width, int height, int format) {
    int buffer = rig.buffer(pool, 0, width, height, width * 4, format);
    rig.client.send(icon, XdgToplevelIconV1.ADD_BUFFER, buffer, 1);
  }

  /** What the compositor finds in its copy. */
  private int pixel(int x, int y) {
    MemoryConnection.MemoryFile copy =
        rig.compositor.connection.handlesToProgram.stream()
            .map(MemoryConnection.MemoryFile.class::cast)
            .filter(each -> each.sizeBytes() == 1 << 20)
            .findFirst()
            .orElseThrow();
    return ByteBuffer.wrap(copy.content).order(ByteOrder.LITTLE_ENDIAN).getInt((y * SIDE + x) * 4);
  }

  @Test
  void itsPixelsAreThereBeforeItIsAddedAndTheGuestsColourIsAroundThem() throws Exception {
    open(Rig.framed());
    add(SIDE, SIDE, 0);
    rig.sync();
    rig.compositor.await(".add_buffer(");
    assertEquals(RED, pixel(0, 0));
    assertEquals(RED, pixel(1, 16));
    assertEquals(RED, pixel(16, SIDE - 2));
    assertEquals(RED, pixel(SIDE - 1, 16));
    assertEquals(GREEN, pixel(2, 2));
    assertEquals(GREEN, pixel(SIDE - 3, SIDE - 3));
  }

  @Test
  void itsEdgeStaysWhateverElseIsDoneWithTheBuffer() throws Exception {
    open(Rig.framed());
    int buffer = rig.buffer(pool, 0, SIDE, SIDE, SIDE * 4, 0);
    rig.client.send(icon, XdgToplevelIconV1.ADD_BUFFER, buffer, 1);
    int compositor = rig.bind(registry, "wl_compositor", 4);
    int surface = rig.surface(compositor);
    rig.client.send(surface, WlSurface.ATTACH, buffer, 0, 0);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
    assertEquals(RED, pixel(0, 0));
    rig.client.send(surface, WlSurface.DESTROY);
    rig.client.send(buffer, WlBuffer.DESTROY);
    int next = rig.buffer(pool, 0, SIDE, SIDE, SIDE * 4, 0);
    surface = rig.surface(compositor);
    rig.client.send(surface, WlSurface.ATTACH, next, 0, 0);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
    assertEquals(RED, pixel(0, 0));
  }

  @Test
  void withoutFramesItIsLeftAsItIsAndGoesToItsWindow() throws Exception {
    open(Rig.plain());
    add(SIDE, SIDE, 1);
    int surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
    int shell = rig.bind(registry, "xdg_wm_base", 2);
    int xdg = rig.id("xdg_surface");
    rig.client.send(shell, XdgWmBase.GET_XDG_SURFACE, xdg, surface);
    int toplevel = rig.id("xdg_toplevel");
    rig.client.send(xdg, XdgSurface.GET_TOPLEVEL, toplevel);
    rig.client.send(manager, XdgToplevelIconManagerV1.SET_ICON, toplevel, icon);
    rig.client.send(manager, XdgToplevelIconManagerV1.SET_ICON, toplevel, 0);
    rig.sync();
    assertEquals(GREEN, pixel(0, 0));
    rig.compositor.await(
        ".set_icon(xdg_toplevel@" + toplevel + ", xdg_toplevel_icon_v1@" + icon + ")");
    rig.compositor.await(".set_icon(xdg_toplevel@" + toplevel + ", nil)");
    rig.compositor.send(manager, XdgToplevelIconManagerV1.EVENT_ICON_SIZE, 48);
    rig.client.await(".icon_size(48)");
  }

  @Test
  void aNameOfAnIconIsNotTold() throws Exception {
    open(Rig.framed());
    rig.client.send(icon, XdgToplevelIconV1.SET_NAME, "system-lock-screen");
    rig.sync();
    assertEquals(0, rig.compositor.count("set_name"));
  }

  @Test
  void anIconIsSquare() throws Exception {
    open(Rig.plain());
    add(SIDE, SIDE + 1, 0);
    rig.refused("not square");
  }

  @Test
  void anIconIsOfPlainPixels() throws Exception {
    open(Rig.plain());
    int red = 0x20203852;
    int buffer = rig.buffer(pool, 0, 256, 256, 256, red);
    rig.client.send(icon, XdgToplevelIconV1.ADD_BUFFER, buffer, 1);
    rig.refused("ARGB8888");
  }

  @Test
  void anIconIsNotLarge() throws Exception {
    open(Rig.plain());
    add(512, 512, 0);
    rig.sync();
    rig.compositor.await(".add_buffer(");
    int larger = rig.pool(rig.bind(registry, "wl_shm", 1), file, 2 << 20);
    int buffer = rig.buffer(larger, 0, 513, 513, 2052, 0);
    rig.client.send(icon, XdgToplevelIconV1.ADD_BUFFER, buffer, 1);
    rig.refused("more than");
  }

  @Test
  void anIconHasFewBuffers() throws Exception {
    open(Rig.plain());
    for (int i = 0; i < 17; i++) {
      add(SIDE, SIDE, 0);
    }
    rig.refused("more than 16 buffers");
  }

  @Test
  void anIconThatWasSetDoesNotChange() throws Exception {
    open(Rig.plain());
    int surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
    int shell = rig.bind(registry, "xdg_wm_base", 2);
    int xdg = rig.id("xdg_surface");
    rig.client.send(shell, XdgWmBase.GET_XDG_SURFACE, xdg, surface);
    int toplevel = rig.id("xdg_toplevel");
    rig.client.send(xdg, XdgSurface.GET_TOPLEVEL, toplevel);
    rig.client.send(manager, XdgToplevelIconManagerV1.SET_ICON, toplevel, icon);
    add(SIDE, SIDE, 0);
    rig.refused("set already");
  }
}
