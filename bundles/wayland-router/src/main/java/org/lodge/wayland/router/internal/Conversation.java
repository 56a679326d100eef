package org.lodge.wayland.router.internal;

import static org.lodge.wayland.protocol.WaylandException.IMPLEMENTATION;
import static org.lodge.wayland.protocol.WaylandException.INVALID_METHOD;
import static org.lodge.wayland.protocol.WaylandException.NO_MEMORY;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.TooManyHandlesException;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageReader;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlDisplay;
import org.lodge.wayland.protocol.opcode.WlShm;
import org.lodge.wayland.protocol.opcode.XdgToplevel;
import org.lodge.wayland.router.Marking;
import org.lodge.wayland.router.Window;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client's connection to a compositor: two threads, one for each direction, around one {@link
 * Routing}.
 *
 * <p>Messages are handled under a lock. What goes to the client is sent under it, too: sending
 * there only queues. What goes to the compositor is sent outside, by one thread at a time, for
 * pixels must be fetched in between; only the thread that reads from the client may.
 *
 * <p>A guest whose agent takes nothing can hold that lock as long as it likes, and so stop this
 * conversation. Whoever is not part of it therefore never waits for the lock: {@link #windows} goes
 * without, and {@link #abort} ends both connections, which lets go whoever has it.
 */
final class Conversation {
  /** How long what ends it waits for guests that may have stopped. */
  static final Duration PATIENCE = Duration.ofSeconds(2);

  /** What others may ask of it before it has done any. */
  private static final int MOST_POSTED = 256;

  /** What events may have caused to be sent to the compositor while pixels are waited for. */
  private static final int MOST_WAITING_BYTES = 1 << 20;

  /** What must not stay unread at the compositor before the client is read on. */
  private static final int MOST_AHEAD_BYTES = 1 << 18;

  /** What a program may leave unread without being looked at. */
  private static final int MUCH_UNREAD_BYTES = 1 << 16;

  private static final int READ_BYTES = 16_384;
  private static final Logger LOG = LoggerFactory.getLogger(Conversation.class);

  /** Something that a connection is asked to do by another one. */
  @FunctionalInterface
  interface Action {
    void run(Routing routing) throws IOException;
  }

  private final Display display;
  private final Marking marking;
  private final Routing routing;
  private final HandleConnection client;
  private final HandleConnection compositor;
  private final Requests requests;
  private final Events events;
  private final Pixels pixels;
  private final Trace trace;
  private final MessageReader fromClient = new MessageReader();
  private final MessageReader fromCompositor = new MessageReader();
  private final ReentrantLock lock = new ReentrantLock();

  /** The one of two that is being sent while the other is filled. */
  private Outbox sending = new Outbox();

  private boolean fetching;

  /** All has been given back: nothing is handled any more, as it could take something. */
  private volatile boolean ended;

  private final AtomicInteger posted = new AtomicInteger();

  /** The kinds of selections of whose change the client is about to hear, as bits. */
  private final AtomicInteger changedSelections = new AtomicInteger();

  /** How the client's side ended, where that was no offence. */
  private volatile IOException lost;

  Conversation(
      Display display,
      Guest guest,
      Marking marking,
      HandleConnection client,
      HandleConnection compositor,
      ClockOffset offset,
      Trace trace) {
    this.display = display;
    this.marking = marking;
    this.client = client;
    this.compositor = compositor;
    this.trace = trace;
    routing = new Routing(guest, client, compositor);
    pixels = new Pixels(routing);
    requests = new Requests(this, routing, pixels);
    events = new Events(routing, requests, offset);
  }

  Display display() {
    return display;
  }

  /** What people may see of it. */
  List<Window> windows() {
    List<Window> windows = new ArrayList<>();
    for (ShellSurface window : requests.shell().windows()) {
      if (window.toplevel != null) {
        Surface surface = window.surface;
        windows.add(
            new Window(
                window.id,
                name(),
                display.name,
                marking,
                window.untrustedTitle,
                window.untrustedAppId,
                surface.width(),
                surface.height(),
                surface.frames,
                pixels.copiedBytes()));
      }
    }
    return windows;
  }

  /** Asks the program to close the window. */
  void closeWindow(long id) {
    post(routing -> {
      for (ShellSurface window : requests.shell().windows()) {
        if (window.id == id && window.toplevel != null) {
          routing.toClient.words(window.toplevel.clientId, XdgToplevel.EVENT_CLOSE);
        }
      }
    });
  }

  /**
   * Ends it for a person, with a word to the client where its guest takes that soon. Waits for
   * nobody.
   *
   * @return done once it has ended
   */
  CompletableFuture<Void> abort(String why, Duration patience) {
    return CompletableFuture.runAsync(
            () -> {
              fail(WaylandException.ofDisplay(IMPLEMENTATION, why));
              end();
            },
            task -> Thread.ofVirtual().name("wayland-abort").start(task))
        .orTimeout(patience.toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(late -> {
          cut(why);
          return null;
        });
  }

  /** Ends both connections at once, and the waiting of whoever waits for them. */
  private void cut(String why) {
    client.reset(why);
    compositor.reset(why);
  }

  /** The guest has another selection: the client hears of the last one, however many there were. */
  void selectionChanged(SelectionKind kind) {
    int bit = 1 << kind.ordinal();
    if ((changedSelections.getAndUpdate(kinds -> kinds | bit) & bit) == 0) {
      begin(
          routing -> {
            changedSelections.getAndUpdate(kinds -> kinds & ~bit);
            requests.selections().changed(kind);
          },
          () -> {});
    }
  }

  /**
   * Carries both directions until one side ends. Both threads are the system's own: a virtual one
   * would be woken by way of another thread, and being woken is most of what a small message costs.
   */
  void run() throws IOException {
    routing.guest.selections().add(this);
    routing.guest.account().serve(client);
    Thread.ofPlatform().daemon().name("wayland-events").start(this::readCompositor);
    Thread requestThread =
        Thread.ofPlatform().daemon().name("wayland-requests").start(this::serveClient);
    try {
      requestThread.join();
    } catch (InterruptedException e) {
      end();
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("a connection of " + name() + " was interrupted");
    }
    if (lost != null) {
      throw lost;
    }
  }

  private void serveClient() {
    try {
      lock.lock();
      try {
        if (ended) {
          return;
        }
        routing.heap.begin();
        if (routing.frames != null) {
          routing.frames.begin();
        }
      } finally {
        lock.unlock();
      }
      send();
      readClient();
    } catch (WaylandException offence) {
      fail(offence);
    } catch (TooManyHandlesException full) {
      fail(full);
    } catch (Pixels.MissingPixels missing) {
      fail(new WaylandException(1, WlShm.ERROR_INVALID_FD, missing.getMessage()));
    } catch (IOException e) {
      lost = e;
    } catch (RuntimeException defect) {
      broken(defect);
    } finally {
      end();
    }
  }

  private void readClient() throws WaylandException, IOException {
    ByteBuffer bytes = ByteBuffer.allocate(READ_BYTES);
    while (client.receive(bytes) >= 0) {
      bytes.flip();
      while (bytes.hasRemaining()) {
        boolean stuck = fromClient.append(bytes) == 0;
        lock.lock();
        // Where this fails half a message may be in the outbox: nobody sends from it again.
        fetching = true;
        try {
          if (ended) {
            return;
          }
          handleRequests();
          fetching = false;
        } finally {
          lock.unlock();
        }
        if (stuck || fromClient.needsHandles()) {
          throw WaylandException.ofDisplay(INVALID_METHOD, "a message without its descriptor");
        }
        send();
      }
      bytes.clear();
      compositor.awaitQueuedBytes(MOST_AHEAD_BYTES);
    }
  }

  private void handleRequests() throws WaylandException, IOException {
    Message request = fromClient.next(routing::requestType, client.waitingHandles());
    while (request != null) {
      trace.request(request);
      requests.handle(request);
      request = fromClient.next(routing::requestType, client.waitingHandles());
    }
    sendToClient();
  }

  /** Sends what is for the compositor; only by the thread that reads from the client. */
  private void send() throws IOException {
    while (true) {
      Outbox full;
      lock.lock();
      try {
        fetching = !routing.toCompositor.isEmpty();
        if (!fetching) {
          return;
        }
        full = routing.toCompositor;
        routing.toCompositor = sending;
        sending = full;
      } finally {
        lock.unlock();
      }
      full.sendTo(compositor);
    }
  }

  private void readCompositor() {
    ByteBuffer bytes = ByteBuffer.allocate(READ_BYTES);
    try {
      while (compositor.receive(bytes) >= 0) {
        bytes.flip();
        while (bytes.hasRemaining()) {
          boolean stuck = fromCompositor.append(bytes) == 0;
          lock.lock();
          try {
            if (ended) {
              return;
            }
            handleEvents();
          } finally {
            lock.unlock();
          }
          if (stuck || fromCompositor.needsHandles()) {
            throw WaylandException.ofDisplay(INVALID_METHOD, "an event without its descriptor");
          }
        }
        bytes.clear();
      }
    } catch (WaylandException offence) {
      failByDisplay(offence);
    } catch (TooManyHandlesException full) {
      fail(full);
    } catch (IOException lost) {
      LOG.debug("a connection of {} has ended: {}", name(), lost.getMessage());
    } catch (RuntimeException defect) {
      broken(defect);
    } finally {
      end();
    }
  }

  private void handleEvents() throws WaylandException, IOException {
    Message event = fromCompositor.next(routing::eventType, compositor.waitingHandles());
    while (event != null) {
      trace.event(event);
      events.handle(event);
      event = fromCompositor.next(routing::eventType, compositor.waitingHandles());
    }
    if (routing.toCompositor.size() > MOST_WAITING_BYTES) {
      throw WaylandException.ofDisplay(NO_MEMORY, "the compositor causes too many requests");
    }
    events.batchEnded();
    sendToClient();
    sendBesides();
  }

  private void sendToClient() throws IOException {
    if (!routing.toClient.isEmpty()) {
      routing.toClient.sendTo(client);
      if (client.queuedBytes() > MUCH_UNREAD_BYTES && routing.guest.isBeyondHeap()) {
        client.reset("programs of " + name() + " read too little of what they are told");
        throw new IOException("a program of " + name() + " does not read");
      }
    }
  }

  /** Under the lock: sends what came up beside the requests, unless their thread is about to. */
  private void sendBesides() throws IOException {
    if (!fetching && !routing.toCompositor.isEmpty() && !routing.toCompositor.needsClient()) {
      routing.toCompositor.sendTo(compositor);
    }
  }

  /**
   * Does something for another connection, soon, on a thread of its own.
   *
   * @return false where this one has ended, or has too much to do already
   */
  boolean post(Action action) {
    return post(action, () -> {});
  }

  /**
   * As {@link #post(Action)}.
   *
   * @param missed is done instead where the connection ends before
   */
  boolean post(Action action, Runnable missed) {
    if (ended) {
      return false;
    }
    if (posted.incrementAndGet() > MOST_POSTED) {
      posted.decrementAndGet();
      return false;
    }
    begin(
        routing -> {
          posted.decrementAndGet();
          action.run(routing);
        },
        missed);
    return true;
  }

  private void begin(Action action, Runnable missed) {
    Thread.ofVirtual().name("wayland-post").start(() -> act(action, missed));
  }

  private void act(Action action, Runnable missed) {
    lock.lock();
    try {
      if (ended) {
        missed.run();
        return;
      }
      action.run(routing);
      sendToClient();
      sendBesides();
    } catch (IOException e) {
      LOG.debug("a connection of {} takes no more: {}", name(), e.getMessage());
      end();
    } catch (RuntimeException defect) {
      broken(defect);
      end();
    } finally {
      lock.unlock();
    }
  }

  private void broken(RuntimeException defect) {
    LOG.error("a connection of {} has ended by a defect", name(), defect);
    fail(WaylandException.ofDisplay(IMPLEMENTATION, "the router is at fault"));
  }

  /**
   * What the display makes is counted with what the program has made, so limits may be either's.
   */
  private void failByDisplay(WaylandException offence) {
    if (offence.code() == NO_MEMORY) {
      fail(offence);
    } else {
      LOG.warn("the display of a window of {} is at fault: {}", name(), offence.getMessage());
      fail(WaylandException.ofDisplay(IMPLEMENTATION, "the display is at fault"));
    }
  }

  private void fail(TooManyHandlesException full) {
    fail(WaylandException.ofDisplay(NO_MEMORY, full.getMessage()));
  }

  /** Tells the client what it did, or what has happened, and ends. */
  private void fail(WaylandException offence) {
    LOG.info("the connection of a program in {} ends: {}", name(), offence.getMessage());
    lockToEnd();
    try {
      String text = offence.getMessage();
      routing
          .toClient
          .begin(1, WlDisplay.EVENT_ERROR, text.length() * 3 + 24)
          .word(offence.objectId())
          .word(offence.code())
          .string(text)
          .end();
      sendToClient();
    } catch (IOException lost) {
      LOG.debug("{} did not hear of it: {}", name(), lost.getMessage());
    } finally {
      lock.unlock();
    }
  }

  private void end() {
    lockToEnd();
    try {
      if (!ended) {
        ended = true;
        requests.close();
      }
    } finally {
      lock.unlock();
    }
    routing.guest.selections().remove(this);
    routing.guest.account().leave(client);
    if (client.queuedBytes() > MUCH_UNREAD_BYTES) {
      client.reset("a program of " + name() + " has ended that did not read");
    }
    client.close();
    compositor.close();
  }

  /** Takes the lock, which may be held by somebody who waits for a guest that has stopped. */
  private void lockToEnd() {
    boolean locked = false;
    try {
      locked = lock.tryLock(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (!locked) {
      cut("a connection of " + name() + " has ended, and its other side takes nothing");
      lock.lock();
    }
  }

  private String name() {
    return routing.guest.name();
  }
}
