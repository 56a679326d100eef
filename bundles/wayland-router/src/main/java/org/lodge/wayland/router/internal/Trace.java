package org.lodge.wayland.router.internal;

import java.util.Locale;
import java.util.function.Consumer;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageType;

/**
 * Tells what a client and its compositor say, in the form of {@code WAYLAND_DEBUG}: requests with
 * the client's numbers, events with the compositor's. Costs a look at a field where nobody listens.
 */
final class Trace {
  private static final int MOST_CHARACTERS = 80;

  private volatile Consumer<String> listener;

  /**
   * @param listener null for nobody; must not wait
   */
  void listen(Consumer<String> listener) {
    this.listener = listener;
  }

  void request(Message request) {
    Consumer<String> told = listener;
    if (told != null) {
      told.accept(" -> " + text(request));
    }
  }

  void event(Message event) {
    Consumer<String> told = listener;
    if (told != null) {
      told.accept(text(event));
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
