package org.lodge.itests.wayland;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import org.lodge.linux.Fd;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageReader;
import org.lodge.wayland.protocol.ObjectTypes;
import org.lodge.wayland.protocol.WaylandException;

/** What a compositor says to a client of a test; descriptors that come with it are closed. */
final class EventReader {
  private static final int ROOM_BYTES = 65_536;

  /** More than any event has: that they have come is not looked at. */
  private static final int HANDLES = 99;

  private final UnixStreamSocket socket;
  private final ObjectTypes objects;
  private final int limitMillis;
  private final MemorySegment in;
  private final MessageReader reader = new MessageReader();

  interface Handler {
    void handle(Message event) throws IOException;
  }

  EventReader(UnixStreamSocket socket, ObjectTypes objects, int limitMillis, Arena arena) {
    this.socket = socket;
    this.objects = objects;
    this.limitMillis = limitMillis;
    in = arena.allocate(ROOM_BYTES);
  }

  /** Waits for some events and hands on what has come. */
  void receive(Handler handler) throws IOException {
    if (!socket.awaitReadable(limitMillis)) {
      throw new IOException("the compositor says nothing");
    }
    int count = socket.receive(in, Fd::close);
    if (count == UnixStreamSocket.END_OF_STREAM) {
      throw new IOException("the compositor has closed the connection");
    }
    if (count == UnixStreamSocket.NOTHING_YET) {
      return;
    }
    ByteBuffer bytes = in.asSlice(0, count).asByteBuffer();
    try {
      while (bytes.hasRemaining()) {
        reader.append(bytes);
        Message event = reader.next(objects, HANDLES);
        while (event != null) {
          handler.handle(event);
          event = reader.next(objects, HANDLES);
        }
      }
    } catch (WaylandException e) {
      throw new IOException(e);
    }
  }
}
