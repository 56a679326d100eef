package org.lodge.vm.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.nio.channels.Pipe;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.vm.Console;

class ConsoleTest {

  /** Gives what a guest is to say, piece by piece, and keeps what is typed. */
  private static final class Guest implements ByteChannel {
    final List<byte[]> pieces = new ArrayList<>();
    final StringBuilder typed = new StringBuilder();
    Runnable beforeRead = () -> {};
    boolean open = true;

    Guest(String... says) {
      for (String piece : says) {
        pieces.add(piece.getBytes(StandardCharsets.UTF_8));
      }
    }

    @Override
    public int read(ByteBuffer target) {
      beforeRead.run();
      if (pieces.isEmpty()) {
        return -1;
      }
      byte[] piece = pieces.removeFirst();
      int count = Math.min(piece.length, target.remaining());
      target.put(piece, 0, count);
      if (count < piece.length) {
        pieces.addFirst(Arrays.copyOfRange(piece, count, piece.length));
      }
      return count;
    }

    @Override
    public int write(ByteBuffer source) {
      int count = source.remaining();
      typed.append(StandardCharsets.UTF_8.decode(source));
      return count;
    }

    @Override
    public boolean isOpen() {
      return open;
    }

    @Override
    public void close() {
      open = false;
    }
  }

  private final List<Machine.Marker> heard = new ArrayList<>();

  private ConsolePump pump(Guest guest) {
    return new ConsolePump("work", guest, heard::add);
  }

  @Test
  void theMarkersAreHeardAlsoInPieces() {
    pump(new Guest("[ 1.0] lodge: us", "er space\r\nfoo\nlodge: ready", "\r\n")).run();
    assertEquals(List.of(Machine.Marker.USER_SPACE, Machine.Marker.READY), heard);
  }

  @Test
  void whoAttachesLateSeesTheLastScreenful() throws IOException {
    Guest guest = new Guest("x".repeat(20_000) + "login: ");
    ConsolePump pump = pump(guest);
    List<Console> consoles = new ArrayList<>();
    guest.beforeRead =
        () -> {
          if (guest.pieces.isEmpty()) {
            try {
              consoles.add(pump.attach());
            } catch (IOException e) {
              throw new AssertionError(e);
            }
          }
        };
    pump.run();
    byte[] seen = consoles.getFirst().output().readAllBytes();
    assertEquals(16 * 1024, seen.length);
    assertTrue(new String(seen, StandardCharsets.US_ASCII).endsWith("login: "));
  }

  @Test
  void aReaderThatIsTooSlowLosesTheOldestAndIsTold() throws IOException {
    Guest guest = new Guest("a".repeat(100_000), "the end");
    ConsolePump pump = pump(guest);
    Console slow = pump.attach();
    pump.run();
    String seen = new String(slow.output().readAllBytes(), StandardCharsets.US_ASCII);
    assertTrue(
        seen.startsWith("\n[lodge: " + (100_007 - 65_536) + " bytes lost]\n"),
        seen.substring(0, 40));
    assertTrue(seen.endsWith("the end"));
  }

  @Test
  @Timeout(20)
  void whatIsTypedReachesTheGuest() throws Exception {
    Pipe pipe = Pipe.open();
    Console console = new ConsolePump("work", over(pipe), heard::add).attach();
    console.input().write("ls\n".getBytes(StandardCharsets.UTF_8));
    ByteBuffer typed = ByteBuffer.allocate(3);
    while (typed.hasRemaining()) {
      pipe.source().read(typed);
    }
    assertEquals("ls\n", new String(typed.array(), StandardCharsets.UTF_8));
  }

  /** A guest that never speaks, and reads what is typed from a pipe. */
  private static ByteChannel over(Pipe pipe) {
    return new ByteChannel() {
      @Override
      public int read(ByteBuffer target) {
        return -1;
      }

      @Override
      public int write(ByteBuffer source) throws IOException {
        return pipe.sink().write(source);
      }

      @Override
      public boolean isOpen() {
        return pipe.sink().isOpen();
      }

      @Override
      public void close() throws IOException {
        pipe.sink().close();
      }
    };
  }

  /** As a person does with Ctrl-C, or by closing the window, while the guest does not read. */
  @Test
  @Timeout(20)
  void whoIsInterruptedWhileTypingClosesNobodysConsole() throws Exception {
    Pipe pipe = Pipe.open();
    ConsolePump pump = new ConsolePump("work", over(pipe), heard::add);
    Console console = pump.attach();
    FutureTask<Void> pasting =
        new FutureTask<>(() -> {
          console.input().write(new byte[4 << 20]);
          return null;
        });
    Thread person = Thread.ofVirtual().start(pasting);
    while (person.getState() != Thread.State.WAITING) {
      Thread.onSpinWait();
    }
    person.interrupt();
    assertInstanceOf(
        InterruptedIOException.class,
        assertThrows(ExecutionException.class, pasting::get).getCause());
    assertTrue(pipe.sink().isOpen());
    pump.close();
    assertThrows(IOException.class, () -> console.input().write('x'));
  }

  @Test
  void aDetachedReaderIsAtItsEnd() throws IOException {
    Guest guest = new Guest("more");
    ConsolePump pump = pump(guest);
    Console console = pump.attach();
    console.close();
    pump.run();
    assertEquals(-1, console.output().read());
  }

  @Test
  void theLogCannotDriveATerminal() {
    List<String> lines = new ArrayList<>();
    ConsoleLines console = new ConsoleLines(lines::add);
    byte[] evil =
        "\u001b]0;owned\u0007 \u009b2J a\rb\r\n\u202eok\n".getBytes(StandardCharsets.UTF_8);
    for (byte b : evil) {
      console.write(new byte[] {b}, 1);
    }
    assertEquals(List.of("\\x1b]0;owned\\x07 \\x9b2J a\\rb", "\\u202eok"), lines);
  }

  @Test
  void anyBytesBecomeShortPrintableLines() {
    Random random = new Random(42);
    ConsoleLines console =
        new ConsoleLines(line -> {
          assertTrue(line.length() <= 1010);
          assertTrue(line.chars().noneMatch(c -> Character.isISOControl(c) && c != '\t'));
        });
    for (int i = 0; i < 500; i++) {
      byte[] bytes = new byte[random.nextInt(3000)];
      random.nextBytes(bytes);
      if (i % 3 == 0) {
        Arrays.fill(bytes, (byte) 0xf0);
      }
      console.write(bytes, bytes.length);
    }
    console.close();
  }

  @Test
  void aRingKeepsTheLastBytesAndCountsTheLost() {
    ByteRing ring = new ByteRing(4);
    ring.write(new byte[] {1, 2, 3, 4, 5, 6}, 0, 6);
    assertArrayEquals(new byte[] {3, 4, 5, 6}, ring.contents());
    assertEquals(2, ring.takeLost());
    assertEquals(0, ring.takeLost());
    byte[] out = new byte[3];
    assertEquals(3, ring.read(out, 0, 3));
    assertArrayEquals(new byte[] {3, 4, 5}, out);
    assertEquals(1, ring.available());
    assertFalse(ring.contents().length > 1);
  }
}
