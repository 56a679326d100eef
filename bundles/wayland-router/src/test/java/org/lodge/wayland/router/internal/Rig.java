package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.lodge.agent.GuestClocks;
import org.lodge.agent.handles.FileHandle;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Interfaces;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.opcode.WlCallback;
import org.lodge.wayland.protocol.opcode.WlCompositor;
import org.lodge.wayland.protocol.opcode.WlDisplay;
import org.lodge.wayland.protocol.opcode.WlRegistry;
import org.lodge.wayland.protocol.opcode.WlShm;
import org.lodge.wayland.protocol.opcode.WlShmPool;
import org.lodge.wayland.router.Marking;

/** A client and a compositor with the router between, all in memory. */
final class Rig {
  /** All of every compositor: each in the highest version there is, and some unknown ones. */
  static final Map<String, Integer> GLOBALS = new HashMap<>();

  static {
    String managers = ".*(manager|exporter|importer|activation|system_bell|presentation).*";
    String others = "wl_(compositor|subcompositor|shm|seat|output)|xdg_wm_(base|dialog_v1)";
    String more = "wp_viewporter|wp_alpha_modifier_v1|zwp_pointer_(constraints|gestures)_v1";
    for (Interface type : Interfaces.all()) {
      String name = type.name();
      if (name.matches(managers) && !name.matches(".*(token|feedback).*")
          || name.matches(others)
          || name.matches(more)) {
        GLOBALS.put(name, type.version());
      }
    }
    GLOBALS.put("zwlr_screencopy_manager_v1", 3);
    GLOBALS.put("zwlr_export_dmabuf_manager_v1", 1);
    GLOBALS.put("wp_security_context_manager_v1", 1);
  }

  final TestPeer client = new TestPeer(false);
  final TestPeer compositor = new TestPeer(true);
  final Guest guest;
  final Conversation conversation;
  private final Map<String, Integer> names = new HashMap<>();
  private final CountDownLatch over = new CountDownLatch(1);
  private int nextId = 2;

  Rig(Guest guest, Display display) {
    this(guest, display, new ClockOffset("work", "display", Rig::oneClock));
  }

  Rig(Guest guest, Display display, ClockOffset offset) {
    this.guest = guest;
    compositor.onMessage(this::answer);
    conversation =
        new Conversation(
            display,
            guest,
            Marking.FRAME,
            client.connection,
            compositor.connection,
            offset,
            new Trace());
    Thread.ofVirtual().start(this::run);
  }

  static Rig plain() {
    return plain(Limits.DEFAULT);
  }

  static Rig plain(Limits limits) {
    GuestSettings settings = new GuestSettings(GuestSettings.Frame.COMPOSITOR, 0xff0000, 4);
    return new Rig(
        new Guest("work", settings, limits),
        new Display("display", new java.util.concurrent.atomic.AtomicLong()));
  }

  static Rig framed() {
    return framed(Limits.DEFAULT);
  }

  static Rig framed(Limits limits) {
    GuestSettings settings = new GuestSettings(GuestSettings.Frame.ROUTER, 0xff0000, 4);
    return new Rig(
        new Guest("work", settings, limits),
        new Display("display", new java.util.concurrent.atomic.AtomicLong()));
  }

  /** Guests whose clocks are the host's. */
  private static GuestClocks oneClock(String guest) {
    long now = System.nanoTime();
    return new GuestClocks(now, now, now);
  }

  private void run() {
    try {
      conversation.run();
    } catch (IOException e) {
      assert !compositor.connection.isOpen() || !client.connection.isOpen() : e;
    } finally {
      over.countDown();
    }
  }

  /** Shows every request that reaches the compositor, before it is answered. */
  void watch(Consumer<Message> watcher) {
    compositor.onMessage(request -> {
      watcher.accept(request);
      answer(request);
    });
  }

  /** The connection is over, by no defect of the router. */
  void ended() throws InterruptedException {
    if (!over.await(TestPeer.LIMIT.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("the conversation does not end: " + routerThreads());
    }
    client.awaitClosed();
    compositor.awaitClosed();
    if (client.count("router is at fault") > 0) {
      throw new AssertionError("a defect after " + client.log + compositor.log);
    }
  }

  /** Where the threads of conversations are. */
  private static String routerThreads() {
    StringBuilder text = new StringBuilder();
    Thread.getAllStackTraces()
        .forEach((thread, at) -> {
          if (thread.getName().startsWith("wayland-")) {
            text.append(thread).append(' ').append(List.of(at)).append('\n');
          }
        });
    return text.toString();
  }

  /** Does what any compositor does. */
  private void answer(Message request) {
    switch (request.type().toString()) {
      case "wl_display.get_registry" -> {
        int name = 1;
        for (String type : GLOBALS.keySet().stream().sorted().toList()) {
          compositor.send(request.word(0), WlRegistry.EVENT_GLOBAL, name, type, GLOBALS.get(type));
          names.put(type, name++);
        }
      }
      case "wl_display.sync" -> {
        compositor.send(request.word(0), WlCallback.EVENT_DONE, 1);
        compositor.send(1, WlDisplay.EVENT_DELETE_ID, request.word(0));
      }
      default -> {
        boolean ofClient = Integer.compareUnsigned(request.object(), ObjectMap.SERVER_FIRST) < 0;
        if (request.type().isDestructor() && ofClient) {
          compositor.send(1, WlDisplay.EVENT_DELETE_ID, request.object());
        }
      }
    }
  }

  int id(String type) {
    client.know(nextId, type);
    return nextId++;
  }

  int registry() throws InterruptedException {
    int registry = id("wl_registry");
    client.send(1, WlDisplay.GET_REGISTRY, registry);
    client.await("wl_registry@" + registry + ".global(");
    sync();
    return registry;
  }

  /** Waits until the compositor has answered all that was sent. */
  void sync() throws InterruptedException {
    int callback = id("wl_callback");
    client.send(1, WlDisplay.SYNC, callback);
    client.await("wl_callback@" + callback + ".done");
    client.await("wl_display@1.delete_id(" + callback + ")");
  }

  int bind(int registry, String type, int version) {
    int bound = id(type);
    client.send(registry, WlRegistry.BIND, names.get(type), type, version, bound);
    return bound;
  }

  int name(String type) {
    return names.get(type);
  }

  int surface(int compositorGlobal) {
    int surface = id("wl_surface");
    client.send(compositorGlobal, WlCompositor.CREATE_SURFACE, surface);
    return surface;
  }

  /** A pool over a file of the client. */
  int pool(int shm, FileHandle file, int size) {
    int pool = id("wl_shm_pool");
    client.sendWith(List.of(file), shm, WlShm.CREATE_POOL, pool, size);
    return pool;
  }

  int buffer(int pool, int offset, int width, int height, int stride, int format) {
    int buffer = id("wl_buffer");
    client.send(pool, WlShmPool.CREATE_BUFFER, buffer, offset, width, height, stride, format);
    return buffer;
  }

  /** The offence ended the connection, with an error that says so, and the client alone. */
  void refused(String why) throws InterruptedException {
    client.await("wl_display@1.error(");
    String error = client.await("wl_display@1.error(");
    if (!error.contains(why)) {
      throw new AssertionError(error);
    }
    client.awaitClosed();
    compositor.awaitClosed();
  }
}
