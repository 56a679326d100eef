package org.lodge.vm.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.lodge.vm.Console;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Reads a guest's serial console from its monitor, on a virtual thread of its own: to the guest's
 * log, to whoever is attached, and to the markers by which the guest says how far it is. A guest
 * that floods its console is read at a bounded rate and so slows none but itself.
 */
final class ConsolePump {
  private static final Logger LOG = LoggerFactory.getLogger("guest.console");
  private static final int HISTORY = 16 * 1024;
  private static final int LAST_LINES = 20;
  private static final int CHUNK = 4096;

  /** Bytes a second, and how many at once after a silence. */
  private static final long RATE = 2 << 20;

  private static final long BURST = 256 << 10;

  private final String guest;
  private final ByteChannel channel;
  private final Consumer<Machine.Marker> heard;
  private final ByteRing history = new ByteRing(HISTORY);
  private final Deque<String> lastLines = new ArrayDeque<>();
  private final List<ConsoleAttachment> attached = new CopyOnWriteArrayList<>();
  private final ConsoleTyping typing;
  private final CountDownLatch ended = new CountDownLatch(1);

  ConsolePump(String guest, ByteChannel channel, Consumer<Machine.Marker> heard) {
    this.guest = guest;
    this.channel = channel;
    this.heard = heard;
    typing = new ConsoleTyping(channel).start(guest);
  }

  ConsolePump start() {
    Thread.ofVirtual().name("guest-" + guest + "-console").start(this::run);
    return this;
  }

  void run() {
    byte[] bytes = new byte[CHUNK];
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    ConsoleLines lines = new ConsoleLines(this::line);
    long allowance = BURST;
    long before = System.nanoTime();
    MDC.put("guest", guest);
    try {
      int count;
      while ((count = channel.read(buffer.clear())) >= 0) {
        lines.write(bytes, count);
        share(bytes, count);
        long now = System.nanoTime();
        long earned = TimeUnit.NANOSECONDS.toMicros(now - before) * RATE / 1_000_000;
        allowance = Math.min(BURST, allowance + earned) - count;
        before = now;
        if (allowance < 0) {
          LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(-allowance) / RATE);
        }
      }
    } catch (IOException e) {
      // The monitor has gone, which its exit tells better.
      LOG.debug("The console of {} ended", guest, e);
    } finally {
      lines.close();
      close();
      ended.countDown();
    }
  }

  private synchronized void share(byte[] bytes, int count) {
    history.write(bytes, 0, count);
    attached.forEach(attachment -> attachment.offer(bytes, count));
  }

  private void line(String line) {
    synchronized (lastLines) {
      lastLines.add(line);
      if (lastLines.size() > LAST_LINES) {
        lastLines.remove();
      }
    }
    LOG.info("{}", line);
    if (line.contains("lodge: user space")) {
      heard.accept(Machine.Marker.USER_SPACE);
    } else if (line.endsWith("lodge: ready")) {
      heard.accept(Machine.Marker.READY);
    }
  }

  List<String> lastLines() {
    synchronized (lastLines) {
      return List.copyOf(lastLines);
    }
  }

  synchronized Console attach() throws IOException {
    if (!channel.isOpen()) {
      throw new IOException("the console has ended");
    }
    ConsoleAttachment attachment =
        new ConsoleAttachment(history.contents(), typing, attached::remove);
    attached.add(attachment);
    return attachment;
  }

  void awaitEnd(Duration limit) throws InterruptedException {
    ended.await(limit.toMillis(), TimeUnit.MILLISECONDS);
  }

  void close() {
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("Closing the console of {}", guest, e);
    }
    typing.end();
    synchronized (this) {
      attached.forEach(ConsoleAttachment::end);
    }
  }
}
