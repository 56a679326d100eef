package org.lodge.wayland.router.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.lodge.agent.handles.Handle;
import org.lodge.wayland.protocol.Interface;
import org.lodge.wayland.protocol.Interfaces;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageReader;
import org.lodge.wayland.protocol.MessageType;
import org.lodge.wayland.protocol.MessageWriter;
import org.lodge.wayland.protocol.WaylandException;

/** A client or a compositor of a test: sends what it is told to, and notes what it gets. */
final class TestPeer {
  /** Much longer than it takes on processors that all else keeps busy. */
  static final Duration LIMIT = Duration.ofSeconds(120);

  final MemoryConnection connection = new MemoryConnection();
  final Map<Integer, Interface> objects = new HashMap<>();

  /** All that came, as {@link Trace} writes it. */
  final List<String> log = new ArrayList<>();

  private final boolean compositor;
  private final MessageReader reader = new MessageReader();
  private Consumer<Message> onMessage = message -> {};
  private boolean closed;

  TestPeer(boolean compositor) {
    this.compositor = compositor;
    objects.put(1, Interfaces.named("wl_display"));
    Thread.ofVirtual().start(this::readAll);
  }

  void onMessage(Consumer<Message> handler) {
    onMessage = handler;
  }

  private void readAll() {
    try {
      byte[] bytes = connection.programReads();
      while (bytes != null) {
        read(ByteBuffer.wrap(bytes));
        bytes = connection.programReads();
      }
    } catch (InterruptedException | WaylandException e) {
      note("broken: " + e.getMessage());
    }
    synchronized (this) {
      closed = true;
      notifyAll();
    }
  }

  private void read(ByteBuffer bytes) throws WaylandException {
    while (bytes.hasRemaining()) {
      reader.append(bytes);
      Message message = reader.next(this::type, 1000);
      while (message != null) {
        adopt(message);
        note(Trace.text(message));
        onMessage.accept(message);
        message = reader.next(this::type, 1000);
      }
    }
  }

  private synchronized MessageType type(int object, int opcode) throws WaylandException {
    Interface type = objects.get(object);
    MessageType known =
        type == null ? null : compositor ? type.request(opcode) : type.event(opcode);
    if (known == null) {
      throw WaylandException.ofDisplay(0, "nothing is known of " + object + ", opcode " + opcode);
    }
    return known;
  }

  private synchronized void adopt(Message message) {
    int argument = message.type().newIdArgument();
    if (argument >= 0) {
      Interface type = message.type().type(argument);
      objects.put(
          message.word(argument), type == null ? Interfaces.named(message.string(1)) : type);
    }
  }

  private synchronized void note(String line) {
    log.add(line);
    notifyAll();
  }

  /** Waits until a line that contains the text has come. */
  synchronized String await(String text) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (true) {
      for (String line : log) {
        if (line.contains(text)) {
          return line;
        }
      }
      long left = (end - System.nanoTime()) / 1_000_000;
      if (closed || left <= 0) {
        throw new AssertionError("no " + text + " came, but " + log);
      }
      wait(left);
    }
  }

  synchronized void awaitCount(String text, long count) throws InterruptedException {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (count(text) < count) {
      if (closed || System.nanoTime() > end) {
        throw new AssertionError(count(text) + " times " + text + " in " + log);
      }
      wait(100);
    }
  }

  synchronized void awaitClosed() throws InterruptedException {
    while (!closed) {
      wait(10_000);
    }
  }

  synchronized long count(String text) {
    return log.stream().filter(line -> line.contains(text)).count();
  }

  /** Sends a message; the arguments are words, strings and arrays. */
  void send(int object, int opcode, Object... arguments) {
    sendWith(List.of(), object, opcode, arguments);
  }

  void sendWith(List<Handle> handles, int object, int opcode, Object... arguments) {
    connection.programSends(message(object, opcode, arguments), handles.toArray(Handle[]::new));
  }

  static byte[] message(int object, int opcode, Object... arguments) {
    ByteBuffer bytes = ByteBuffer.allocate(70_000).order(ByteOrder.LITTLE_ENDIAN);
    MessageWriter writer = new MessageWriter().begin(bytes, object, opcode);
    for (Object argument : arguments) {
      switch (argument) {
        case Integer word -> writer.word(word);
        case String text -> writer.string(text);
        case byte[] array -> writer.array(array);
        default -> throw new IllegalArgumentException();
      }
    }
    writer.end();
    byte[] sent = new byte[bytes.position()];
    bytes.flip().get(sent);
    return sent;
  }

  synchronized Map<Integer, Interface> known() {
    return new HashMap<>(objects);
  }

  /** Makes an object known that the client makes with a number of its choice. */
  synchronized void know(int id, String type) {
    objects.put(id, Interfaces.named(type));
  }
}
