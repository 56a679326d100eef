package org.lodge.wayland.protocol;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** All interfaces that are known. */
public final class Interfaces {
  private static final List<Interface> ALL = new ArrayList<>();
  private static final Map<String, Interface> BY_NAME = new HashMap<>();

  static {
    try (InputStream table = Interfaces.class.getResourceAsStream("internal/interfaces.txt")) {
      read(new BufferedReader(new InputStreamReader(table, StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Interfaces() {}

  /**
   * @return null if it is not known
   */
  public static Interface named(String name) {
    return BY_NAME.get(name);
  }

  /**
   * @param index a constant {@code INDEX}
   */
  public static Interface at(int index) {
    return ALL.get(index);
  }

  public static List<Interface> all() {
    return List.copyOf(ALL);
  }

  private static void read(BufferedReader table) {
    List<MessageType> requests = List.of();
    List<MessageType> events = List.of();
    String owner = "";
    for (String line : table.lines().toList()) {
      String[] words = line.split(" ");
      switch (words[0]) {
        case "interface" -> {
          requests = new ArrayList<>();
          events = new ArrayList<>();
          owner = words[1];
          int version = Integer.parseInt(words[2]);
          Interface added = new Interface(ALL.size(), owner, version, requests, events);
          ALL.add(added);
          BY_NAME.put(owner, added);
        }
        case "request" -> requests.add(new MessageType(owner, requests.size(), true, words));
        default -> events.add(new MessageType(owner, events.size(), false, words));
      }
    }
  }
}
