package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.wayland.protocol.opcode.WlBuffer;
import org.lodge.wayland.protocol.opcode.WlCompositor;
import org.lodge.wayland.protocol.opcode.WlDataDevice;
import org.lodge.wayland.protocol.opcode.WlDataDeviceManager;
import org.lodge.wayland.protocol.opcode.WlDataSource;
import org.lodge.wayland.protocol.opcode.WlDisplay;
import org.lodge.wayland.protocol.opcode.WlPointer;
import org.lodge.wayland.protocol.opcode.WlRegion;
import org.lodge.wayland.protocol.opcode.WlRegistry;
import org.lodge.wayland.protocol.opcode.WlSeat;
import org.lodge.wayland.protocol.opcode.WlShm;
import org.lodge.wayland.protocol.opcode.WlShmPool;
import org.lodge.wayland.protocol.opcode.WlSubcompositor;
import org.lodge.wayland.protocol.opcode.WlSubsurface;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevel;
import org.lodge.wayland.protocol.opcode.XdgWmBase;

/** What a hostile client may try, row by row, and that it ends only itself. */
class HostileClientTest {
  private static final int MANY = Integer.MAX_VALUE;
  private final Rig rig = Rig.plain();
  private int lastSubsurface;

  @Test
  void globalsThatAreNotOnTheListAreNotSeenAndVersionsAreClamped() throws Exception {
    rig.registry();
    assertEquals(0, rig.client.count("screencopy"));
    assertEquals(0, rig.client.count("security_context"));
    rig.client.await("\"wl_seat\", 9)");
    rig.client.await("\"xdg_wm_base\", 7)");
  }

  @Test
  void aGlobalIsBoundOnlyAsWhatItIs() throws Exception {
    int registry = rig.registry();
    int name = rig.name("wl_shm");
    rig.client.send(registry, WlRegistry.BIND, name, "wl_compositor", 1, rig.id("wl_compositor"));
    rig.refused("invalid global");
  }

  @Test
  void aHiddenGlobalCantBeBound() throws Exception {
    int registry = rig.registry();
    rig.bind(registry, "zwlr_screencopy_manager_v1", 1);
    rig.refused("invalid global");
    assertEquals(0, rig.compositor.count("bind"));
  }

  @Test
  void aVersionBeyondTheAnnouncedCantBeBound() throws Exception {
    rig.bind(rig.registry(), "wl_seat", 10);
    rig.refused("invalid version");
  }

  @Test
  void numbersOfObjectsHaveNoGaps() throws Exception {
    rig.client.send(1, WlDisplay.SYNC, 1000);
    rig.refused("invalid new id 1000");
  }

  @Test
  void numbersOfTheCompositorCantBeTaken() throws Exception {
    rig.client.send(1, WlDisplay.SYNC, ObjectMap.SERVER_FIRST);
    rig.refused("invalid new id");
  }

  @Test
  void aNumberIsNotUsedTwice() throws Exception {
    int registry = rig.registry();
    rig.client.send(1, WlDisplay.GET_REGISTRY, registry);
    rig.refused("invalid new id " + registry);
  }

  /** Each level is one more step into the stack for whoever walks the tree, compositors too. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aTreeOfSubsurfacesDoesNotGrowTooDeepAtEitherEnd(boolean atItsRoot) throws Exception {
    int registry = rig.registry();
    int compositor = rig.bind(registry, "wl_compositor", 4);
    int subcompositor = rig.bind(registry, "wl_subcompositor", 1);
    int last = rig.surface(compositor);
    for (int i = 0; i < 16; i++) {
      last = nest(rig, compositor, subcompositor, last, atItsRoot);
    }
    rig.sync();
    nest(rig, compositor, subcompositor, last, atItsRoot);
    rig.refused("too many subsurfaces");
  }

  private static int nest(Rig rig, int compositor, int subcompositor, int last, boolean atItsRoot) {
    int next = rig.surface(compositor);
    int subsurface = rig.id("wl_subsurface");
    int child = atItsRoot ? last : next;
    int parent = atItsRoot ? next : last;
    rig.client.send(subcompositor, WlSubcompositor.GET_SUBSURFACE, subsurface, child, parent);
    return next;
  }

  @Test
  void whatWasDestroyedCantBeUsedAgain() throws Exception {
    int compositor = rig.bind(rig.registry(), "wl_compositor", 4);
    int surface = rig.surface(compositor);
    rig.client.send(surface, WlSurface.DESTROY);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.refused("invalid object " + surface);
  }

  @Test
  void objectsAreLimited() throws Exception {
    Limits few = new Limits(4, 100, 4, 1000, 1 << 20, 64, 1 << 20, 4 << 20);
    Rig small = Rig.plain(few);
    int compositor = small.bind(small.registry(), "wl_compositor", 4);
    for (int i = 0; i < 200 && small.client.connection.isOpen(); i++) {
      small.surface(compositor);
    }
    small.refused("more than 100 objects");
  }

  @Test
  void registriesAreLimited() throws Exception {
    for (int i = 0; i < 40; i++) {
      rig.client.send(1, WlDisplay.GET_REGISTRY, rig.id("wl_registry"));
    }
    rig.refused("more than 32 registries");
  }

  @Test
  void anArgumentMustBeOfItsInterface() throws Exception {
    int registry = rig.registry();
    int surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
    rig.client.send(surface, WlSurface.ATTACH, registry, 0, 0);
    rig.refused("invalid object " + registry);
  }

  @Test
  void aRequestOfALaterVersionIsRefused() throws Exception {
    int surface = rig.surface(rig.bind(rig.registry(), "wl_compositor", 1));
    rig.client.send(surface, WlSurface.SET_BUFFER_SCALE, 2);
    rig.refused("has no request");
  }

  @Test
  void aPoolNeedsADescriptor() throws Exception {
    int shm = rig.bind(rig.registry(), "wl_shm", 1);
    rig.client.send(shm, WlShm.CREATE_POOL, rig.id("wl_shm_pool"), 4096);
    rig.refused("without its descriptor");
  }

  @Test
  void aPoolIsMadeOfAFile() throws Exception {
    int shm = rig.bind(rig.registry(), "wl_shm", 1);
    rig.client.sendWith(
        List.of(new MemoryConnection.Refused(rig.client.connection)),
        shm,
        WlShm.CREATE_POOL,
        rig.id("wl_shm_pool"),
        4096);
    rig.refused("is no file");
  }

  @Test
  void sizesOfBuffersAreChecked() throws Exception {
    int[][] wrong = {
      {-4, 8, 8, 32}, {0, 0, 8, 32}, {0, 8, -8, 32}, {0, 8, 8, 31}, {4096, 8, 8, 32},
      {0, 8, MANY, 32}, {MANY, 8, 8, 32}, {0, MANY, 1, MANY}, {0, 8, 8, MANY}, {0, 8, 8, -32}
    };
    for (int[] size : wrong) {
      Rig one = Rig.plain();
      int pool = pool(one, 4096);
      one.buffer(pool, size[0], size[1], size[2], size[3], 1);
      one.refused("");
      assertEquals(0, one.compositor.count("create_buffer"));
    }
  }

  @Test
  void aFormatThatWasNotAnnouncedIsRefused() throws Exception {
    int pool = pool(rig, 4096);
    rig.buffer(pool, 0, 8, 8, 32, 0x3231564e);
    rig.refused("format");
  }

  @Test
  void pixelsAreLimitedForTheWholeGuestAndComeBack() throws Exception {
    Limits few = new Limits(4, 1000, 4, 1000, 100_000, 64, 1 << 20, 4 << 20);
    Rig small = Rig.plain(few);
    int pool = pool(small, 1 << 20);
    small.buffer(pool, 0, 100, 100, 400, 1);
    small.buffer(pool, 0, 100, 100, 400, 1);
    small.sync();
    assertEquals(2 * 79 * 512, small.guest.account().pixelBytes(), "in whole sectors");
    small.buffer(pool, 0, 100, 100, 400, 1);
    small.refused("buffers take more");
    assertEquals(0, small.guest.account().pixelBytes());
  }

  /** The compositor's file keeps what was written there. */
  @Test
  void pixelsComeBackWithThePoolAndItsLastBuffer() throws Exception {
    int pool = pool(rig, 1 << 20);
    int first = rig.buffer(pool, 0, 16, 16, 64, 1);
    int second = rig.buffer(pool, 0, 16, 16, 64, 1);
    rig.client.send(first, WlBuffer.DESTROY);
    rig.sync();
    assertEquals(2048, rig.guest.account().pixelBytes());
    int third = rig.buffer(pool, 0, 16, 16, 64, 1);
    rig.client.send(second, WlBuffer.DESTROY);
    rig.client.send(pool, WlShmPool.DESTROY);
    rig.sync();
    assertEquals(2048, rig.guest.account().pixelBytes());
    rig.client.send(third, WlBuffer.DESTROY);
    rig.sync();
    assertEquals(0, rig.guest.account().pixelBytes());
  }

  @Test
  void whatComesAfterTheEndTakesNoPixels() throws Exception {
    int pool = pool(rig, 4096);
    rig.sync();
    rig.compositor.connection.whenHandled =
        () -> {
          rig.compositor.connection.whenHandled = () -> {};
          rig.conversation.abort("a test", Duration.ofMinutes(1)).join();
          rig.buffer(pool, 0, 8, 8, 32, 1);
        };
    rig.client.send(1, WlDisplay.SYNC, rig.id("wl_callback"));
    rig.ended();
    assertEquals(0, rig.guest.account().pixelBytes());
  }

  @Test
  void aPoolThatIsShorterThanItSaysEndsItsClient() throws Exception {
    int registry = rig.registry();
    int surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
    MemoryConnection.MemoryFile file = rig.client.connection.new MemoryFile(10);
    int pool = rig.pool(rig.bind(registry, "wl_shm", 1), file, 4096);
    int buffer = rig.buffer(pool, 0, 8, 8, 32, 1);
    rig.client.send(surface, WlSurface.ATTACH, buffer, 0, 0);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.refused("lacks");
  }

  @Test
  void aPoolOfNominalSizeTakesWhatItsBuffersTake() throws Exception {
    int pool = pool(rig, 512 << 20);
    rig.buffer(pool, 500 << 20, 8, 8, 32, 1);
    rig.sync();
    String made = rig.compositor.await("create_pool");
    assertTrue(made.endsWith(", " + (16 << 20) + ")"), made);
    rig.compositor.await(", 0, 8, 8, 32, 1)");
  }

  @Test
  void whatLodgeKeepsOfAConnectionIsLimited() throws Exception {
    Rig small = Rig.plain(withHeap(1 << 20));
    int manager = small.bind(small.registry(), "wl_data_device_manager", 3);
    for (int i = 0; i < 4; i++) {
      source(small, manager);
    }
    small.refused("objects of more than 262144 bytes");
    assertEquals(0, small.guest.account().heapBytes());
  }

  @Test
  void whatLodgeKeepsOfAGuestIsLimitedAndOnlyWhoAsksForMoreEnds() throws Exception {
    Display display = new Display("display", new java.util.concurrent.atomic.AtomicLong());
    Rig first = Rig.plain(withHeap(1 << 20));
    List<Rig> rigs = new ArrayList<>(List.of(first));
    while (rigs.size() < 5) {
      rigs.add(new Rig(first.guest, display));
      rigs.getLast().registry();
    }
    int manager = rigs.get(3).bind(2, "wl_data_device_manager", 3);
    source(rigs.get(3), manager);
    rigs.get(3).sync();
    new Rig(first.guest, display).refused("the guest's objects take more than 1048576 bytes");
    rigs.subList(0, 4).forEach(rig -> rig.client.connection.programCloses());
    for (Rig rig : rigs.subList(0, 4)) {
      rig.ended();
    }
    rigs.get(4).sync();
  }

  @Test
  void asManyWindowsAsMayBeHaveRoomInLodge() throws Exception {
    Rig framed = Rig.framed();
    int registry = framed.registry();
    int compositor = framed.bind(registry, "wl_compositor", 4);
    int shell = framed.bind(registry, "xdg_wm_base", 2);
    int pool =
        framed.pool(
            framed.bind(registry, "wl_shm", 1),
            framed.client.connection.new MemoryFile(4096),
            4096);
    for (int i = 0; i < Limits.DEFAULT.windows(); i++) {
      int surface = framed.surface(compositor);
      int xdg = framed.id("xdg_surface");
      framed.client.send(shell, XdgWmBase.GET_XDG_SURFACE, xdg, surface);
      framed.client.send(xdg, XdgSurface.GET_TOPLEVEL, framed.id("xdg_toplevel"));
      framed.buffer(pool, 0, 8, 8, 32, 1);
      framed.buffer(pool, 0, 8, 8, 32, 1);
    }
    framed.sync();
  }

  private static Limits withHeap(int bytes) {
    return new Limits(4, 10_000, 4, 1000, 100_000, 64, 1 << 20, bytes);
  }

  /** Of 64 types, the longest that may be. */
  private static void source(Rig rig, int manager) {
    int source = rig.id("wl_data_source");
    rig.client.send(manager, WlDataDeviceManager.CREATE_DATA_SOURCE, source);
    for (int i = 0; i < 64; i++) {
      rig.client.send(source, WlDataSource.OFFER, "x".repeat(256));
    }
  }

  @Test
  void whatProgramsOfAGuestLeaveUnreadIsLimitedTogether() throws Exception {
    Display display = new Display("display", new java.util.concurrent.atomic.AtomicLong());
    Rig first = Rig.plain(withHeap(1 << 20));
    Rig second = new Rig(first.guest, display);
    first.registry();
    second.registry();
    first.client.connection.queuedBytes = 60_000;
    second.client.connection.queuedBytes = 650_000;
    second.client.send(1, WlDisplay.SYNC, second.id("wl_callback"));
    second.ended();
    first.sync();
  }

  @Test
  void dataDevicesAreLimited() throws Exception {
    int registry = rig.registry();
    int manager = rig.bind(registry, "wl_data_device_manager", 3);
    int seat = rig.bind(registry, "wl_seat", 5);
    for (int i = 0; i < 40; i++) {
      int device = rig.id("wl_data_device");
      rig.client.send(manager, WlDataDeviceManager.GET_DATA_DEVICE, device, seat);
    }
    rig.refused("more than 32 data devices");
  }

  @Test
  void regionsAreLimited() throws Exception {
    int compositor = rig.bind(rig.registry(), "wl_compositor", 4);
    int region = rig.id("wl_region");
    rig.client.send(compositor, WlCompositor.CREATE_REGION, region);
    for (int i = 0; i < 5000 && rig.client.connection.isOpen(); i++) {
      rig.client.send(region, WlRegion.ADD, i, i, 1, 1);
    }
    rig.refused("too many rectangles");
  }

  @Test
  void damageIsGatheredIntoABoundedNumberOfRectangles() throws Exception {
    int surface = rig.surface(rig.bind(rig.registry(), "wl_compositor", 4));
    for (int i = 0; i < 10_000; i++) {
      rig.client.send(surface, WlSurface.DAMAGE, i * 2, i, 1, 1);
    }
    rig.client.send(surface, WlSurface.DAMAGE, 0, 0, MANY, MANY);
    rig.client.send(surface, WlSurface.DAMAGE, MANY, MANY, MANY, MANY);
    rig.client.send(surface, WlSurface.DAMAGE, 5, 5, -1, 0);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
    assertTrue(rig.compositor.count(".damage(") <= Rectangles.MOST);
  }

  @Test
  void aWindowIsNamedAfterItsGuestWhateverItSays() throws Exception {
    int registry = rig.registry();
    int surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
    int shell = rig.bind(registry, "xdg_wm_base", 2);
    int xdg = rig.id("xdg_surface");
    rig.client.send(shell, XdgWmBase.GET_XDG_SURFACE, xdg, surface);
    int toplevel = rig.id("xdg_toplevel");
    rig.client.send(xdg, XdgSurface.GET_TOPLEVEL, toplevel);
    rig.compositor.await("set_title(\"[work]\")");
    rig.compositor.await("set_app_id(\"lodge.work\")");
    rig.client.send(toplevel, XdgToplevel.SET_TITLE, "[vault] \u202e\u0007pay");
    rig.client.send(toplevel, XdgToplevel.SET_APP_ID, "lodge.vault.x");
    rig.compositor.await("set_title(\"[work] [vault] __pay\")");
    rig.compositor.await("set_app_id(\"lodge.work.lodge.vault.x\")");
    rig.client.send(toplevel, XdgToplevel.SET_TITLE, "x".repeat(60_000));
    rig.sync();
    assertTrue(rig.compositor.log.stream().allMatch(line -> line.length() < 400));
  }

  /** Compositors forget the names of a window that is hidden. */
  @Test
  void aWindowThatWasHiddenIsNamedAgain() throws Exception {
    int registry = rig.registry();
    int surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
    int shell = rig.bind(registry, "xdg_wm_base", 2);
    int xdg = rig.id("xdg_surface");
    rig.client.send(shell, XdgWmBase.GET_XDG_SURFACE, xdg, surface);
    int toplevel = rig.id("xdg_toplevel");
    rig.client.send(xdg, XdgSurface.GET_TOPLEVEL, toplevel);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.client.send(toplevel, XdgToplevel.SET_TITLE, "mail");
    MemoryConnection.MemoryFile file = rig.client.connection.new MemoryFile(1 << 20);
    int pool = rig.pool(rig.bind(registry, "wl_shm", 1), file, 1 << 20);
    rig.client.send(surface, WlSurface.ATTACH, rig.buffer(pool, 0, 9, 9, 36, 1), 0, 0);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.client.send(surface, WlSurface.ATTACH, 0, 0, 0);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.sync();
    List<String> log = List.copyOf(rig.compositor.log);
    List<String> after = log.subList(log.indexOf(rig.compositor.await(".attach(nil")), log.size());
    assertTrue(after.getFirst().contains(".attach(nil"));
    assertTrue(after.get(1).endsWith(".commit()"));
    assertTrue(after.get(2).endsWith(".set_title(\"[work]\")"), "" + after);
    assertTrue(after.get(3).endsWith(".set_app_id(\"lodge.work\")"));
    assertEquals(2, rig.compositor.count(".set_app_id("));
    assertEquals("", rig.conversation.windows().getFirst().title());
  }

  @Test
  void aCursorCantPassForAWindow() throws Exception {
    int registry = rig.registry();
    int surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
    int seat = rig.bind(registry, "wl_seat", 5);
    int pointer = rig.id("wl_pointer");
    rig.client.send(seat, WlSeat.GET_POINTER, pointer);
    MemoryConnection.MemoryFile file = rig.client.connection.new MemoryFile(1 << 20);
    int pool = rig.pool(rig.bind(registry, "wl_shm", 1), file, 1 << 20);
    int buffer = rig.buffer(pool, 0, 400, 400, 1600, 1);
    rig.client.send(pointer, WlPointer.SET_CURSOR, 1, surface, 0, 0);
    rig.client.send(surface, WlSurface.ATTACH, buffer, 0, 0);
    rig.client.send(surface, WlSurface.COMMIT);
    rig.refused("larger than 256");
  }

  @Test
  void neitherCanACursorWithItsSubsurfaces() throws Exception {
    int registry = rig.registry();
    int compositor = rig.bind(registry, "wl_compositor", 4);
    int cursor = rig.surface(compositor);
    int child = child(registry, compositor, cursor);
    int seat = rig.bind(registry, "wl_seat", 5);
    int pointer = rig.id("wl_pointer");
    rig.client.send(seat, WlSeat.GET_POINTER, pointer);
    rig.client.send(pointer, WlPointer.SET_CURSOR, 1, cursor, 0, 0);
    show(registry, child, 100);
    rig.sync();
    show(registry, child, 400);
    rig.refused("larger than 256");
    assertEquals(1, rig.compositor.count("wl_surface@" + child + ".commit"));
  }

  @Test
  void norADragIconOfPartsThatAreFarApart() throws Exception {
    int registry = rig.registry();
    int compositor = rig.bind(registry, "wl_compositor", 4);
    int icon = rig.surface(compositor);
    int child = child(registry, compositor, icon);
    show(registry, icon, 10);
    show(registry, child, 10);
    rig.client.send(lastSubsurface, WlSubsurface.SET_POSITION, -600, 0);
    rig.client.send(icon, WlSurface.COMMIT);
    rig.sync();
    int manager = rig.bind(registry, "wl_data_device_manager", 3);
    int seat = rig.bind(registry, "wl_seat", 5);
    int device = rig.id("wl_data_device");
    rig.client.send(manager, WlDataDeviceManager.GET_DATA_DEVICE, device, seat);
    rig.client.send(device, WlDataDevice.START_DRAG, 0, child, icon, 7);
    rig.refused("larger than 512");
    assertEquals(0, rig.compositor.count("start_drag"));
  }

  @Test
  void aWindowAddedToACursorIsMeasured() throws Exception {
    int registry = rig.registry();
    int compositor = rig.bind(registry, "wl_compositor", 4);
    int cursor = rig.surface(compositor);
    int seat = rig.bind(registry, "wl_seat", 5);
    int pointer = rig.id("wl_pointer");
    rig.client.send(seat, WlSeat.GET_POINTER, pointer);
    rig.client.send(pointer, WlPointer.SET_CURSOR, 1, cursor, 0, 0);
    int large = rig.surface(compositor);
    show(registry, large, 400);
    int subcompositor = rig.bind(registry, "wl_subcompositor", 1);
    lastSubsurface = rig.id("wl_subsurface");
    rig.client.send(subcompositor, WlSubcompositor.GET_SUBSURFACE, lastSubsurface, large, cursor);
    rig.refused("larger than 256");
    assertEquals(0, rig.compositor.count("get_subsurface"));
  }

  /** Else requests to the old one would be taken for the surface's state, which they are not. */
  @Test
  void aSurfaceHasOneSubsurfaceUntilThatIsDestroyed() throws Exception {
    int registry = rig.registry();
    int compositor = rig.bind(registry, "wl_compositor", 4);
    int parent = rig.surface(compositor);
    int child = child(registry, compositor, parent);
    int other = rig.surface(compositor);
    rig.client.send(lastSubsurface, WlSubsurface.DESTROY);
    int subcompositor = rig.bind(registry, "wl_subcompositor", 1);
    rig.client.send(
        subcompositor, WlSubcompositor.GET_SUBSURFACE, rig.id("wl_subsurface"), child, parent);
    rig.client.send(parent, WlSurface.DESTROY);
    rig.sync();
    rig.client.send(
        subcompositor, WlSubcompositor.GET_SUBSURFACE, rig.id("wl_subsurface"), child, other);
    rig.refused("a subsurface that has");
  }

  private int child(int registry, int compositor, int parent) {
    int subcompositor = rig.bind(registry, "wl_subcompositor", 1);
    int child = rig.surface(compositor);
    lastSubsurface = rig.id("wl_subsurface");
    rig.client.send(subcompositor, WlSubcompositor.GET_SUBSURFACE, lastSubsurface, child, parent);
    rig.client.send(lastSubsurface, WlSubsurface.SET_DESYNC);
    return child;
  }

  private void show(int registry, int surface, int side) throws InterruptedException {
    MemoryConnection.MemoryFile file = rig.client.connection.new MemoryFile(1 << 20);
    int pool = rig.pool(rig.bind(registry, "wl_shm", 1), file, 1 << 20);
    int buffer = rig.buffer(pool, 0, side, side, side * 4, 1);
    rig.client.send(surface, WlSurface.ATTACH, buffer, 0, 0);
    rig.client.send(surface, WlSurface.COMMIT);
  }

  @Test
  void oneClientsOffenceLeavesItsNeighboursAlone() throws Exception {
    Rig neighbour =
        new Rig(rig.guest, new Display("display", new java.util.concurrent.atomic.AtomicLong()));
    neighbour.registry();
    rig.client.send(7, 0);
    rig.refused("invalid object 7");
    neighbour.sync();
  }

  private static int pool(Rig rig, int size) throws InterruptedException {
    int shm = rig.bind(rig.registry(), "wl_shm", 1);
    return rig.pool(shm, rig.client.connection.new MemoryFile(size), size);
  }
}
