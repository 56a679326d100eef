package org.lodge.device.input.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What a device is, as the configuration space tells (virtio 1.2 section 5.8.4).
 *
 * @param codes for each type of event the codes it can have
 * @param id bus, vendor, product and version, 16 bits each, little-endian
 * @param axes the absolute ones, by code
 */
record InputModel(
    String kind,
    String name,
    String serial,
    byte[] id,
    Map<Integer, BitSet> codes,
    Map<Integer, Axis> axes) {
  static final int TEXT_BYTES = 128;
  static final int AXIS_MAX = 32767;
  private static final Axis TABLET_AXIS = new Axis(0, AXIS_MAX, 0, 0, 0);

  private static final int BUS_VIRTUAL = 6;
  private static final int ID_NAME = 1;
  private static final int ID_SERIAL = 2;
  private static final int ID_DEVIDS = 3;
  private static final int EV_BITS = 0x11;
  private static final int ABS_INFO = 0x12;

  /** The range of an axis and how exact it is (virtio 1.2 section 5.8.4). */
  record Axis(int minimum, int maximum, int fuzz, int flat, int resolution) {}

  static InputModel keyboard(String serial) {
    BitSet keys = new BitSet();
    keys.set(1, KeyNames.KEYBOARD_CODES + 1);
    return new InputModel(
        "keyboard",
        "Lodge keyboard",
        serial,
        id(1),
        Map.of(Event.KEY, keys, Event.LED, bits(0, 1, 2), Event.REP, bits(0, 1)),
        Map.of());
  }

  static InputModel mouse(String serial) {
    return new InputModel(
        "mouse",
        "Lodge mouse",
        serial,
        id(2),
        Map.of(Event.KEY, buttons(), Event.REL, bits(Event.REL_X, Event.REL_Y, Event.REL_WHEEL)),
        Map.of());
  }

  static InputModel tablet(String serial) {
    return new InputModel(
        "tablet",
        "Lodge tablet",
        serial,
        id(3),
        Map.of(
            Event.KEY,
            buttons(),
            Event.REL,
            bits(Event.REL_WHEEL),
            Event.ABS,
            bits(Event.ABS_X, Event.ABS_Y)),
        Map.of(Event.ABS_X, TABLET_AXIS, Event.ABS_Y, TABLET_AXIS));
  }

  private static BitSet buttons() {
    return bits(KeyNames.BUTTON_LEFT, KeyNames.BUTTON_RIGHT, KeyNames.BUTTON_MIDDLE);
  }

  private static BitSet bits(int... set) {
    BitSet bits = new BitSet();
    IntStream.of(set).forEach(bits::set);
    return bits;
  }

  boolean has(int type, int code) {
    BitSet bits = codes.get(type);
    return bits != null && bits.get(code);
  }

  /** What a driver reads after it has selected so; empty where there is nothing of the kind. */
  byte[] select(int untrustedSelect, int untrustedSubSelect) {
    return switch (untrustedSelect) {
      case ID_NAME -> {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        yield Arrays.copyOf(bytes, Math.min(bytes.length, TEXT_BYTES));
      }
      case ID_SERIAL -> serial.getBytes(StandardCharsets.US_ASCII);
      case ID_DEVIDS -> id.clone();
      case EV_BITS ->
          codes.containsKey(untrustedSubSelect)
              ? codes.get(untrustedSubSelect).toByteArray()
              : new byte[0];
      case ABS_INFO -> {
        Axis axis = axes.get(untrustedSubSelect);
        yield axis == null ? new byte[0] : info(axis);
      }
      default -> new byte[0];
    };
  }

  private static byte[] id(int product) {
    return little(8)
        .putShort((short) BUS_VIRTUAL)
        .putShort((short) 0)
        .putShort((short) product)
        .putShort((short) 1)
        .array();
  }

  private static byte[] info(Axis axis) {
    return little(20)
        .putInt(axis.minimum)
        .putInt(axis.maximum)
        .putInt(axis.fuzz)
        .putInt(axis.flat)
        .putInt(axis.resolution)
        .array();
  }

  private static ByteBuffer little(int bytes) {
    return ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
