package org.lodge.device.input.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;

class InputDeviceTest {
  private static final int ALL = Integer.MAX_VALUE;
  private static final int A = 30;

  private final InputDriver driver = new InputDriver();

  @AfterEach
  void close() {
    driver.close();
  }

  private static long key(int code, int value) {
    return Event.of(Event.KEY, code, value);
  }

  @Test
  void theConfigurationSpaceSaysWhatTheDeviceIs() throws Exception {
    driver.start("keyboard");
    assertEquals("Lodge keyboard", new String(driver.select(1, 0)));
    assertEquals("kbd", new String(driver.select(2, 0)));
    assertArrayEquals(new byte[] {6, 0, 0, 0, 1, 0, 1, 0}, driver.select(3, 0));
    byte[] keys = driver.select(0x11, Event.KEY);
    assertEquals(16, keys.length);
    assertEquals((byte) 0xfe, keys[0], "codes begin at 1");
    assertArrayEquals(new byte[] {7}, driver.select(0x11, Event.LED));
    assertEquals(0, driver.select(0x11, Event.REL).length);
    assertEquals(0, driver.select(0x12, 0).length);
    assertEquals(0, driver.select(0, 0).length);
    assertThrows(
        DeviceException.class, () -> driver.device.writeConfig(8, ByteBuffer.wrap(new byte[1])));
  }

  @Test
  void aTabletTellsItsAxes() throws Exception {
    driver.start("tablet");
    ByteBuffer axis = ByteBuffer.wrap(driver.select(0x12, 1)).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(20, axis.remaining());
    assertEquals(0, axis.getInt());
    assertEquals(32767, axis.getInt());
    assertEquals(0, driver.select(0x12, 2).length);
    driver.use("point", Map.of("x", "100", "y", "32767"));
    assertEquals(
        List.of(Event.of(Event.ABS, 0, 100), Event.of(Event.ABS, 1, 32767), 0L), driver.read(ALL));
  }

  @Test
  void whatIsPressedAndTypedComesInFrames() throws Exception {
    driver.start("keyboard");
    driver.use("press", Map.of("key", "ctrl+a"));
    assertEquals(
        List.of(key(29, 1), 0L, key(A, 1), 0L, key(A, 0), 0L, key(29, 0), 0L), driver.read(ALL));
    driver.use("type", Map.of("text", "aA\n"));
    assertEquals(
        List.of(
            key(A, 1),
            0L,
            key(A, 0),
            0L,
            key(42, 1),
            0L,
            key(A, 1),
            0L,
            key(A, 0),
            0L,
            key(42, 0),
            0L,
            key(28, 1),
            0L,
            key(28, 0),
            0L),
        driver.read(ALL));
  }

  @Test
  void keysHaveTheCodesOfLinux() {
    Map.of(
            "esc", 1, "f1", 59, "f12", 88, "kpenter", 96, "delete", 111, "power", 116, "compose",
            127)
        .forEach((name, code) -> assertEquals(code, KeyNames.key(name), name));
    assertEquals(127, KeyNames.KEYBOARD_CODES);
  }

  @Test
  void aMouseMovesAndNegativeStepsAreNegative() throws Exception {
    driver.start("mouse");
    driver.use("move", Map.of("dx", "-3", "dy", "4"));
    driver.use("press", Map.of("button", "right"));
    assertEquals(
        List.of(
            Event.of(Event.REL, 0, -3),
            Event.of(Event.REL, 1, 4),
            0L,
            key(0x111, 1),
            0L,
            key(0x111, 0),
            0L),
        driver.read(ALL));
  }

  @Test
  void aDriverThatReadsLateGetsWholeFramesAndNoKeyStaysDown() throws Exception {
    driver.start("keyboard");
    driver.use("down", Map.of("key", "b"));
    for (int i = 0; i < 2000; i++) {
      driver.use("press", Map.of("key", "a"));
    }
    driver.use("up", Map.of("key", "b"));
    driver.use("down", Map.of("key", "c"));
    List<Long> events = driver.read(ALL);
    assertTrue(events.size() <= 2 * EventQueue.EVENTS_MAX, "bounded");
    assertEquals(0, events.getLast(), "the last frame is whole");
    assertEquals(new TreeSet<>(List.of(46)), downAfter(events, new TreeSet<>()));
    driver.use("press", Map.of("key", "a"));
    assertEquals(List.of(key(A, 1), 0L, key(A, 0), 0L), driver.read(ALL), "and goes on");
  }

  private static TreeSet<Integer> downAfter(List<Long> events, TreeSet<Integer> down) {
    for (long event : events) {
      if (Event.type(event) == Event.KEY) {
        if (Event.value(event) == 1) {
          down.add(Event.code(event));
        } else {
          down.remove(Event.code(event));
        }
      }
    }
    return down;
  }

  @Test
  void lightsAreTakenAndOtherStatusIsIgnored() throws Exception {
    driver.start("keyboard");
    driver.status(new byte[] {0x11, 0, 1, 0, 1, 0, 0, 0});
    driver.status(new byte[] {0x11, 0, 77, 0, 1, 0, 0, 0});
    driver.status(new byte[] {1, 2, 3});
    driver.status(new byte[100]);
    assertEquals(2, driver.device.counters().get(2).value());
    driver.status(new byte[] {0x11, 0, 1, 0, 0, 0, 0, 0});
    assertEquals(0, driver.device.counters().get(2).value());
  }

  @Test
  void aBufferThatNoEventFitsIntoBreaksTheQueue() throws Exception {
    driver.start("keyboard");
    driver.transport.driver(0).add(new long[] {4096}, new int[] {7}, 0, 1);
    assertThrows(RingException.class, () -> driver.use("press", Map.of("key", "a")));
  }

  @Test
  void aSuccessorGoesOnWithTheEventsAndTheKeysThatAreDown() throws Exception {
    driver.start("keyboard");
    driver.use("down", Map.of("key", "shift"));
    driver.use("down", Map.of("key", "a"));
    assertEquals(List.of(key(42, 1)), driver.read(1));
    driver.swap();
    driver.use("up", Map.of("key", "a"));
    assertEquals(List.of(0L, key(A, 1), 0L, key(A, 0), 0L), driver.read(ALL));
  }

  @Test
  void errorsNameTheCommandTheKeyAndWhatThereIs() throws Exception {
    driver.start("keyboard");
    assertMessage(
        "fly", Map.of(), "a keyboard does not know 'fly'; it knows down, press, type, up");
    assertMessage("press", Map.of(), "key is missing");
    assertMessage("press", Map.of("key", "ctrl+hyper"), "key has no 'hyper'");
    assertMessage("press", Map.of("key", "a", "x", "1"), "x is not known here");
    assertMessage("type", Map.of("text", "ü"), "text has 'ü', which a US keyboard lacks");
    assertEquals(List.of(), driver.read(1), "nothing of it was done");
    for (Map<String, Object> wrong :
        List.<Map<String, Object>>of(Map.of(), Map.of("kind", "piano"), Map.of("knd", "mouse"))) {
      assertThrows(DeviceException.class, () -> driver.create(wrong));
    }
  }

  private void assertMessage(String command, Map<String, Object> arguments, String part) {
    String message =
        assertThrows(DeviceException.class, () -> driver.use(command, arguments)).getMessage();
    assertTrue(message.contains(part), message);
  }

  @Test
  void anythingReadWrittenAndRestoredLeavesWhatIsDownTrue() throws Exception {
    for (long seed = 0; seed < 300; seed++) {
      try (InputDriver fuzzed = new InputDriver()) {
        live(fuzzed.start("keyboard"), new Random(seed));
      } catch (AssertionError e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static void live(InputDriver fuzzed, Random random) throws Exception {
    List<String> names = List.of("a", "b", "c", "shift", "enter");
    TreeSet<Integer> down = new TreeSet<>();
    List<Long> seen = new ArrayList<>();
    for (int step = 0; step < 200; step++) {
      String name = names.get(random.nextInt(names.size()));
      switch (random.nextInt(7)) {
        case 0 -> {
          fuzzed.use("down", Map.of("key", name));
          down.add(KeyNames.key(name));
        }
        case 1 -> {
          fuzzed.use("up", Map.of("key", name));
          down.remove(KeyNames.key(name));
        }
        case 2 -> {
          for (int i = 0; i < random.nextInt(300); i++) {
            fuzzed.use("press", Map.of("key", name));
            down.remove(KeyNames.key(name));
          }
        }
        case 3 -> seen.addAll(fuzzed.read(random.nextInt(900)));
        case 4 -> {
          byte[] garbage = new byte[1 + random.nextInt(20)];
          random.nextBytes(garbage);
          fuzzed.status(garbage);
        }
        case 5 -> fuzzed.select(random.nextInt(256), random.nextInt(256));
        default -> restoreGarbage(fuzzed, random);
      }
    }
    seen.addAll(fuzzed.read(ALL));
    if (!downAfter(seen, new TreeSet<>()).equals(down)) {
      throw new AssertionError("down is " + down);
    }
  }

  private static void restoreGarbage(InputDriver fuzzed, Random random) throws Exception {
    byte[] garbage = new byte[random.nextInt(1200)];
    random.nextBytes(garbage);
    Device other = fuzzed.create(Map.of("kind", "keyboard"));
    try {
      other.importState(new DeviceState("input", 1 + random.nextInt(2), garbage));
    } catch (DeviceException e) {
      // Refused is as good as taken.
    }
    other.close();
  }
}
