package org.lodge.shell.internal.command.inside;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.lodge.connect.ByteStream;
import org.lodge.vsock.VsockStream;

/** Bytes in both directions, whoever carries them. One thread may read while another writes. */
public interface Duplex extends AutoCloseable {

  /** Waits for bytes and takes what is there; -1 at the end. */
  int read(ByteBuffer into) throws IOException;

  /** Waits until all bytes are taken. */
  void write(ByteBuffer from) throws IOException;

  /** Says that nothing more will be written. */
  void endOutput() throws IOException;

  @Override
  void close();

  /** The stream as this. */
  static Duplex of(VsockStream stream) {
    return new Duplex() {
      @Override
      public int read(ByteBuffer into) throws IOException {
        return stream.read(into);
      }

      @Override
      public void write(ByteBuffer from) throws IOException {
        stream.write(from);
      }

      @Override
      public void endOutput() {
        stream.shutdownOutput();
      }

      @Override
      public void close() {
        stream.close();
      }
    };
  }

  /** The stream as this. */
  static Duplex of(ByteStream stream) {
    return new Duplex() {
      @Override
      public int read(ByteBuffer into) throws IOException {
        return stream.read(into);
      }

      @Override
      public void write(ByteBuffer from) throws IOException {
        stream.write(from);
      }

      @Override
      public void endOutput() throws IOException {
        stream.shutdownOutput();
      }

      @Override
      public void close() {
        stream.close();
      }
    };
  }
}
