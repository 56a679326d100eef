package org.lodge.vm.internal;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.slf4j.MDC;

/** Hands messages from any thread to one reader, one at a time and in order. */
final class Mailbox {
  private final String guest;
  private final World world;
  private final Consumer<Message> reader;
  private final Queue<Message> messages = new ConcurrentLinkedQueue<>();
  private final AtomicBoolean awake = new AtomicBoolean();

  Mailbox(String guest, World world, Consumer<Message> reader) {
    this.guest = guest;
    this.world = world;
    this.reader = reader;
  }

  void post(Message message) {
    messages.add(message);
    if (awake.compareAndSet(false, true)) {
      world.execute(this::drain);
    }
  }

  private void drain() {
    MDC.put("guest", guest);
    try {
      do {
        for (Message message = messages.poll(); message != null; message = messages.poll()) {
          reader.accept(message);
        }
        awake.set(false);
      } while (!messages.isEmpty() && awake.compareAndSet(false, true));
    } finally {
      MDC.remove("guest");
    }
  }
}
