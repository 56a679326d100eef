package org.lodge.shell.internal.admin;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes clients until their socket is closed. A failed accept leaves its client in the queue, so
 * the next one fails at once as well, for as long as descriptors are missing: it waits in between.
 */
final class Accepting implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(Accepting.class);
  private static final long AGAIN_MILLIS = 100;

  private final Source source;
  private final Taker taker;
  private final Pause pause;
  private boolean failing;

  /** Where clients come from. */
  interface Source {
    SocketChannel accept() throws IOException;
  }

  /** Who serves them; closes those that it does not take. */
  interface Taker {
    void take(SocketChannel client) throws IOException;
  }

  /** Waits until it is worth trying again. */
  interface Pause {
    void await() throws InterruptedException;
  }

  Accepting(Source source, Taker taker) {
    this(source, taker, () -> Thread.sleep(AGAIN_MILLIS));
  }

  Accepting(Source source, Taker taker, Pause pause) {
    this.source = source;
    this.taker = taker;
    this.pause = pause;
  }

  @Override
  public void run() {
    try {
      while (true) {
        next();
      }
    } catch (ClosedChannelException e) {
      LOG.debug("The admin socket is closed");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void next() throws ClosedChannelException, InterruptedException {
    SocketChannel client;
    try {
      client = source.accept();
      failing = false;
    } catch (ClosedChannelException e) {
      throw e;
    } catch (IOException e) {
      if (!failing) {
        failing = true;
        LOG.error("The admin socket takes no clients, and goes on trying: {}", e.toString());
      }
      pause.await();
      return;
    }
    try {
      taker.take(client);
    } catch (IOException e) {
      LOG.warn("A client of the admin socket could not be served: {}", e.toString());
    }
  }
}
