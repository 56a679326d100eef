package org.lodge.wayland.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.lodge.wayland.protocol.opcode.WlCompositor;
import org.lodge.wayland.protocol.opcode.WlDataOffer;
import org.lodge.wayland.protocol.opcode.WlRegistry;
import org.lodge.wayland.protocol.opcode.WlSurface;

class InterfacesTest {
  @Test
  void tablesSayWhatTheXmlSays() {
    Interface surface = Interfaces.at(WlSurface.INDEX);
    assertEquals("wl_surface", surface.name());
    assertEquals(6, surface.version());
    MessageType attach = surface.request(WlSurface.ATTACH);
    assertEquals("wl_surface.attach", attach.toString());
    assertTrue(attach.isNullable(0));
    assertEquals("wl_buffer", attach.type(0).name());
    assertTrue(surface.request(WlSurface.DESTROY).isDestructor());
    assertEquals(3, surface.request(WlSurface.SET_BUFFER_SCALE).since());
    assertNull(surface.request(surface.requestCount()));
    assertNull(surface.event(-1));
    MessageType create = Interfaces.at(WlCompositor.INDEX).request(WlCompositor.CREATE_SURFACE);
    assertEquals(0, create.newIdArgument());
    assertSame(surface, create.type(0));
  }

  @Test
  void anUntypedNewObjectIsThreeArguments() {
    MessageType bind = Interfaces.at(WlRegistry.INDEX).request(WlRegistry.BIND);
    assertEquals(4, bind.argumentCount());
    assertEquals(MessageType.STRING, bind.kind(1));
    assertEquals(3, bind.newIdArgument());
    assertFalse(bind.isTyped(3));
  }

  @Test
  void theMessagesWithDescriptorsAreTheKnownOnes() {
    assertEquals(
        List.of(
            "zwp_primary_selection_offer_v1.receive",
            "zwp_primary_selection_source_v1.send",
            "wp_security_context_manager_v1.create_listener",
            "wl_shm.create_pool",
            "wl_data_offer.receive",
            "wl_data_source.send",
            "wl_keyboard.keymap"),
        messages(type -> type.handleCount() > 0));
    assertEquals(1, Interfaces.at(WlDataOffer.INDEX).request(WlDataOffer.RECEIVE).handleCount());
  }

  @Test
  void eventsThatDestroyAreTheKnownOnes() {
    assertEquals(
        List.of(
            "wp_presentation_feedback.presented",
            "wp_presentation_feedback.discarded",
            "wl_callback.done"),
        messages(type -> type.isDestructor() && !type.isRequest()));
  }

  @Test
  void everyObjectArgumentIsOfAKnownInterface() {
    for (MessageType type : every()) {
      for (int i = 0; i < type.argumentCount(); i++) {
        if (type.isTyped(i)) {
          assertNotNull(type.type(i), type + " argument " + i);
        }
      }
    }
  }

  private static List<String> messages(Predicate<MessageType> wanted) {
    return every().stream().filter(wanted).map(MessageType::toString).toList();
  }

  static List<MessageType> every() {
    List<MessageType> all = new ArrayList<>();
    for (Interface type : Interfaces.all()) {
      for (int i = 0; i < type.requestCount(); i++) {
        all.add(type.request(i));
      }
      for (int i = 0; i < type.eventCount(); i++) {
        all.add(type.event(i));
      }
    }
    return all;
  }
}
