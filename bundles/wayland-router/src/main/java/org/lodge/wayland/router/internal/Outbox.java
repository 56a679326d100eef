package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageWriter;

/**
 * What is to be sent to one side, in its order: bytes, descriptors that go with them, and steps
 * that must be done before the bytes after them. Filled under the lock of its connection.
 */
final class Outbox {
  /** Something between bytes. */
  @FunctionalInterface
  interface Step {
    void run(HandleConnection to) throws IOException;
  }

  private record Mark(int position, Step step) {}

  private static final int FIRST_BYTES = 4096;

  /** More than that is not kept for the next time. */
  private static final int KEPT_BYTES = 32_768;

  private final MessageWriter writer = new MessageWriter();
  private final List<Mark> marks = new ArrayList<>();
  private ByteBuffer bytes = little(FIRST_BYTES);
  private long sentBytes;
  private boolean needsClient;

  /** How many bytes wait. */
  int size() {
    return bytes.position();
  }

  boolean isEmpty() {
    return bytes.position() == 0 && marks.isEmpty();
  }

  /** Whether a step reads from the client, which only the thread that reads from it may do. */
  boolean needsClient() {
    return needsClient;
  }

  /** A step that reads from the client. */
  void stepWithClient(Step step) {
    step(step);
    needsClient = true;
  }

  /** What was sent with {@link #sendTo} so far. */
  long sentBytes() {
    return sentBytes;
  }

  void copy(Message message) {
    message.copyTo(room(message.sizeBytes()));
  }

  /**
   * Begins a message of the router.
   *
   * @param bodyBytes at least as many as the arguments take
   */
  MessageWriter begin(int object, int opcode, int bodyBytes) {
    return writer.begin(room(bodyBytes + 16), object, opcode);
  }

  /** A message of numbers. */
  void words(int object, int opcode, int... words) {
    MessageWriter message = begin(object, opcode, words.length * Integer.BYTES);
    for (int word : words) {
      message.word(word);
    }
    message.end();
  }

  /** Passes a descriptor with the bytes that are added next. */
  void pass(Handle handle) {
    step(to -> to.pass(handle));
  }

  void step(Step step) {
    marks.add(new Mark(bytes.position(), step));
  }

  /** Sends all and is empty then. Whoever does that has the outbox for itself. */
  void sendTo(HandleConnection to) throws IOException {
    int end = bytes.position();
    int done = 0;
    for (Mark mark : marks) {
      if (mark.position > done) {
        to.send(bytes.duplicate().position(done).limit(mark.position));
        done = mark.position;
      }
      mark.step.run(to);
    }
    marks.clear();
    needsClient = false;
    if (end > done) {
      to.send(bytes.duplicate().position(done).limit(end));
    } else {
      to.flush();
    }
    sentBytes += end;
    if (bytes.capacity() > KEPT_BYTES) {
      bytes = little(FIRST_BYTES);
    }
    bytes.clear();
  }

  private ByteBuffer room(int wanted) {
    if (bytes.remaining() < wanted) {
      int size = Math.max(bytes.capacity() * 2, bytes.position() + wanted);
      bytes = little(size).put(bytes.flip());
    }
    return bytes;
  }

  private static ByteBuffer little(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }
}
