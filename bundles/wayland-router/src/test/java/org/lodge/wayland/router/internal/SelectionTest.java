package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.lodge.agent.handles.Handle;
import org.lodge.wayland.protocol.opcode.WlDataDevice;
import org.lodge.wayland.protocol.opcode.WlDataDeviceManager;
import org.lodge.wayland.protocol.opcode.WlDataOffer;
import org.lodge.wayland.protocol.opcode.WlDataSource;
import org.lodge.wayland.protocol.opcode.WlKeyboard;
import org.lodge.wayland.protocol.opcode.WlSeat;

/** Clipboards: one for each guest, and from one to another by a person's act only. */
class SelectionTest {
  private static final String TEXT = "text/plain;charset=utf-8";

  /** The first that the compositor makes. */
  private static final String OFFER =
      "wl_data_offer@" + Integer.toUnsignedString(ObjectMap.SERVER_FIRST);

  private final Display display = new Display("display", new AtomicLong());
  private final Guest work = guest("work");
  private final Guest vault = guest("vault");

  private static Guest guest(String name) {
    GuestSettings settings = new GuestSettings(GuestSettings.Frame.COMPOSITOR, 0, 4);
    return new Guest(name, settings, Limits.DEFAULT);
  }

  /** A client that has the keyboard, and a data device. */
  private final class Focused {
    final Rig rig;
    int manager;
    int device;
    int surface;

    /** What is dragged. */
    int source;

    Focused(Guest guest) throws Exception {
      rig = new Rig(guest, display);
      int registry = rig.registry();
      surface = rig.surface(rig.bind(registry, "wl_compositor", 4));
      int seat = rig.bind(registry, "wl_seat", 5);
      manager = rig.bind(registry, "wl_data_device_manager", 3);
      device = rig.id("wl_data_device");
      rig.client.send(manager, WlDataDeviceManager.GET_DATA_DEVICE, device, seat);
      int keyboard = rig.id("wl_keyboard");
      rig.client.send(seat, WlSeat.GET_KEYBOARD, keyboard);
      rig.sync();
      rig.compositor.send(keyboard, WlKeyboard.EVENT_ENTER, 1, surface, new byte[0]);
      rig.client.await("wl_keyboard@" + keyboard + ".enter");
    }

    int copy() throws Exception {
      int source = rig.id("wl_data_source");
      rig.client.send(manager, WlDataDeviceManager.CREATE_DATA_SOURCE, source);
      rig.client.send(source, WlDataSource.OFFER, TEXT);
      rig.client.send(device, WlDataDevice.SET_SELECTION, source, 1);
      rig.sync();
      return source;
    }

    /**
     * Begins a drag, as far as the client knows.
     *
     * @return the types that the compositor has been told
     */
    String[] drag() throws Exception {
      source = rig.id("wl_data_source");
      rig.client.send(manager, WlDataDeviceManager.CREATE_DATA_SOURCE, source);
      rig.client.send(source, WlDataSource.OFFER, TEXT);
      rig.client.send(device, WlDataDevice.START_DRAG, source, surface, 0, 5);
      rig.client.send(device, WlDataDevice.START_DRAG, source, surface, 0, 6);
      rig.sync();
      String offer = "wl_data_source@" + source + ".offer(";
      synchronized (rig.compositor) {
        return rig.compositor.log.stream()
            .filter(line -> line.contains(offer))
            .map(line -> line.replaceAll(".*\"(.*)\".*", "$1"))
            .toArray(String[]::new);
      }
    }

    /** The pointer comes over the client with a drag. */
    void isOffered(String... types) {
      TestPeer compositor = rig.compositor;
      compositor.know(ObjectMap.SERVER_FIRST, "wl_data_offer");
      compositor.send(device, WlDataDevice.EVENT_DATA_OFFER, ObjectMap.SERVER_FIRST);
      for (String type : types) {
        compositor.send(ObjectMap.SERVER_FIRST, WlDataOffer.EVENT_OFFER, type);
      }
      compositor.send(device, WlDataDevice.EVENT_ENTER, 3, surface, 0, 0, ObjectMap.SERVER_FIRST);
    }

    /** Answers the next request for what was copied. */
    void give(int source, String text) throws Exception {
      rig.client.await("wl_data_source@" + source + ".send(");
      var pipe = (MemoryConnection.MemoryPipe) rig.client.connection.handlesToProgram.getLast();
      pipe.programWrites(text.getBytes(StandardCharsets.UTF_8));
      pipe.programEnds();
    }

    /** Pastes what the first offer stands for. */
    String paste() throws Exception {
      return receive(TEXT).all();
    }

    /**
     * @param type text, or bytes with a NUL
     */
    MemoryConnection.MemoryPipe receive(Object type) throws Exception {
      String offered = rig.client.await("wl_data_device@" + device + ".data_offer(");
      int offer = Integer.parseUnsignedInt(offered.replaceAll(".*@([0-9]+)\\)", "$1"));
      MemoryConnection.MemoryPipe pipe = rig.client.connection.new MemoryPipe();
      rig.client.sendWith(List.of(pipe), offer, WlDataOffer.RECEIVE, type);
      return pipe;
    }
  }

  @Test
  void whatIsCopiedIsPastedInTheSameGuestAndTheCompositorHearsNothing() throws Exception {
    Focused from = new Focused(work);
    Focused into = new Focused(work);
    int source = from.copy();
    into.rig.client.await(".offer(\"" + TEXT + "\")");
    Thread giver = Thread.ofVirtual().start(() -> quietly(() -> from.give(source, "hello")));
    assertEquals("hello", into.paste());
    giver.join();
    assertEquals(0, from.rig.compositor.count("set_selection"));
  }

  @Test
  void anotherGuestGetsNothingUntilItIsMovedAndThenOnce() throws Exception {
    Focused from = new Focused(work);
    Focused into = new Focused(vault);
    int source = from.copy();
    into.rig.sync();
    assertEquals(0, into.rig.client.count("data_offer"));

    Thread giver = Thread.ofVirtual().start(() -> quietly(() -> from.give(source, "secret")));
    MovedContent moved =
        MovedContent.copy(
            "work", work.selections().get(SelectionKind.CLIPBOARD), vault.selections());
    giver.join();
    assertEquals(6, moved.sizeBytes());
    vault.selections().set(SelectionKind.CLIPBOARD, moved);
    long told = into.rig.client.count("selection(nil)");
    assertEquals("secret", into.paste());
    assertEquals(null, vault.selections().get(SelectionKind.CLIPBOARD));
    assertEquals("", into.paste(), "it is given once");
    into.rig.sync();
    assertEquals(told, into.rig.client.count("selection(nil)"), "who pastes is not interrupted");
  }

  @Test
  void whatIsTooLargeOrNotThereIsNotMoved() throws Exception {
    assertThrows(IOException.class, () -> MovedContent.copy("work", null, vault.selections()));
    Focused from = new Focused(work);
    int source = from.copy();
    Thread giver =
        Thread.ofVirtual()
            .start(() -> quietly(() -> from.give(source, "x".repeat(MovedContent.MOST_BYTES + 1))));
    IOException refused =
        assertThrows(
            IOException.class,
            () ->
                MovedContent.copy(
                    "work", work.selections().get(SelectionKind.CLIPBOARD), vault.selections()));
    giver.join();
    assertTrue(refused.getMessage().contains("larger than"), refused.getMessage());
  }

  @Test
  void nobodyIsAskedForWhatHeDoesNotOffer() throws Exception {
    Focused from = new Focused(work);
    Focused into = new Focused(work);
    from.copy();
    byte[] large = new byte[40_000];
    Arrays.fill(large, 0, large.length - 1, (byte) 0x80);
    assertEquals("", into.receive(large).all());
    assertEquals("", into.receive("image/png").all());
    into.rig.sync();
    from.rig.sync();
    assertEquals(0, from.rig.client.count(".send("));
  }

  @Test
  void whoAsksTooOftenGetsNothingAndNobodyEnds() throws Exception {
    Focused from = new Focused(work);
    Focused into = new Focused(work);
    from.copy();
    for (int i = 0; i < 64; i++) {
      into.receive(TEXT);
    }
    from.rig.client.awaitCount(".send(", 64);
    assertEquals("", into.paste());
    into.rig.sync();
    from.rig.sync();
    for (Handle asked : from.rig.client.connection.handlesToProgram) {
      ((MemoryConnection.MemoryPipe) asked).programEnds();
    }
    while (from.rig.client.count(".send(") == 64) {
      into.receive(TEXT);
      into.rig.sync();
      from.rig.sync();
    }
  }

  @Test
  void aPasteEndsWhereItsProgramCanTakeNoPipe() throws Exception {
    Focused from = new Focused(work);
    Focused into = new Focused(work);
    from.copy();
    from.rig.client.connection.noPipes = true;
    assertEquals("", into.paste());
    from.rig.sync();
  }

  @Test
  void aSelectionEndsWithItsProgram() throws Exception {
    Focused from = new Focused(work);
    Focused into = new Focused(work);
    from.copy();
    into.rig.client.await("data_offer");
    from.rig.client.connection.programCloses();
    into.rig.client.awaitCount("selection(nil)", 2);
    assertEquals(null, work.selections().get(SelectionKind.CLIPBOARD));
  }

  @Test
  void aDragOfAnotherGuestIsNotSeenWhateverIsDraggedHere() throws Exception {
    Focused dragging = new Focused(vault);
    Focused spy = new Focused(work);
    String[] types = dragging.drag();
    spy.drag(); // The compositor ignores it for its serial, which the router can't know.
    spy.isOffered(types);
    spy.rig.compositor.await(OFFER + ".destroy");
    spy.rig.sync();
    assertEquals(0, spy.rig.client.count("data_offer"));
    assertEquals(0, spy.rig.client.count("wl_data_device@" + spy.device + ".enter"));
    spy.rig.client.send(ObjectMap.SERVER_FIRST, WlDataOffer.ACCEPT, 3, TEXT);
    spy.rig.refused("invalid object");
  }

  @Test
  void aDragIsSeenByAnotherProgramOfItsGuestAndItsMarkByNone() throws Exception {
    Focused dragging = new Focused(work);
    Focused target = new Focused(work.with(work.settings(), work.limits()));
    String[] types = dragging.drag();
    target.isOffered(types);
    target.rig.client.await("wl_data_device@" + target.device + ".enter");
    target.rig.compositor.send(ObjectMap.SERVER_FIRST, WlDataOffer.EVENT_OFFER, types[1]);
    int source = dragging.source;
    MemoryConnection.MemoryPipe pipe = dragging.rig.compositor.connection.new MemoryPipe();
    dragging.rig.compositor.send(source, WlDataSource.EVENT_TARGET, types[1]);
    dragging.rig.compositor.sendWith(List.of(pipe), source, WlDataSource.EVENT_SEND, types[1]);
    assertEquals("", pipe.all());
    target.rig.sync();
    dragging.rig.sync();
    assertEquals(1, target.rig.client.count(OFFER + ".offer(\"" + TEXT));
    assertEquals(0, target.rig.client.count(types[1]));
    assertEquals(0, dragging.rig.client.count(types[1]));
  }

  private interface Attempt {
    void run() throws Exception;
  }

  private static void quietly(Attempt attempt) {
    try {
      attempt.run();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
