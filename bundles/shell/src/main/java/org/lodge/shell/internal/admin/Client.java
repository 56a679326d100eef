package org.lodge.shell.internal.admin;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.lodge.client.Frame;
import org.lodge.shell.internal.Io;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to the admin socket: a thread that reads frames, one that runs the command, one
 * that writes. The command's thread never touches the socket, since an interrupt would close it; a
 * client that does not read fills its own queue and holds up nothing but its own command.
 */
final class Client {
  private static final Logger LOG = LoggerFactory.getLogger(Client.class);
  private static final int QUEUED_FRAMES = 64;
  private static final int BUFFER_BYTES = 8192;
  private static final ByteBuffer END = ByteBuffer.allocate(0);

  private final SocketChannel channel;
  private final ClientCommands commands;
  private final Consumer<Client> ended;
  private final BlockingQueue<ByteBuffer> outgoing = new ArrayBlockingQueue<>(QUEUED_FRAMES);
  private final CountDownLatch end = new CountDownLatch(1);
  private final StdinPipe stdin = new StdinPipe(this::grant);
  private final AtomicReference<Phase> phase = new AtomicReference<>(Phase.SILENT);
  private volatile Thread command;

  private enum Phase {
    SILENT,
    BUSY,
    DROPPED
  }

  Client(SocketChannel channel, ClientCommands commands, Consumer<Client> ended) {
    this.channel = channel;
    this.commands = commands;
    this.ended = ended;
  }

  void start() {
    Thread.ofVirtual().name("admin-read").start(this::read);
  }

  /** Whether it has not sent its command yet. */
  boolean isSilent() {
    return phase.get() == Phase.SILENT;
  }

  /** Closes it, unless it has sent its command meanwhile. */
  boolean dropIfSilent() {
    boolean dropped = phase.compareAndSet(Phase.SILENT, Phase.DROPPED);
    if (dropped) {
      close();
    }
    return dropped;
  }

  private void read() {
    SocketTerminal terminal = null;
    try {
      Frame first = Frame.read(channel);
      if (first == null) {
        return;
      }
      if (first.type() != Frame.RUN) {
        throw new IOException("The first frame is not RUN");
      }
      Request request = Request.parse(first.payload());
      if (!phase.compareAndSet(Phase.SILENT, Phase.BUSY)) {
        return;
      }
      SocketTerminal seen = new SocketTerminal(request, stdin, this::setRaw);
      terminal = seen;
      Thread.ofVirtual().name("admin-write").start(this::write);
      command = Thread.ofVirtual().name("admin-command").start(() -> run(request, seen));
      Frame frame;
      while ((frame = Frame.read(channel)) != null) {
        take(frame, terminal);
      }
    } catch (IOException e) {
      LOG.debug("A client of the admin socket went: {}", e.toString());
    } finally {
      if (terminal != null) {
        terminal.gone();
      }
      stdin.end();
      interrupt();
      if (command == null) {
        close();
      }
    }
  }

  private void take(Frame frame, SocketTerminal terminal) throws IOException {
    switch (frame.type()) {
      case Frame.STDIN -> stdin.add(frame.payload());
      case Frame.STDIN_EOF -> stdin.end();
      case Frame.INTERRUPT -> interrupt();
      case Frame.WINCH -> {
        if (frame.payload().length != 4) {
          throw new IOException("WINCH of " + frame.payload().length + " bytes");
        }
        ByteBuffer size = ByteBuffer.wrap(frame.payload());
        terminal.resize(size.getShort() & 0xffff, size.getShort() & 0xffff);
      }
      default -> throw new IOException("A client may not send frame " + frame.type());
    }
  }

  private void run(Request request, SocketTerminal terminal) {
    int exitCode = 1;
    try (PrintStream out = stream(Frame.STDOUT);
        PrintStream err = stream(Frame.STDERR)) {
      exitCode =
          commands.run(
              request.words(), new Io(stdin, out, err, terminal, request.folder()), terminal);
    } catch (RuntimeException e) {
      LOG.error("A command failed", e);
    } finally {
      // From here on nothing is worth an interrupt: the client waits for its exit code.
      Thread.interrupted();
      post(Frame.encode(Frame.EXIT, new byte[] {(byte) exitCode}));
      post(END);
    }
  }

  private PrintStream stream(int type) {
    BufferedOutputStream buffered =
        new BufferedOutputStream(new FrameOutput(type, this), BUFFER_BYTES);
    return new PrintStream(buffered, true, StandardCharsets.UTF_8);
  }

  private void write() {
    try {
      while (true) {
        ByteBuffer frame = outgoing.take();
        if (frame == END) {
          break;
        }
        while (frame.hasRemaining()) {
          channel.write(frame);
        }
      }
    } catch (IOException e) {
      LOG.debug("A client of the admin socket went: {}", e.toString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close();
    }
  }

  private void grant(int moreBytes) {
    byte[] payload = ByteBuffer.allocate(4).putInt(moreBytes).array();
    post(Frame.encode(Frame.READ_STDIN, payload));
  }

  private void setRaw(boolean raw) {
    post(Frame.encode(Frame.TTY_MODE, new byte[] {(byte) (raw ? 1 : 0)}));
  }

  private void post(ByteBuffer frame) {
    boolean interrupted = false;
    try {
      while (end.getCount() > 0) {
        try {
          if (outgoing.offer(frame, 1, TimeUnit.SECONDS)) {
            return;
          }
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Queues a frame of a command; waits for room. */
  void offer(ByteBuffer frame) throws IOException {
    try {
      // An interrupted command may still say its last words, as long as there is room for them.
      boolean queued = outgoing.offer(frame);
      while (!queued && end.getCount() > 0) {
        queued = outgoing.offer(frame, 1, TimeUnit.SECONDS);
      }
      if (end.getCount() == 0) {
        throw new IOException("The client is gone");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException();
    }
  }

  void interrupt() {
    Thread running = command;
    if (running != null) {
      running.interrupt();
    }
  }

  void awaitEnd(long limitMillis) {
    try {
      end.await(limitMillis, TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  void close() {
    end.countDown();
    interrupt();
    ended.accept(this);
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("Closing a client: {}", e.toString());
    }
  }
}
