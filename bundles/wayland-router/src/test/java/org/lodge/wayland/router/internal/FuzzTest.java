package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.MessageType;

/** Random but well-formed messages of both sides: whatever comes, only connections end. */
class FuzzTest {
  private static final int CLIENTS = 150;
  private static final int MESSAGES = 120;

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void noClientBringsTheRouterDownOrBreaksItsLanguage(boolean framed) throws Exception {
    int survived = 0;
    for (int seed = 0; seed < CLIENTS; seed++) {
      Rig rig = framed ? Rig.framed() : Rig.plain();
      Random random = new Random(seed);
      int registry = rig.registry();
      for (String global : Rig.GLOBALS.keySet().stream().sorted().toList()) {
        if (Globals.allowedVersion(global, 1, framed) > 0) {
          rig.bind(
              registry,
              global,
              1 + random.nextInt(Globals.allowedVersion(global, Rig.GLOBALS.get(global), framed)));
        }
      }
      for (int i = 0; i < MESSAGES && rig.client.connection.isOpen(); i++) {
        fuzz(rig, random, seed);
      }
      survived += rig.client.connection.isOpen() ? 1 : 0;
      rig.client.connection.programCloses();
      rig.ended();
      assertEquals(0, rig.compositor.count("broken"), () -> seedAnd(rig));
      assertEquals(0, rig.guest.account().pixelBytes());
      assertEquals(0, rig.guest.account().heapBytes());
    }
    assertTrue(survived < CLIENTS, "nothing was refused");
  }

  private static String seedAnd(Rig rig) {
    return rig.compositor.log.toString();
  }

  private static void fuzz(Rig rig, Random random, int seed) {
    List<Map.Entry<Integer, Interface>> objects = new ArrayList<>(rig.client.known().entrySet());
    Map.Entry<Integer, Interface> object = objects.get(random.nextInt(objects.size()));
    Interface type = object.getValue();
    if (type.requestCount() == 0 || object.getKey() == 1) {
      return;
    }
    MessageType request = type.request(random.nextInt(type.requestCount()));
    if (request.isDestructor() && random.nextInt(4) > 0) {
      return;
    }
    List<Object> arguments = new ArrayList<>();
    List<org.lodge.agent.handles.Handle> handles = new ArrayList<>();
    for (int i = 0; i < request.argumentCount(); i++) {
      Interface wanted = request.type(i);
      switch (request.kind(i)) {
        case MessageType.HANDLE -> handles.add(rig.client.connection.new MemoryFile(1 << 16));
        case MessageType.STRING -> arguments.add("text/plain");
        case MessageType.ARRAY -> arguments.add(new byte[random.nextInt(9)]);
        case MessageType.NEW_ID ->
            arguments.add(wanted == null ? rig.id("wl_callback") : rig.id(wanted.name()));
        case MessageType.OBJECT -> {
          List<Integer> fitting =
              objects.stream()
                  .filter(each -> each.getValue() == wanted)
                  .map(Map.Entry::getKey)
                  .toList();
          boolean none = fitting.isEmpty() || request.isNullable(i) && random.nextInt(4) == 0;
          arguments.add(
              none ? (request.isNullable(i) ? 0 : 1) : fitting.get(random.nextInt(fitting.size())));
        }
        default ->
            arguments.add(
                switch (random.nextInt(8)) {
                  case 0 -> random.nextInt();
                  case 1 -> Integer.MAX_VALUE;
                  case 2 -> -1;
                  default -> 1 + random.nextInt(200);
                });
      }
    }
    rig.client.sendWith(handles, object.getKey(), request.opcode(), arguments.toArray());
  }

  @Test
  void noCompositorBringsTheRouterDown() throws Exception {
    for (int seed = 0; seed < CLIENTS; seed++) {
      Rig rig = Rig.framed();
      Random random = new Random(seed);
      int registry = rig.registry();
      for (String global :
          List.of("wl_seat", "wl_data_device_manager", "wl_shm", "wl_compositor")) {
        rig.bind(registry, global, 1);
      }
      rig.sync();
      for (int i = 0; i < MESSAGES && rig.compositor.connection.isOpen(); i++) {
        List<Map.Entry<Integer, Interface>> objects =
            new ArrayList<>(rig.compositor.known().entrySet());
        Map.Entry<Integer, Interface> object = objects.get(random.nextInt(objects.size()));
        if (object.getValue().eventCount() > 0) {
          MessageType event =
              object.getValue().event(random.nextInt(object.getValue().eventCount()));
          List<Object> arguments = new ArrayList<>();
          for (int k = 0; k < event.argumentCount(); k++) {
            switch (event.kind(k)) {
              case MessageType.HANDLE -> {}
              case MessageType.STRING -> arguments.add("wl_surface");
              case MessageType.ARRAY -> arguments.add(new byte[random.nextInt(9)]);
              case MessageType.NEW_ID -> arguments.add(ObjectMap.SERVER_FIRST + random.nextInt(3));
              default -> arguments.add(random.nextInt(20));
            }
          }
          rig.compositor.send(object.getKey(), event.opcode(), arguments.toArray());
        }
      }
      rig.compositor.connection.programCloses();
      rig.ended();
    }
  }
}
