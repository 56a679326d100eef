package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.lodge.agent.handles.PipeHandle;

/** Where pasted bytes go. */
interface PasteSink extends AutoCloseable {
  /** Takes all bytes; may wait. */
  void write(ByteBuffer bytes) throws IOException;

  /** All has been written. */
  void finish() throws IOException;

  @Override
  void close();

  /** Writes into a pipe of a guest. */
  static PasteSink of(PipeHandle pipe) {
    return new PasteSink() {
      @Override
      public void write(ByteBuffer bytes) throws IOException {
        pipe.write(bytes);
      }

      @Override
      public void finish() throws IOException {
        pipe.endOutput();
      }

      @Override
      public void close() {
        pipe.close();
      }
    };
  }
}
