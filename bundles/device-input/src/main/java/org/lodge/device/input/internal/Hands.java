package org.lodge.device.input.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;

/** The commands by which a person or a program uses a device, as frames of events. */
final class Hands {
  private static final int TEXT_MAX = 200;
  private static final int KEYS_MAX = 6;

  private final InputModel model;
  private final EventQueue events;

  Hands(InputModel model, EventQueue events) {
    this.model = model;
    this.events = events;
  }

  Map<String, String> commands() {
    Map<String, String> commands = new TreeMap<>();
    if (model.kind().equals("host")) {
      return commands;
    }
    if (model.kind().equals("keyboard")) {
      commands.put(
          "press", "key=NAME[+NAME...] such as a, enter or ctrl+alt+f2: down and up again");
      commands.put("down", "key=NAME[+NAME...]: down until up");
      commands.put("up", "key=NAME[+NAME...]");
      commands.put("type", "text=TEXT, on a US keyboard");
      return commands;
    }
    commands.put("press", "button=left, right or middle: down and up again");
    commands.put("down", "button=NAME: down until up");
    commands.put("up", "button=NAME");
    commands.put("wheel", "steps=N; up is positive");
    if (model.kind().equals("tablet")) {
      commands.put("point", "x=N y=N from 0 to 32767, left to right and top to bottom");
    } else {
      commands.put("move", "dx=N dy=N, to the right and down");
    }
    return commands;
  }

  /** Returns one sentence: what was done. */
  String use(String command, DeviceConfig arguments) throws DeviceException {
    if (model.kind().equals("host")) {
      throw new DeviceException("control", "this is a device of the host's: use that one");
    }
    if (!commands().containsKey(command)) {
      throw new DeviceException(
          "control",
          "a %s does not know '%s'; it knows %s"
              .formatted(model.kind(), command, String.join(", ", commands().keySet())));
    }
    switch (command) {
      case "press" -> {
        List<Integer> codes = codes(arguments);
        keys(codes, 1);
        keys(codes.reversed(), 0);
      }
      case "down" -> keys(codes(arguments), 1);
      case "up" -> keys(codes(arguments), 0);
      case "type" -> type(arguments);
      case "wheel" -> {
        arguments.allowOnly("steps");
        add(Event.REL, Event.REL_WHEEL, number(arguments, "steps", -100, 100));
      }
      case "point" -> {
        arguments.allowOnly("x", "y");
        events.add(
            Event.of(Event.ABS, Event.ABS_X, number(arguments, "x", 0, InputModel.AXIS_MAX)),
            Event.of(Event.ABS, Event.ABS_Y, number(arguments, "y", 0, InputModel.AXIS_MAX)));
      }
      default -> {
        arguments.allowOnly("dx", "dy");
        events.add(
            Event.of(Event.REL, Event.REL_X, number(arguments, "dx", -32768, 32767)),
            Event.of(Event.REL, Event.REL_Y, number(arguments, "dy", -32768, 32767)));
      }
    }
    return "%s of %s: %s".formatted(model.kind(), arguments.guest(), command);
  }

  private void keys(List<Integer> codes, int value) {
    codes.forEach(code -> add(Event.KEY, code, value));
  }

  private void add(int type, int code, int value) {
    events.add(Event.of(type, code, value));
  }

  private static int number(DeviceConfig arguments, String key, int least, int most)
      throws DeviceException {
    if (!arguments.values().containsKey(key)) {
      throw arguments.fault(key, "is missing");
    }
    return (int) arguments.number(key, 0, least, most);
  }

  private List<Integer> codes(DeviceConfig arguments) throws DeviceException {
    boolean keyboard = model.kind().equals("keyboard");
    String key = keyboard ? "key" : "button";
    arguments.allowOnly(key);
    String[] names = arguments.requiredText(key, keyboard ? "enter" : "left").split("\\+");
    if (names.length > KEYS_MAX) {
      throw arguments.fault(key, "must be at most %d at once".formatted(KEYS_MAX));
    }
    List<Integer> codes = new ArrayList<>();
    for (String name : names) {
      Integer code = keyboard ? KeyNames.key(name) : KeyNames.button(name);
      if (code == null) {
        throw arguments.fault(key, "has no '%s'".formatted(name));
      }
      codes.add(code);
    }
    return codes;
  }

  private void type(DeviceConfig arguments) throws DeviceException {
    arguments.allowOnly("text");
    String text = arguments.text("text").orElse("");
    if (text.isEmpty() || text.length() > TEXT_MAX) {
      throw arguments.fault("text", "must be 1 to %d characters".formatted(TEXT_MAX));
    }
    for (char character : text.toCharArray()) {
      if (KeyNames.typing(character) == 0) {
        throw arguments.fault("text", "has '%c', which a US keyboard lacks".formatted(character));
      }
    }
    for (char character : text.toCharArray()) {
      int code = KeyNames.typing(character);
      boolean shift = code < 0 && !events.isDown(KeyNames.LEFT_SHIFT);
      if (shift) {
        add(Event.KEY, KeyNames.LEFT_SHIFT, 1);
      }
      add(Event.KEY, Math.abs(code), 1);
      add(Event.KEY, Math.abs(code), 0);
      if (shift) {
        add(Event.KEY, KeyNames.LEFT_SHIFT, 0);
      }
    }
  }
}
