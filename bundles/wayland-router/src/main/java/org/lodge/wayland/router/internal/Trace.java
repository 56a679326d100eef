package org.lodge.wayland.router.internal;

import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageType;

/**
 * Tells what a client and its compositor say, in the form of {@code WAYLAND_DEBUG}: requests with
 * the client's numbers, events with the compositor's. Costs a look at a field where nobody listens.
 */
final class Trace {
  private static final int MOST_CHARACTERS = 80;

  /** One who listens; two are never the same, though they may listen by the same means. */
  private record Listener(Object own, Consumer<String> line) {}

  private final List<Listener> listeners = new CopyOnWriteArrayList<>();

  /**
   * @param line must not wait
   * @return ends it
   */
  AutoCloseable listen(Consumer<String> line) {
    Listener listener = new Listener(new Object(), line);
    listeners.add(listener);
    return () -> listeners.remove(listener);
  }

  void request(Message request) {
    if (!listeners.isEmpty()) {
      tell(" -> " + text(request));
    }
  }

  void event(Message event) {
    if (!listeners.isEmpty()) {
      tell(text(event));
    }
  }

  private void tell(String line) {
    for (Listener listener : listeners) {
      listener.line.accept(line);
    }
  }

  static String text(Message message) {
    MessageType type = message.type();
    String[] names = type.toString().split("\\.");
    StringBuilder text = new StringBuilder(names[0]);
    text.append('@').append(Integer.toUnsignedString(message.object())).append('.');
    text.append(names[1]).append('(');
    for (int i = 0; i < type.argumentCount(); i++) {
      text.append(i == 0 ? "" : ", ").append(argument(message, type, i));
    }
    return text.append(')').toString();
  }

  private static String argument(Message message, MessageType type, int index) {
    return switch (type.kind(index)) {
      case MessageType.HANDLE -> "fd";
      case MessageType.ARRAY -> "array[" + message.length(index) + "]";
      case MessageType.FIXED -> String.format(Locale.ROOT, "%.3f", message.word(index) / 256.0);
      case MessageType.INT -> Integer.toString(message.word(index));
      case MessageType.UINT -> Integer.toUnsignedString(message.word(index));
      case MessageType.STRING -> {
        String value = Names.clean(message.string(index), false);
        int most = Math.min(value.length(), MOST_CHARACTERS);
        yield message.isNull(index) ? "nil" : '"' + value.substring(0, most) + '"';
      }
      default -> {
        String typeName = type.type(index) == null ? "object" : type.type(index).name();
        String id = Integer.toUnsignedString(message.word(index));
        String made = type.kind(index) == MessageType.NEW_ID ? "new id " : "";
        yield message.isNull(index) ? "nil" : made + typeName + "@" + id;
      }
    };
  }
}
