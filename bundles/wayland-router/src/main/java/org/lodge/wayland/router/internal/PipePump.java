package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleConnection.PipeEnd;
import org.lodge.agent.handles.PipeHandle;

/** Carries the bytes of a paste or drop from one pipe into another, up to a limit. */
final class PipePump {
  private static final int CHUNK_BYTES = 65_536;

  private PipePump() {}

  /**
   * Makes a pipe whose other end a program is to write into.
   *
   * @param into where it would go; may be null
   * @return null where that is null, or where there are too many pipes, and then it is closed
   */
  static PipeHandle makePipe(HandleConnection connection, PasteSink into) {
    if (into == null) {
      return null;
    }
    try {
      return connection.makePipe(PipeEnd.WRITE);
    } catch (IOException tooMany) {
      into.close();
      return null;
    }
  }

  /** Owns both pipes from now on. */
  static void start(PipeHandle from, PasteSink into, long mostBytes) {
    Thread.ofVirtual().name("wayland-pipe").start(() -> pump(from, into, mostBytes));
  }

  private static void pump(PipeHandle from, PasteSink into, long mostBytes) {
    try (from;
        into) {
      ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
      long left = mostBytes;
      int count = from.read(chunk);
      while (count >= 0) {
        chunk.flip();
        left -= chunk.remaining();
        if (left < 0) {
          return;
        }
        into.write(chunk);
        chunk.clear();
        count = from.read(chunk);
      }
      into.finish();
    } catch (IOException gone) {
      // Whoever reads sees an end; whoever writes sees that nobody reads.
      assert gone != null;
    }
  }
}
