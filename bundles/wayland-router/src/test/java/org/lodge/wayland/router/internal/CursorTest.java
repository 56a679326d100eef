package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.lodge.wayland.protocol.opcode.WlDataDevice;
import org.lodge.wayland.protocol.opcode.WlDataDeviceManager;
import org.lodge.wayland.protocol.opcode.WlPointer;
import org.lodge.wayland.protocol.opcode.WlSeat;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.WpCursorShapeDeviceV1;
import org.lodge.wayland.protocol.opcode.WpCursorShapeManagerV1;

/** Where pictures lie that follow the pointer. */
class CursorTest {
  private final Rig rig = Rig.plain();
  private int registry;
  private int compositor;
  private int seat;
  private int pool;
  private int pointer;
  private int cursor;

  @BeforeEach
  void open() throws Exception {
    registry = rig.registry();
    compositor = rig.bind(registry, "wl_compositor", 5);
    seat = rig.bind(registry, "wl_seat", 5);
    int shm = rig.bind(registry, "wl_shm", 1);
    pool = rig.pool(shm, rig.client.connection.new MemoryFile(1 << 20), 1 << 20);
    pointer = rig.id("wl_pointer");
    rig.client.send(seat, WlSeat.GET_POINTER, pointer);
    cursor = rig.surface(compositor);
  }

  private void show(int surface, int width, int height) {
    attach(surface, width, height, 0, 0);
    rig.client.send(surface, WlSurface.COMMIT);
  }

  private void attach(int surface, int width, int height, int x, int y) {
    int buffer = rig.buffer(pool, 0, width, height, width * 4, 1);
    rig.client.send(surface, WlSurface.ATTACH, buffer, x, y);
  }

  private void set(int surface, int x, int y) {
    rig.client.send(pointer, WlPointer.SET_CURSOR, 9, surface, x, y);
  }

  /** How often the compositor was told this point. */
  private long told(int x, int y) throws Exception {
    rig.sync();
    return rig.compositor.count(".set_cursor(9, wl_surface@" + cursor + ", " + x + ", " + y + ")");
  }

  @ParameterizedTest
  @CsvSource({"5, 7, 5, 7", "24, 32, 23, 31", "-1, -900, 0, 0", "2147483647, -2147483648, 23, 0"})
  void thePointLiesWithinThePicture(int x, int y, int toldX, int toldY) throws Exception {
    show(cursor, 24, 32);
    set(cursor, x, y);
    assertEquals(1, told(toldX, toldY));
    assertEquals(1, rig.compositor.count(".set_cursor("));
  }

  @Test
  void aPointThatIsNamedBeforeItsPictureIsToldWithIt() throws Exception {
    show(cursor, 24, 24);
    set(cursor, 32, 16);
    assertEquals(1, told(23, 16));
    show(cursor, 64, 64);
    assertEquals(1, told(32, 16));
    show(cursor, 64, 64);
    show(cursor, 10, 10);
    assertEquals(1, told(9, 9));
    assertEquals(3, rig.compositor.count(".set_cursor("));
  }

  @Test
  void withoutAPictureItLiesWithinTheLargest() throws Exception {
    set(cursor, 1000, 8);
    assertEquals(1, told(255, 8));
    show(cursor, 24, 24);
    assertEquals(1, told(23, 8));
  }

  @Test
  void anOffsetMovesThePointWithinThePicture() throws Exception {
    show(cursor, 24, 24);
    set(cursor, 4, 4);
    rig.client.send(cursor, WlSurface.OFFSET, -6, 2);
    assertEquals(0, told(10, 2));
    show(cursor, 24, 24);
    assertEquals(1, told(10, 2));
    rig.client.send(cursor, WlSurface.OFFSET, -900, 900);
    show(cursor, 24, 24);
    assertEquals(1, told(23, 0));
    set(cursor, 4, 4);
    assertEquals(2, told(4, 4), "from there on it is another one");
    assertEquals(0, rig.compositor.count(".offset("));
  }

  @Test
  void anOffsetOfABufferDoesSo() throws Exception {
    cursor = rig.surface(rig.bind(registry, "wl_compositor", 4));
    show(cursor, 24, 24);
    set(cursor, 4, 4);
    attach(cursor, 24, 24, 1, -900);
    rig.client.send(cursor, WlSurface.COMMIT);
    assertEquals(1, told(3, 23));
    assertEquals(0, rig.compositor.count("-900"));
  }

  /** Else it would replace what the program has chosen since. */
  @Test
  void aPictureThatIsShownNoMoreHasNoPoint() throws Exception {
    show(cursor, 24, 24);
    set(cursor, 20, 20);
    set(0, 0, 0);
    show(cursor, 10, 10);
    set(cursor, 5, 5);
    int manager = rig.bind(registry, "wp_cursor_shape_manager_v1", 1);
    int device = rig.id("wp_cursor_shape_device_v1");
    rig.client.send(manager, WpCursorShapeManagerV1.GET_POINTER, device, pointer);
    rig.client.send(device, WpCursorShapeDeviceV1.SET_SHAPE, 9, 1);
    show(cursor, 3, 3);
    rig.sync();
    assertEquals(3, rig.compositor.count(".set_cursor("));
  }

  @Test
  void aPictureFollowsTheLastOfThePointersThatHaveIt() throws Exception {
    int other = rig.id("wl_pointer");
    rig.client.send(seat, WlSeat.GET_POINTER, other);
    show(cursor, 24, 24);
    set(cursor, 20, 20);
    rig.client.send(other, WlPointer.SET_CURSOR, 9, cursor, 20, 20);
    rig.client.send(pointer, WlPointer.RELEASE);
    show(cursor, 10, 10);
    assertEquals(1, told(9, 9));
    rig.client.send(other, WlPointer.RELEASE);
    show(cursor, 5, 5);
    rig.sync();
    assertEquals(3, rig.compositor.count(".set_cursor("));
    rig.client.send(cursor, WlSurface.DESTROY);
    rig.sync();
    assertEquals(0, rig.client.count(".error("));
  }

  @Test
  void anIconOfADragStaysNearThePointer() throws Exception {
    int icon = rig.surface(compositor);
    int manager = rig.bind(registry, "wl_data_device_manager", 3);
    int device = rig.id("wl_data_device");
    rig.client.send(manager, WlDataDeviceManager.GET_DATA_DEVICE, device, seat);
    rig.client.send(device, WlDataDevice.START_DRAG, 0, cursor, icon, 7);
    rig.client.send(icon, WlSurface.OFFSET, -10, 20);
    show(icon, 20, 20);
    rig.client.send(icon, WlSurface.OFFSET, -600, 600);
    show(icon, 20, 20);
    rig.client.send(icon, WlSurface.OFFSET, 2000, -2147483648);
    show(icon, 20, 20);
    rig.sync();
    rig.compositor.await(".offset(-10, 20)");
    rig.compositor.await(".offset(-502, 492)");
    rig.compositor.await(".offset(1024, -1024)");
  }
}
