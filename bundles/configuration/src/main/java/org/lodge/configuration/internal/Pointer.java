package org.lodge.configuration.internal;

import jakarta.json.JsonArray;
import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A place in a JSON document (RFC 6901), also as people write it: {@code disks[0].path}. */
record Pointer(List<String> tokens) {

  static Pointer parse(String pointer) {
    List<String> tokens = new ArrayList<>();
    if (!pointer.isEmpty()) {
      for (String token : pointer.substring(1).split("/", -1)) {
        tokens.add(token.replace("~1", "/").replace("~0", "~"));
      }
    }
    return new Pointer(tokens);
  }

  /** As it stands in the fragment of an URI. */
  static Pointer parseFragment(String fragment) {
    return parse(
        fragment.indexOf('%') < 0 ? fragment : URLDecoder.decode(fragment, StandardCharsets.UTF_8));
  }

  String last() {
    return tokens.isEmpty() ? "" : tokens.getLast();
  }

  Pointer parent() {
    return new Pointer(tokens.subList(0, Math.max(0, tokens.size() - 1)));
  }

  Pointer child(String token) {
    List<String> longer = new ArrayList<>(tokens);
    longer.add(token);
    return new Pointer(longer);
  }

  /** Null where there is nothing. */
  JsonValue in(JsonValue document) {
    JsonValue at = document;
    for (String token : tokens) {
      at = step(at, token);
    }
    return at;
  }

  private static JsonValue step(JsonValue at, String token) {
    if (at instanceof JsonObject object) {
      return object.get(token);
    }
    if (at instanceof JsonArray array && token.matches("\\d{1,9}")) {
      int index = Integer.parseInt(token);
      return index < array.size() ? array.get(index) : null;
    }
    return null;
  }

  String keyPath(JsonValue document) {
    StringBuilder path = new StringBuilder();
    JsonValue at = document;
    for (String token : tokens) {
      if (at instanceof JsonArray) {
        path.append('[').append(token).append(']');
      } else if (token.matches("[\\w$-]+")) {
        path.append(path.isEmpty() ? "" : ".").append(token);
      } else {
        path.append("[\"").append(Text.printable(token)).append("\"]");
      }
      at = step(at, token);
    }
    return path.toString();
  }
}
