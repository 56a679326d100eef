package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.function.IntFunction;
import org.lodge.agent.handles.FileHandle;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.HandleConnection.PipeEnd;
import org.lodge.agent.handles.TooManyHandlesException;

/** Lets the agent make things, and fills files. Waits for no answer: what fails shows later. */
final class Maker {
  private static final int MAKE_BYTES = 16;

  private final FarSocket socket;
  private final HandleTable handles;
  private final Output output;

  Maker(FarSocket socket, HandleTable handles, Output output) {
    this.socket = socket;
    this.handles = handles;
    this.output = output;
  }

  FarFile file(long sizeBytes, boolean sealed) throws IOException {
    if (sizeBytes < 0) {
      throw new IllegalArgumentException("a file of %d bytes".formatted(sizeBytes));
    }
    int seals = FileHandle.SEAL_SHRINK | (sealed ? FileHandle.SEAL_GROW : 0);
    return make(
        Handle.Kind.FILE,
        Frame.MAKE_FILE,
        seals,
        sizeBytes,
        "",
        id -> new FarFile(socket, id, sizeBytes, seals, true));
  }

  FarPipe pipe(PipeEnd passed) throws IOException {
    boolean toRead = passed == PipeEnd.READ;
    int what = toRead ? Frame.MAKE_PIPE_TO_READ : Frame.MAKE_PIPE_TO_WRITE;
    int access = toRead ? Frame.WRITABLE : Frame.READABLE;
    return make(
        Handle.Kind.PIPE, what, 0, 0, "", id -> new FarPipe(socket, id, Handle.Kind.PIPE, access));
  }

  FarHandle listener(String path) throws IOException {
    int bytes = path.getBytes(StandardCharsets.UTF_8).length;
    if (!path.startsWith("/") || bytes > Frame.SOCKET_PATH_MAX || path.indexOf(0) >= 0) {
      throw new IllegalArgumentException("'%s' can't be a socket's path".formatted(path));
    }
    return make(
        Handle.Kind.LISTENER,
        Frame.MAKE_LISTENER,
        0,
        0,
        path,
        id -> new FarHandle(socket, id, Handle.Kind.LISTENER));
  }

  private <H extends FarHandle> H make(
      Handle.Kind kind, int what, int seals, long size, String path, IntFunction<H> maker)
      throws IOException {
    byte[] pathBytes = path.getBytes(StandardCharsets.UTF_8);
    H handle = handles.addOfHost(kind, maker);
    if (handle == null) {
      throw new TooManyHandlesException(
          "guest '%s': too many handles are open".formatted(socket.name()));
    }
    ByteBuffer body = ByteBuffer.allocate(MAKE_BYTES + pathBytes.length);
    body.order(ByteOrder.LITTLE_ENDIAN).putShort((short) what).putShort((short) 0);
    body.putInt(seals).putLong(size).put(pathBytes);
    output.hold(Frame.MAKE, handle.id, 0, body.flip());
    return handle;
  }

  /** Writes rows in chunks: of whole ones, or of parts where one is longer than a chunk. */
  void fill(FarFile file, long offset, long stride, int rowBytes, int rows, ByteBuffer packed)
      throws IOException {
    int limit = packed.limit();
    int end = Math.addExact(packed.position(), Math.multiplyExact(rowBytes, rows));
    int rowsAtOnce = Math.max(1, Frame.CHUNK_BYTES_MAX / rowBytes);
    int partBytes = Math.min(rowBytes, Frame.CHUNK_BYTES_MAX);
    long at = offset;
    try {
      for (int row = 0; row < rows; row += rowsAtOnce, at += stride * rowsAtOnce) {
        int count = Math.min(rowsAtOnce, rows - row);
        for (int part = 0; part < rowBytes; part += partBytes) {
          int bytes = Math.min(partBytes, rowBytes - part);
          packed.limit(packed.position() + bytes * count);
          output.writeRows(file.id, at + part, stride, bytes, count, packed);
          packed.limit(end);
        }
      }
    } finally {
      packed.limit(limit);
    }
  }
}
