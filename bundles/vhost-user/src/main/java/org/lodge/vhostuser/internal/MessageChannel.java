package org.lodge.vhostuser.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixStreamSocket;

/**
 * The messages on one connection. A message is looked at where it lies in the socket and taken out
 * only after it was dealt with: should this process be killed in between, its successor finds it
 * still there, with its descriptors.
 *
 * <p>A front-end that sends a message in parts is read part by part as they come, without waiting.
 * Belongs to the control thread.
 */
final class MessageChannel implements AutoCloseable {
  private static final int SEND_LIMIT_MILLIS = 1000;

  private final UnixStreamSocket socket;
  private final MemorySegment buffer =
      Arena.ofAuto().allocate(Message.HEADER_BYTES + Message.MAX_PAYLOAD_BYTES, 8);
  private final List<Fd> partDescriptors = new ArrayList<>();
  private int partBytes;
  private int lookedAtBytes;
  private int lookedAtDescriptors;

  MessageChannel(UnixStreamSocket socket) {
    this.socket = socket;
  }

  UnixStreamSocket socket() {
    return socket;
  }

  /**
   * The next message; {@link #consume} must follow.
   *
   * @return null if it is not complete yet
   */
  Message next() throws DisconnectedException {
    try {
      return partBytes == 0 ? lookAt() : collect();
    } catch (LinuxException e) {
      throw new DisconnectedException(e.getMessage());
    }
  }

  /**
   * Looks at a header, then at as much as it tells: more would bring the next one's descriptors.
   */
  private Message lookAt() throws LinuxException, DisconnectedException {
    int count = socket.peek(buffer.asSlice(0, Message.HEADER_BYTES), Fd::close);
    if (count == UnixStreamSocket.END_OF_STREAM) {
      throw DisconnectedException.ended();
    }
    if (count == UnixStreamSocket.NOTHING_YET) {
      return null;
    }
    if (count < Message.HEADER_BYTES) {
      return collect();
    }
    MemorySegment whole = buffer.asSlice(0, Message.HEADER_BYTES + Message.payloadBytes(buffer));
    List<Fd> descriptors = new ArrayList<>();
    boolean complete = false;
    try {
      complete = socket.peek(whole, descriptors::add) == whole.byteSize();
    } finally {
      if (!complete) {
        descriptors.forEach(Fd::close);
      }
    }
    if (!complete) {
      return collect();
    }
    lookedAtBytes = (int) whole.byteSize();
    Message message = new Message(whole, descriptors);
    lookedAtDescriptors = message.descriptorCount();
    return message;
  }

  private Message collect() throws LinuxException, DisconnectedException {
    while (true) {
      int wantedBytes = Message.HEADER_BYTES;
      if (partBytes >= Message.HEADER_BYTES) {
        wantedBytes += Message.payloadBytes(buffer);
        if (partBytes == wantedBytes) {
          Message message = new Message(buffer.asSlice(0, wantedBytes), partDescriptors);
          partDescriptors.clear();
          partBytes = 0;
          lookedAtBytes = 0;
          return message;
        }
      }
      int count =
          socket.receive(buffer.asSlice(partBytes, wantedBytes - partBytes), partDescriptors::add);
      if (count == UnixStreamSocket.NOTHING_YET) {
        return null;
      }
      if (count == UnixStreamSocket.END_OF_STREAM) {
        throw new DisconnectedException("the connection ended within a message");
      }
      partBytes += count;
    }
  }

  /** Takes the message that {@link #next} gave out of the socket. */
  void consume() throws DisconnectedException {
    int[] descriptors = new int[1];
    boolean looked = lookedAtBytes > 0;
    try {
      while (lookedAtBytes > 0) {
        int count =
            socket.receive(
                buffer.asSlice(0, lookedAtBytes),
                fd -> {
                  fd.close();
                  descriptors[0]++;
                });
        if (count < 0) {
          throw new DisconnectedException("the connection ended within a message");
        }
        lookedAtBytes -= count;
      }
      if (looked && lookedAtDescriptors > 0 && descriptors[0] != lookedAtDescriptors) {
        throw new DisconnectedException("a message came without its descriptors");
      }
    } catch (LinuxException e) {
      throw new DisconnectedException(e.getMessage());
    }
  }

  void send(MemorySegment bytes, List<? extends Fd> descriptors) throws DisconnectedException {
    try {
      socket.send(bytes, SEND_LIMIT_MILLIS, descriptors);
    } catch (LinuxException e) {
      throw new DisconnectedException("no reply could be sent: " + e.getMessage());
    }
  }

  @Override
  public void close() {
    partDescriptors.forEach(Fd::close);
    partDescriptors.clear();
    socket.close();
  }
}
