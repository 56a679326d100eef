package org.lodge.itests.wayland;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Interfaces;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageWriter;
import org.lodge.wayland.protocol.opcode.WlDisplay;
import org.lodge.wayland.protocol.opcode.WlRegistry;

/**
 * A mouse of a compositor that knows {@code zwlr_virtual_pointer_v1}, as sway does. Each call
 * returns once the compositor has done it.
 */
public final class VirtualPointer implements AutoCloseable {
  public static final int LEFT = 0x110;
  public static final int RIGHT = 0x111;

  private static final String MANAGER = "zwlr_virtual_pointer_manager_v1";
  private static final int CREATE = 0;
  private static final int MOTION = 0;
  private static final int MOTION_ABSOLUTE = 1;
  private static final int BUTTON = 2;
  private static final int FRAME = 4;

  // The objects of this client.
  private static final int DISPLAY = 1;
  private static final int REGISTRY = 2;
  private static final int CALLBACK = 3;
  private static final int MANAGER_ID = 4;
  private static final int POINTER = 5;

  private static final int TIMEOUT_MILLIS = 60_000;
  private static final int ROOM_BYTES = 16_384;

  private final int width;
  private final int height;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment out = arena.allocate(ROOM_BYTES);
  private final ByteBuffer outBytes = out.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  private final UnixStreamSocket socket;
  private final EventReader events;
  private final MessageWriter writer = new MessageWriter();
  private int managerName;
  private int millis;
  private boolean done;

  /**
   * @param compositor where it listens
   * @param width of the screen, pixels
   */
  public VirtualPointer(Path compositor, int width, int height) throws IOException {
    this.width = width;
    this.height = height;
    socket = UnixStreamSocket.connect(compositor);
    events =
        new EventReader(
            socket, (object, opcode) -> type(object).event(opcode), TIMEOUT_MILLIS, arena);
    send(DISPLAY, WlDisplay.GET_REGISTRY, REGISTRY);
    sync();
    if (managerName == 0) {
      throw new IOException("the compositor has no " + MANAGER);
    }
    writer
        .begin(outBytes, REGISTRY, WlRegistry.BIND)
        .word(managerName)
        .string(MANAGER)
        .word(1)
        .word(MANAGER_ID)
        .end();
    send(MANAGER_ID, CREATE, 0, POINTER);
    sync();
  }

  /** Goes to a place of the screen. */
  public void moveTo(int x, int y) throws IOException {
    send(POINTER, MOTION_ABSOLUTE, millis++, x, y, width, height);
    send(POINTER, FRAME);
    sync();
  }

  /** Goes on by so many pixels. */
  public void moveBy(int x, int y) throws IOException {
    send(POINTER, MOTION, millis++, x << 8, y << 8);
    send(POINTER, FRAME);
    sync();
  }

  public void press(int button) throws IOException {
    button(button, 1);
  }

  public void release(int button) throws IOException {
    button(button, 0);
  }

  public void click(int button) throws IOException {
    press(button);
    release(button);
  }

  private void button(int button, int state) throws IOException {
    send(POINTER, BUTTON, millis++, button, state);
    send(POINTER, FRAME);
    sync();
  }

  private void send(int object, int opcode, int... words) {
    writer.begin(outBytes, object, opcode);
    for (int word : words) {
      writer.word(word);
    }
    writer.end();
  }

  private void sync() throws IOException {
    send(DISPLAY, WlDisplay.SYNC, CALLBACK);
    socket.send(out.asSlice(0, outBytes.position()), TIMEOUT_MILLIS, List.of());
    outBytes.clear();
    done = false;
    while (!done) {
      events.receive(this::handle);
    }
  }

  private static Interface type(int object) {
    return Interfaces.named(
        switch (object) {
          case DISPLAY -> "wl_display";
          case REGISTRY -> "wl_registry";
          default -> "wl_callback";
        });
  }

  private void handle(Message event) throws IOException {
    int opcode = event.type().opcode();
    if (event.object() == REGISTRY
        && opcode == WlRegistry.EVENT_GLOBAL
        && MANAGER.equals(event.string(1))) {
      managerName = event.word(0);
    } else if (event.object() == DISPLAY && opcode == WlDisplay.EVENT_ERROR) {
      throw new IOException("wl_display.error: " + event.string(2));
    }
    done |= event.object() == CALLBACK;
  }

  @Override
  public void close() {
    socket.close();
    arena.close();
  }
}
