package org.lodge.itests.wayland;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lodge.linux.Fd;
import org.lodge.linux.MemFd;
import org.lodge.linux.SharedMapping;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Interfaces;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageWriter;
import org.lodge.wayland.protocol.opcode.WlBuffer;
import org.lodge.wayland.protocol.opcode.WlCallback;
import org.lodge.wayland.protocol.opcode.WlCompositor;
import org.lodge.wayland.protocol.opcode.WlDisplay;
import org.lodge.wayland.protocol.opcode.WlRegistry;
import org.lodge.wayland.protocol.opcode.WlShm;
import org.lodge.wayland.protocol.opcode.WlShmPool;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.WpViewport;
import org.lodge.wayland.protocol.opcode.WpViewporter;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevel;
import org.lodge.wayland.protocol.opcode.XdgWmBase;

/** A Wayland client with one window, whose every pixel and commit the caller decides. */
public final class PaintingClient implements AutoCloseable {

  /** A machine that does much else may take its time. */
  private static final int TIMEOUT_MILLIS = 120_000;

  private static final int ROOM_BYTES = 65_536;
  private static final int XRGB8888 = 1;

  public final int width;
  public final int height;
  private final Arena arena = Arena.ofShared();
  private final MemorySegment out = arena.allocate(ROOM_BYTES);
  private final ByteBuffer outBytes = out.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
  private final UnixStreamSocket socket;
  private final EventReader events;
  private final MessageWriter writer = new MessageWriter();
  private final Map<Integer, Interface> objects = new HashMap<>();
  private final Map<String, Integer> globals = new HashMap<>();
  private final List<Integer> freeIds = new ArrayList<>();
  private final int[] buffers;
  private final boolean[] busy;
  private final MemFd memory;
  private final SharedMapping mapping;
  private final int surface;
  private int viewport;
  private int nextId = 2;
  private int registry;
  private int xdgSurface;
  private int doneCallback;
  private boolean configured;

  /**
   * Connects, and opens a window that shows nothing yet.
   *
   * @param width of its buffers
   * @param fullscreen lets the compositor centre it
   */
  public PaintingClient(Path path, int width, int height, int bufferCount, boolean fullscreen)
      throws IOException {
    this.width = width;
    this.height = height;
    socket = UnixStreamSocket.connect(path);
    events =
        new EventReader(
            socket, (object, opcode) -> objects.get(object).event(opcode), TIMEOUT_MILLIS, arena);
    objects.put(1, Interfaces.named("wl_display"));
    registry = make("wl_registry");
    send(1, WlDisplay.GET_REGISTRY, registry);
    sync();
    int compositor = bind("wl_compositor", 4);
    int shm = bind("wl_shm", 1);
    int shell = bind("xdg_wm_base", 1);
    int bytes = width * height * Integer.BYTES;
    memory = MemFd.resizable("painting", (long) bytes * bufferCount);
    mapping = SharedMapping.of(memory, 0, (long) bytes * bufferCount);
    int pool = make("wl_shm_pool");
    flush();
    writer.begin(outBytes, shm, WlShm.CREATE_POOL).word(pool).word(bytes * bufferCount).end();
    flush(List.of(memory));
    buffers = new int[bufferCount];
    busy = new boolean[bufferCount];
    for (int i = 0; i < bufferCount; i++) {
      buffers[i] = make("wl_buffer");
      send(
          pool,
          WlShmPool.CREATE_BUFFER,
          buffers[i],
          i * bytes,
          width,
          height,
          width * Integer.BYTES,
          XRGB8888);
    }
    surface = make("wl_surface");
    send(compositor, WlCompositor.CREATE_SURFACE, surface);
    xdgSurface = make("xdg_surface");
    send(shell, XdgWmBase.GET_XDG_SURFACE, xdgSurface, surface);
    int toplevel = make("xdg_toplevel");
    send(xdgSurface, XdgSurface.GET_TOPLEVEL, toplevel);
    if (fullscreen) {
      send(toplevel, XdgToplevel.SET_FULLSCREEN, 0);
    }
    send(surface, WlSurface.COMMIT);
    flush();
    while (!configured) {
      receive();
    }
  }

  /** Which of its buffers the compositor has released; waits for one. */
  public int freeBuffer() throws IOException {
    flush();
    while (true) {
      for (int i = 0; i < busy.length; i++) {
        if (!busy[i]) {
          return i;
        }
      }
      receive();
    }
  }

  /** The first pixels of a buffer, row after row. */
  public void setPixels(int buffer, int[] pixels, int from, int count) {
    long offset = (long) Integer.BYTES * buffer * width * height;
    MemorySegment.copy(pixels, from, mapping.segment(), ValueLayout.JAVA_INT, offset, count);
  }

  /** Cuts the file of its buffers, whose pixels nobody may touch from then on. */
  public void cutMemory() throws IOException {
    memory.resize(0);
  }

  public void setScale(int scale) throws IOException {
    send(surface, WlSurface.SET_BUFFER_SCALE, scale);
  }

  public void setTransform(int transform) throws IOException {
    send(surface, WlSurface.SET_BUFFER_TRANSFORM, transform);
  }

  /** Shows a part of the buffer, in whole pixels, at a size. */
  public void setViewport(int x, int y, int width, int height, int shownWidth, int shownHeight)
      throws IOException {
    if (viewport == 0) {
      int viewporter = bind("wp_viewporter", 1);
      viewport = make("wp_viewport");
      send(viewporter, WpViewporter.GET_VIEWPORT, viewport, surface);
    }
    send(viewport, WpViewport.SET_SOURCE, x << 8, y << 8, width << 8, height << 8);
    send(viewport, WpViewport.SET_DESTINATION, shownWidth, shownHeight);
  }

  /** In coordinates of the surface. */
  public void damage(int x, int y, int width, int height) throws IOException {
    send(surface, WlSurface.DAMAGE, x, y, width, height);
  }

  public void damageBuffer(int x, int y, int width, int height) throws IOException {
    send(surface, WlSurface.DAMAGE_BUFFER, x, y, width, height);
  }

  public void commit(int buffer) throws IOException {
    send(surface, WlSurface.ATTACH, buffers[buffer], 0, 0);
    send(surface, WlSurface.COMMIT);
    busy[buffer] = true;
  }

  /** Sends what was said so far, and waits for nothing. */
  public void push() throws IOException {
    flush();
  }

  /** A commit, and the wait until the compositor has shown it. */
  public void show(int buffer) throws IOException {
    int callback = make("wl_callback");
    send(surface, WlSurface.FRAME, callback);
    commit(buffer);
    await(callback);
  }

  /** A round trip. */
  public void sync() throws IOException {
    int callback = make("wl_callback");
    send(1, WlDisplay.SYNC, callback);
    await(callback);
  }

  private void await(int callback) throws IOException {
    flush();
    doneCallback = 0;
    while (doneCallback != callback) {
      receive();
    }
  }

  private int bind(String type, int version) throws IOException {
    Integer name = globals.get(type);
    if (name == null) {
      throw new IOException("there is no " + type);
    }
    int bound = make(type);
    writer
        .begin(room(), registry, WlRegistry.BIND)
        .word(name)
        .string(type)
        .word(version)
        .word(bound)
        .end();
    return bound;
  }

  private int make(String type) {
    int id = freeIds.isEmpty() ? nextId++ : freeIds.removeLast();
    objects.put(id, Interfaces.named(type));
    return id;
  }

  private void send(int object, int opcode, int... words) throws IOException {
    writer.begin(room(), object, opcode);
    for (int word : words) {
      writer.word(word);
    }
    writer.end();
  }

  private ByteBuffer room() throws IOException {
    if (outBytes.remaining() < 1024) {
      flush();
    }
    return outBytes;
  }

  private void flush() throws IOException {
    flush(List.of());
  }

  private void flush(List<Fd> descriptors) throws IOException {
    if (outBytes.position() > 0) {
      socket.send(out.asSlice(0, outBytes.position()), TIMEOUT_MILLIS, descriptors);
      outBytes.clear();
    }
  }

  private void receive() throws IOException {
    events.receive(this::handle);
    flush();
  }

  private void handle(Message event) throws IOException {
    int opcode = event.type().opcode();
    switch (objects.get(event.object()).index()) {
      case WlDisplay.INDEX -> {
        if (opcode == WlDisplay.EVENT_ERROR) {
          throw new IOException("wl_display.error: " + event.string(2));
        }
        freeIds.add(event.word(0));
      }
      case WlRegistry.INDEX -> {
        if (opcode == WlRegistry.EVENT_GLOBAL) {
          globals.putIfAbsent(event.string(1), event.word(0));
        }
      }
      case WlCallback.INDEX -> doneCallback = event.object();
      case WlBuffer.INDEX -> {
        for (int i = 0; i < buffers.length; i++) {
          busy[i] &= buffers[i] != event.object();
        }
      }
      case XdgSurface.INDEX -> {
        send(xdgSurface, XdgSurface.ACK_CONFIGURE, event.word(0));
        configured = true;
      }
      case XdgWmBase.INDEX -> send(event.object(), XdgWmBase.PONG, event.word(0));
      case XdgToplevel.INDEX -> {}
      default -> {}
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
    mapping.close();
    memory.close();
    arena.close();
  }
}
