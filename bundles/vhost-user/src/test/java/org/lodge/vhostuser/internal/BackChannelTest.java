package org.lodge.vhostuser.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixListener;
import org.lodge.linux.UnixStreamSocket;

class BackChannelTest {
  private static final int LIMIT_MILLIS = 20;
  private static final int REQUEST_BYTES = 12;

  @TempDir Path directory;

  @Test
  void aChangeIsToldAfterAReplyThatWasLate() throws Exception {
    Path path = directory.resolve("back");
    try (UnixListener listener = UnixListener.bind(path);
        UnixStreamSocket frontEnd = UnixStreamSocket.connect(path);
        BackChannel channel = new BackChannel(listener.accept(), true, "test", LIMIT_MILLIS)) {
      channel.configurationChanged();
      takeRequest(frontEnd);
      channel.configurationChanged();
      assertFalse(frontEnd.awaitReadable(5 * LIMIT_MILLIS), "one request at a time");
      answer(frontEnd);
      takeRequest(frontEnd);
      answer(frontEnd);
      channel.configurationChanged();
      takeRequest(frontEnd);
    }
  }

  @Test
  void aFrontEndThatIsSlowToReadIsToldAllTheSame() throws Exception {
    Path path = directory.resolve("back");
    try (UnixListener listener = UnixListener.bind(path);
        UnixStreamSocket frontEnd = UnixStreamSocket.connect(path)) {
      UnixStreamSocket ours = listener.accept();
      MemorySegment zeros = Arena.ofAuto().allocate(REQUEST_BYTES);
      long full = 0;
      try {
        while (true) {
          ours.send(zeros, 0, List.of());
          full++;
        }
      } catch (LinuxException e) {
        assertEquals(LinuxException.EAGAIN, e.errno());
      }
      try (BackChannel channel = new BackChannel(ours, false, "test", LIMIT_MILLIS)) {
        channel.configurationChanged();
        assertTrue(frontEnd.awaitReadable(5000));
        // Longer than the limit: that passing it ends nothing is the promise.
        Thread.sleep(3 * LIMIT_MILLIS);
        MemorySegment request = Arena.ofAuto().allocate(REQUEST_BYTES, 4);
        for (long i = 0; i < full; i++) {
          assertEquals(REQUEST_BYTES, frontEnd.receive(request, Fd::close));
        }
        takeRequest(frontEnd);
      }
    }
  }

  private static void takeRequest(UnixStreamSocket frontEnd) throws LinuxException {
    assertTrue(frontEnd.awaitReadable(5000), "a request comes");
    MemorySegment request = Arena.ofAuto().allocate(REQUEST_BYTES, 4);
    assertEquals(REQUEST_BYTES, frontEnd.receive(request, Fd::close));
    assertEquals(2, request.get(ValueLayout.JAVA_INT, 0));
  }

  private static void answer(UnixStreamSocket frontEnd) throws LinuxException {
    frontEnd.send(Message.reply(2, MockFrontEnd.u64(0)), 1000, List.of());
  }
}
