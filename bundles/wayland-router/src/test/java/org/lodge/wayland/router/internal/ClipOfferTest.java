package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.connect.ByteStream;
import org.lodge.connect.IncomingCall;
import org.lodge.wayland.router.Windows;

class ClipOfferTest {
  private final StringBuilder said = new StringBuilder();

  private interface Move {
    Object run(Object[] guests) throws IOException;
  }

  /** Something with one method that is called. */
  private static <T> T only(Class<T> type, String method, Move does) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (proxy, called, arguments) -> {
              assertEquals(method, called.getName());
              return does.run(arguments);
            }));
  }

  private String answer(String argument, Move move) throws IOException {
    ByteStream stream =
        only(
            ByteStream.class,
            "write",
            bytes -> said.append(StandardCharsets.UTF_8.decode((ByteBuffer) bytes[0])));
    new ClipOffer(only(Windows.class, "moveClipboard", move))
        .serve(only(IncomingCall.class, "argument", none -> argument), stream);
    return said.toString();
  }

  @Test
  void itMovesWhatTheArgumentSays() throws Exception {
    String answer =
        answer(
            "work.vault",
            guests -> {
              assertEquals("work", guests[0]);
              assertEquals("vault", guests[1]);
              return 6L;
            });
    assertEquals("6 bytes of work can be pasted once in vault\n", answer);
  }

  @Test
  void itSaysWhyNothingWasMoved() throws Exception {
    String answer =
        answer(
            "work.vault",
            guests -> {
              throw new IOException("nothing was copied in work");
            });
    assertEquals("nothing was moved: nothing was copied in work\n", answer);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "work", "work.", ".vault", "a.b.c"})
  void argumentsThatNameNoTwoGuestsMoveNothing(String argument) throws Exception {
    String answer =
        answer(
            argument,
            guests -> {
              throw new AssertionError();
            });
    assertEquals("nothing was moved: say from where to where, as in work.vault\n", answer);
  }
}
