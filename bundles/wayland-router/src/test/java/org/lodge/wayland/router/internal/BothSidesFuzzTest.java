package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.agent.handles.Handle;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.MessageType;
import org.lodge.wayland.protocol.opcode.WlCompositor;
import org.lodge.wayland.protocol.opcode.WlDataDevice;
import org.lodge.wayland.protocol.opcode.WlDataDeviceManager;
import org.lodge.wayland.protocol.opcode.WlDataSource;
import org.lodge.wayland.protocol.opcode.WlKeyboard;
import org.lodge.wayland.protocol.opcode.WlSeat;
import org.lodge.wayland.protocol.opcode.WlSubcompositor;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.WpViewporter;
import org.lodge.wayland.protocol.opcode.XdgActivationV1;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevel;
import org.lodge.wayland.protocol.opcode.XdgToplevelIconManagerV1;
import org.lodge.wayland.protocol.opcode.XdgWmBase;

/**
 * A program with a window, and its compositor, that both go mad: random messages of both by turns,
 * most of them well-formed, from the state of a real session on. Whatever comes, one that keeps to
 * the language is told nothing that breaks it, and nothing is left. {@code
 * -Dlodge.fuzz.seconds=600} goes on for as long, {@code -Dlodge.fuzz.seed=N} begins at another
 * seed.
 */
@Timeout(7200)
class BothSidesFuzzTest {
  private static final int FIRST_SEED = 20261127;
  private static final int MESSAGES = 200;
  private static final List<String> TEXTS =
      List.of("text/plain", "", "wl_surface", "a".repeat(4000), "\u202eover", "image/png");

  @Test
  void whateverBothSayOnlyTheirConnectionEnds() throws Exception {
    long first = Long.getLong("lodge.fuzz.seed", FIRST_SEED);
    long limitNanos = Duration.ofSeconds(Long.getLong("lodge.fuzz.seconds", 3)).toNanos();
    long begin = System.nanoTime();
    long seed = first;
    for (; seed == first || System.nanoTime() - begin < limitNanos; seed++) {
      session(seed);
    }
    if (Long.getLong("lodge.fuzz.seconds") != null) {
      System.out.println("both sides: seeds " + first + " to " + (seed - 1));
    }
  }

  private static void session(long seed) throws Exception {
    Random random = new Random(seed);
    Rig rig = random.nextBoolean() ? Rig.framed() : Rig.plain();
    boolean programSane = random.nextBoolean();
    boolean displaySane = !programSane || random.nextBoolean();
    begin(rig, random);
    for (int i = 0; i < MESSAGES && rig.client.connection.isOpen(); i++) {
      if (!programSane && random.nextInt(3) > 0) {
        speak(rig, rig.client, random);
      } else if (!displaySane) {
        speak(rig, rig.compositor, random);
      }
    }
    rig.client.connection.programCloses();
    try {
      rig.ended();
      // What one mad side says of objects may reach a sane one, but never outside of the language.
      assertEquals(
          0, displaySane ? rig.compositor.count("broken") : 0, "the compositor's language");
      assertEquals(0, programSane ? rig.client.count("broken") : 0, "the program's language");
      assertEquals(0, rig.guest.account().pixelBytes());
      assertEquals(0, rig.guest.account().heapBytes());
    } catch (AssertionError e) {
      throw new AssertionError("seed " + seed + ": " + rig.client.log + rig.compositor.log, e);
    }
  }

  /** What programs do first: all globals, a window with a child, pictures, devices, a source. */
  private static void begin(Rig rig, Random random) throws Exception {
    int registry = rig.registry();
    Map<String, Integer> bound = new HashMap<>();
    boolean framed = rig.guest.settings().frame() == GuestSettings.Frame.ROUTER;
    for (String global : Rig.GLOBALS.keySet().stream().sorted().toList()) {
      int most = Globals.allowedVersion(global, Rig.GLOBALS.get(global), framed);
      if (most > 0) {
        bound.put(global, rig.bind(registry, global, 1 + random.nextInt(most)));
      }
    }
    int root = rig.surface(bound.get("wl_compositor"));
    int xdg = make(rig, "xdg_surface", bound.get("xdg_wm_base"), XdgWmBase.GET_XDG_SURFACE, root);
    make(rig, "xdg_toplevel", xdg, XdgSurface.GET_TOPLEVEL);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    int toplevel = ofCompositor(rig, "xdg_toplevel");
    rig.compositor.send(toplevel, XdgToplevel.EVENT_CONFIGURE, 300, 200, new byte[0]);
    rig.compositor.send(ofCompositor(rig, "xdg_surface"), XdgSurface.EVENT_CONFIGURE, 7);
    rig.client.await("xdg_surface@" + xdg + ".configure(7)");
    rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, 7);
    int pool =
        rig.pool(bound.get("wl_shm"), rig.client.connection.new MemoryFile(1 << 18), 1 << 18);
    for (int i = 0; i < 3; i++) {
      int buffer = rig.buffer(pool, 0, 1 + random.nextInt(99), 1 + random.nextInt(99), 400, 1);
      rig.client.send(root, WlSurface.ATTACH, buffer, 0, 0);
      rig.client.send(root, WlSurface.DAMAGE, 0, 0, 99, 99);
      rig.client.send(root, WlSurface.COMMIT);
    }
    int child = rig.surface(bound.get("wl_compositor"));
    int subcompositor = bound.get("wl_subcompositor");
    make(rig, "wl_subsurface", subcompositor, WlSubcompositor.GET_SUBSURFACE, child, root);
    make(rig, "wp_viewport", bound.get("wp_viewporter"), WpViewporter.GET_VIEWPORT, child);
    make(rig, "wl_region", bound.get("wl_compositor"), WlCompositor.CREATE_REGION);
    make(rig, "wl_pointer", bound.get("wl_seat"), WlSeat.GET_POINTER);
    make(rig, "wl_keyboard", bound.get("wl_seat"), WlSeat.GET_KEYBOARD);
    int devices = bound.get("wl_data_device_manager");
    int source = make(rig, "wl_data_source", devices, WlDataDeviceManager.CREATE_DATA_SOURCE);
    rig.client.send(source, WlDataSource.OFFER, TEXTS.getFirst());
    int device = rig.id("wl_data_device");
    rig.client.send(devices, WlDataDeviceManager.GET_DATA_DEVICE, device, bound.get("wl_seat"));
    rig.client.send(device, WlDataDevice.SET_SELECTION, source, 7);
    int dragged = make(rig, "wl_data_source", devices, WlDataDeviceManager.CREATE_DATA_SOURCE);
    rig.client.send(dragged, WlDataSource.OFFER, TEXTS.getFirst());
    if (random.nextBoolean()) {
      rig.client.send(device, WlDataDevice.START_DRAG, dragged, root, 0, 7);
    }
    rig.sync();
    int focus = ofCompositor(rig, "wl_keyboard");
    int shown = ofCompositor(rig, "wl_surface");
    rig.compositor.send(focus, WlKeyboard.EVENT_ENTER, 7, shown, new byte[0]);
    int tokens = bound.get("xdg_activation_v1");
    make(rig, "xdg_activation_token_v1", tokens, XdgActivationV1.GET_ACTIVATION_TOKEN);
    int icons = bound.get("xdg_toplevel_icon_manager_v1");
    make(rig, "xdg_toplevel_icon_v1", icons, XdgToplevelIconManagerV1.CREATE_ICON);
    rig.sync();
  }

  /** Makes an object with a request whose first argument is its number. */
  private static int make(Rig rig, String type, int maker, int opcode, Integer... more) {
    int made = rig.id(type);
    List<Object> arguments = new ArrayList<>(List.of(made));
    arguments.addAll(List.of(more));
    rig.client.send(maker, opcode, arguments.toArray());
    return made;
  }

  private static int ofCompositor(Rig rig, String type) {
    return rig.compositor.known().entrySet().stream()
        .filter(entry -> entry.getValue().name().equals(type))
        .mapToInt(Map.Entry::getKey)
        .findFirst()
        .orElseThrow();
  }

  /** A message of one side to one of the objects that it knows. */
  private static void speak(Rig rig, TestPeer side, Random random) {
    List<Map.Entry<Integer, Interface>> objects = new ArrayList<>(side.known().entrySet());
    Map.Entry<Integer, Interface> object = ofAnyType(objects, random);
    boolean asks = side == rig.client;
    Interface type = object.getValue();
    int count = asks ? type.requestCount() : type.eventCount();
    if (count == 0 || object.getKey() == 1 && random.nextInt(9) > 0) {
      return;
    }
    int opcode = random.nextInt(count);
    MessageType message = asks ? type.request(opcode) : type.event(opcode);
    if (message.isDestructor() && random.nextInt(5) > 0) {
      return;
    }
    List<Handle> handles = new ArrayList<>();
    List<Object> arguments = new ArrayList<>();
    for (int i = 0; i < message.argumentCount(); i++) {
      Interface wanted = message.type(i);
      switch (message.kind(i)) {
        case MessageType.HANDLE -> handles.add(handle(side, random));
        case MessageType.STRING -> arguments.add(TEXTS.get(random.nextInt(TEXTS.size())));
        case MessageType.ARRAY -> arguments.add(new byte[4 * random.nextInt(9)]);
        case MessageType.NEW_ID -> arguments.add(newId(rig, side, wanted, random));
        case MessageType.OBJECT -> arguments.add(fitting(objects, message, i, random));
        default -> arguments.add(number(random));
      }
    }
    byte[] bytes = TestPeer.message(object.getKey(), opcode, arguments.toArray());
    if (random.nextInt(150) == 0) {
      bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
    }
    side.connection.programSends(bytes, handles.toArray(Handle[]::new));
  }

  /** Types are as probable as each other, so that the many globals do not hide the rest. */
  private static Map.Entry<Integer, Interface> ofAnyType(
      List<Map.Entry<Integer, Interface>> objects, Random random) {
    List<Interface> types = objects.stream().map(Map.Entry::getValue).distinct().toList();
    Interface type = types.get(random.nextInt(types.size()));
    List<Map.Entry<Integer, Interface>> all =
        objects.stream().filter(each -> each.getValue() == type).toList();
    return all.get(random.nextInt(all.size()));
  }

  private static Handle handle(TestPeer side, Random random) {
    return switch (random.nextInt(5)) {
      case 0 -> new MemoryConnection.Refused(side.connection);
      case 1, 2 -> side.connection.new MemoryFile(1 << random.nextInt(17));
      default -> {
        MemoryConnection.MemoryPipe pipe = side.connection.new MemoryPipe();
        pipe.programEnds();
        yield pipe;
      }
    };
  }

  private static int newId(Rig rig, TestPeer side, Interface wanted, Random random) {
    String type = wanted == null ? "wl_callback" : wanted.name();
    if (side == rig.client) {
      return rig.id(type);
    }
    int id = ObjectMap.SERVER_FIRST + random.nextInt(40);
    side.know(id, type);
    return id;
  }

  /** One of the type mostly, or none where that may be; else none, or any. */
  private static int fitting(
      List<Map.Entry<Integer, Interface>> objects, MessageType message, int index, Random random) {
    Interface wanted = message.type(index);
    if (message.isNullable(index) && random.nextInt(4) == 0) {
      return 0;
    }
    List<Integer> all =
        objects.stream()
            .filter(each -> wanted == null || each.getValue() == wanted)
            .map(Map.Entry::getKey)
            .toList();
    return switch (random.nextInt(200)) {
      case 0 -> 0;
      case 1 -> 1 + random.nextInt(60);
      default -> all.isEmpty() ? 0 : all.get(random.nextInt(all.size()));
    };
  }

  private static int number(Random random) {
    return switch (random.nextInt(40)) {
      case 0 -> random.nextInt();
      case 1 -> Integer.MAX_VALUE;
      case 2 -> Integer.MIN_VALUE;
      case 3 -> -1;
      case 4 -> 0;
      case 5 -> random.nextInt(50) << 8;
      default -> 1 + random.nextInt(200);
    };
  }
}
