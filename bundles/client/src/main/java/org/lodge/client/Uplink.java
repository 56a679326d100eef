package org.lodge.client;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import sun.misc.Signal;
import sun.misc.SignalHandler;

/** The way from this terminal to Lodge: typed bytes, Ctrl-C and changes of the window's size. */
final class Uplink implements Runnable, SignalHandler {
  private static final int READ_BYTES = 1 << 16;

  private final SocketChannel channel;
  private final Tty tty = new Tty();
  private final Object credit = new Object();
  private int creditBytes;
  private boolean reading;
  private boolean watching;
  private volatile boolean interrupted;

  Uplink(SocketChannel channel) {
    this.channel = channel;
  }

  synchronized void send(ByteBuffer frame) throws IOException {
    while (frame.hasRemaining()) {
      channel.write(frame);
    }
  }

  void catchInterrupts() {
    Signal.handle(new Signal("INT"), this);
  }

  /** Lets so many bytes of standard input through. */
  void read(int moreBytes) {
    synchronized (credit) {
      creditBytes += moreBytes;
      credit.notifyAll();
    }
    if (!reading) {
      reading = true;
      Thread thread = new Thread(this, "stdin");
      thread.setDaemon(true);
      thread.start();
    }
    watchSize();
  }

  void setRaw(boolean raw) {
    if (!raw) {
      tty.restore();
      return;
    }
    Runtime.getRuntime().addShutdownHook(new Restorer(tty));
    tty.raw();
    watchSize();
  }

  void restoreTerminal() {
    tty.restore();
  }

  private void watchSize() {
    if (!watching) {
      watching = true;
      Signal.handle(new Signal("WINCH"), this);
    }
  }

  /** Reads standard input to its end; only once the command has asked for it. */
  @Override
  public void run() {
    byte[] bytes = new byte[READ_BYTES];
    try (FileInputStream stdin = new FileInputStream(FileDescriptor.in)) {
      int count;
      while ((count = stdin.read(bytes, 0, awaitCredit())) > 0) {
        synchronized (credit) {
          creditBytes -= count;
        }
        send(Frame.encode(Frame.STDIN, bytes, 0, count));
      }
      send(Frame.encode(Frame.STDIN_EOF));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      // Lodge has ended, or the terminal is gone; the main thread sees it by itself.
    }
  }

  /** Waits until something may be sent, so that Ctrl-C never stands behind what can't be. */
  private int awaitCredit() throws InterruptedException {
    synchronized (credit) {
      while (creditBytes <= 0) {
        credit.wait();
      }
      return Math.min(creditBytes, READ_BYTES);
    }
  }

  @Override
  public void handle(Signal signal) {
    try {
      if (signal.getName().equals("WINCH")) {
        int[] size = Tty.size();
        ByteBuffer payload =
            ByteBuffer.allocate(4).putShort((short) size[0]).putShort((short) size[1]);
        send(Frame.encode(Frame.WINCH, payload.array()));
      } else if (interrupted) {
        // The second Ctrl-C is for a Lodge that does not answer the first.
        System.exit(130);
      } else {
        interrupted = true;
        send(Frame.encode(Frame.INTERRUPT));
      }
    } catch (IOException e) {
      System.exit(130);
    }
  }

  private static final class Restorer extends Thread {
    private final Tty tty;

    Restorer(Tty tty) {
      super("restore-terminal");
      this.tty = tty;
    }

    @Override
    public void run() {
      tty.restore();
    }
  }
}
