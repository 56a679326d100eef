package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Interfaces;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageReader;
import org.lodge.wayland.protocol.MessageType;
import org.lodge.wayland.protocol.opcode.WlSeat;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgWmBase;
import org.lodge.wayland.protocol.opcode.ZwpTabletManagerV2;
import org.lodge.wayland.protocol.opcode.ZwpTabletSeatV2;

/** Protocols that cross as they are: each of their messages, both ways, in the highest version. */
class CarriedTest {
  private final Rig rig = Rig.plain();
  private final Map<Interface, Integer> known = new HashMap<>();
  private int nextServerId = ObjectMap.SERVER_FIRST;

  @Test
  void onlyTheListedGlobalsAreSeen() throws Exception {
    Set<String> framed = seen(Rig.framed());
    Set<String> plain = seen(rig);
    assertTrue(plain.containsAll(framed));
    plain.removeAll(framed);
    assertEquals(Set.of("wp_fifo_manager_v1"), plain);
    Set<String> hidden = new TreeSet<>(Rig.GLOBALS.keySet());
    hidden.removeAll(framed);
    assertEquals(
        Set.of(
            "wp_fifo_manager_v1",
            "wp_security_context_manager_v1",
            "zwlr_export_dmabuf_manager_v1",
            "zwlr_screencopy_manager_v1",
            "zwp_keyboard_shortcuts_inhibit_manager_v1"),
        hidden);
  }

  private static Set<String> seen(Rig of) throws Exception {
    of.registry();
    Set<String> names = new TreeSet<>();
    for (String line : List.copyOf(of.client.log)) {
      if (line.contains(".global(")) {
        names.add(line.replaceAll(".*\"(.*)\".*", "$1"));
      }
    }
    return names;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "wp_viewporter",
        "wp_fractional_scale_manager_v1",
        "wp_single_pixel_buffer_manager_v1",
        "zxdg_decoration_manager_v1",
        "wp_cursor_shape_manager_v1",
        "zxdg_output_manager_v1",
        "zwp_text_input_manager_v3",
        "zwp_relative_pointer_manager_v1",
        "zwp_pointer_constraints_v1",
        "zwp_pointer_gestures_v1",
        "zwp_idle_inhibit_manager_v1",
        "zwp_tablet_manager_v2",
        "wp_content_type_manager_v1",
        "wp_alpha_modifier_v1",
        "wp_tearing_control_manager_v1",
        "wp_fifo_manager_v1",
        "xdg_wm_dialog_v1",
        "xdg_system_bell_v1"
      })
  void everyMessageCrossesAsItIs(String global) throws Exception {
    Set<String> crossed = cross(global);
    assertTrue(crossed.size() > 1, "only " + crossed + " was tried");
    rig.sync();
    assertEquals(0, rig.client.count(".error("), rig.client.log::toString);
  }

  private Set<String> cross(String global) throws Exception {
    int registry = rig.registry();
    objects(registry);
    Deque<Integer> left = new ArrayDeque<>();
    Map<Integer, Interface> types = new HashMap<>();
    int bound = rig.bind(registry, global, Rig.GLOBALS.get(global));
    types.put(bound, Interfaces.named(global));
    left.add(bound);
    Set<String> crossed = new TreeSet<>();
    while (!left.isEmpty()) {
      int object = left.poll();
      Interface type = types.get(object);
      known.put(type, object);
      for (boolean destructors : new boolean[] {false, true}) {
        for (int i = 0; !destructors && i < type.eventCount(); i++) {
          int made = say(rig.compositor, rig.client, object, type.event(i), types);
          crossed.add(type.event(i).toString());
          if (made != 0) {
            left.add(made);
          }
        }
        for (int i = 0; i < type.requestCount(); i++) {
          // What has children goes last: they are told of as long as it is there.
          if (type.request(i).isDestructor() == destructors && (!destructors || left.isEmpty())) {
            int made = say(rig.client, rig.compositor, object, type.request(i), types);
            crossed.add(type.request(i).toString());
            if (made != 0) {
              left.add(made);
            }
          }
        }
      }
    }
    return crossed;
  }

  /** What protocols need to speak of. */
  private void objects(int registry) throws Exception {
    int compositor = rig.bind(registry, "wl_compositor", 6);
    int surface = rig.surface(compositor);
    int seat = know("wl_seat", rig.bind(registry, "wl_seat", 9));
    know("wl_output", rig.bind(registry, "wl_output", 4));
    int pointer = know("wl_pointer", rig.id("wl_pointer"));
    rig.client.send(seat, WlSeat.GET_POINTER, pointer);
    int shell = rig.bind(registry, "xdg_wm_base", 6);
    int xdg = rig.id("xdg_surface");
    rig.client.send(shell, XdgWmBase.GET_XDG_SURFACE, xdg, surface);
    int toplevel = know("xdg_toplevel", rig.id("xdg_toplevel"));
    rig.client.send(xdg, XdgSurface.GET_TOPLEVEL, toplevel);
    know("wl_surface", rig.surface(compositor));
    int manager = rig.bind(registry, "zwp_tablet_manager_v2", 1);
    int tablets = rig.id("zwp_tablet_seat_v2");
    rig.client.send(manager, ZwpTabletManagerV2.GET_TABLET_SEAT, tablets, seat);
    rig.sync();
    int tool = know("zwp_tablet_tool_v2", nextServerId++);
    rig.compositor.know(tool, "zwp_tablet_tool_v2");
    rig.compositor.send(tablets, ZwpTabletSeatV2.EVENT_TOOL_ADDED, tool);
    rig.client.await(".tool_added(");
  }

  private int know(String type, int id) {
    known.put(Interfaces.named(type), id);
    return id;
  }

  /**
   * Says something, and waits until it comes as it was said.
   *
   * @return what it makes, or 0
   */
  private int say(
      TestPeer from, TestPeer to, int object, MessageType type, Map<Integer, Interface> types)
      throws Exception {
    List<Object> arguments = new ArrayList<>();
    int made = 0;
    for (int i = 0; i < type.argumentCount(); i++) {
      switch (type.kind(i)) {
        case MessageType.STRING -> arguments.add("text");
        case MessageType.ARRAY -> arguments.add(new byte[] {1, 2, 3, 4});
        case MessageType.NEW_ID -> {
          made = type.isRequest() ? rig.id(type.type(i).name()) : nextServerId++;
          from.know(made, type.type(i).name());
          types.put(made, type.type(i));
          arguments.add(made);
        }
        case MessageType.OBJECT -> {
          Integer id = known.get(type.type(i));
          assertTrue(id != null || type.isNullable(i), "nothing for " + type);
          arguments.add(id == null ? 0 : id);
        }
        default -> arguments.add(i + 1);
      }
    }
    byte[] message = TestPeer.message(object, type.opcode(), arguments.toArray());
    from.connection.programSends(message);
    to.await(text(message, type));
    return made;
  }

  private static String text(byte[] message, MessageType type) throws Exception {
    MessageReader reader = new MessageReader();
    reader.append(ByteBuffer.wrap(message));
    Message parsed = reader.next((object, opcode) -> type, 0);
    return Trace.text(parsed);
  }
}
