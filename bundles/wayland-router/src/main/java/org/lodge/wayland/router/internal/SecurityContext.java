package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.lodge.agent.handles.Handle;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleConnection.PipeEnd;
import org.lodge.agent.handles.PipeHandle;
import org.lodge.wayland.protocol.Interfaces;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.MessageReader;
import org.lodge.wayland.protocol.MessageType;
import org.lodge.wayland.protocol.WaylandException;
import org.lodge.wayland.protocol.opcode.WlCallback;
import org.lodge.wayland.protocol.opcode.WlDisplay;
import org.lodge.wayland.protocol.opcode.WlRegistry;
import org.lodge.wayland.protocol.opcode.WpSecurityContextManagerV1;
import org.lodge.wayland.protocol.opcode.WpSecurityContextV1;

/**
 * What a compositor knows a guest by ({@code wp_security_context_v1} of wayland-protocols): a
 * socket on which it listens for connections of that guest only. Lodge makes it as a client of its
 * own, and holds the descriptor whose end ends it: as long as this connection lasts, the context
 * does.
 *
 * <p>Engine {@code org.lodge}, application id the guest's name, instance id of this context alone.
 */
final class SecurityContext implements AutoCloseable {
  private static final Duration ANSWER_LIMIT = Duration.ofSeconds(5);
  private static final String ENGINE = "org.lodge";
  private static final String MANAGER = "wp_security_context_manager_v1";

  // The objects of this client, in the order in which it makes them.
  private static final int DISPLAY = 1;
  private static final int REGISTRY = 2;
  private static final int FIRST_SYNC = 3;
  private static final int MANAGER_ID = 4;
  private static final int SECOND_SYNC = 5;
  private static final int CONTEXT = 6;
  private static final int THIRD_SYNC = 7;

  private final HandleConnection compositor;
  private final MessageReader reader = new MessageReader();
  private final ByteBuffer bytes = ByteBuffer.allocate(4096);
  private final Outbox out = new Outbox();
  private int managerName;
  private Optional<String> socketPath = Optional.empty();
  private volatile boolean ended;

  private SecurityContext(HandleConnection compositor) {
    this.compositor = compositor;
  }

  /**
   * Makes one, waiting for the compositor.
   *
   * @param compositor belongs to the context from here on
   * @param instance tells it from others of the guest
   * @throws IOException where the compositor fails with it, or does not answer
   */
  static SecurityContext open(
      HandleConnection compositor, String guest, String instance, String socketPath)
      throws IOException {
    SecurityContext context = new SecurityContext(compositor);
    CompletableFuture<Void> inTime = new CompletableFuture<>();
    inTime
        .orTimeout(ANSWER_LIMIT.toMillis(), TimeUnit.MILLISECONDS)
        .exceptionally(late -> {
          compositor.reset(
              "the compositor has not answered for " + ANSWER_LIMIT.toSeconds() + " s");
          return null;
        });
    try {
      context.make(guest, instance, socketPath);
    } catch (IOException e) {
      compositor.reset(e.getMessage());
      throw e;
    } catch (WaylandException e) {
      compositor.reset(e.getMessage());
      throw new IOException("the compositor is at fault: " + e.getMessage(), e);
    } finally {
      inTime.complete(null);
    }
    Thread.ofVirtual().name("wayland-context-" + guest).start(context::untilEnd);
    return context;
  }

  /** Where the guest's connections go; empty where the compositor knows no security contexts. */
  Optional<String> socketPath() {
    return socketPath;
  }

  /** Whether the compositor that it was made at is still there. */
  boolean isOpen() {
    return !ended;
  }

  private void make(String guest, String instance, String path)
      throws IOException, WaylandException {
    out.words(DISPLAY, WlDisplay.GET_REGISTRY, REGISTRY);
    await(FIRST_SYNC);
    if (managerName == 0) {
      return;
    }
    out.begin(REGISTRY, WlRegistry.BIND, MANAGER.length() + 24)
        .word(managerName)
        .string(MANAGER)
        .word(1)
        .word(MANAGER_ID)
        .end();
    Handle listener = compositor.makeListener(path);
    await(SECOND_SYNC);
    if (listener.failure().isPresent()) {
      throw new IOException(
          "%s can't be made there: errno %d".formatted(path, listener.failure().getAsInt()));
    }
    PipeHandle whileOpen = compositor.makePipe(PipeEnd.READ);
    out.pass(listener);
    out.pass(whileOpen);
    out.words(MANAGER_ID, WpSecurityContextManagerV1.CREATE_LISTENER, CONTEXT);
    text(WpSecurityContextV1.SET_SANDBOX_ENGINE, ENGINE);
    text(WpSecurityContextV1.SET_APP_ID, guest);
    text(WpSecurityContextV1.SET_INSTANCE_ID, instance);
    out.words(CONTEXT, WpSecurityContextV1.COMMIT);
    await(THIRD_SYNC);
    socketPath = Optional.of(path);
  }

  private void text(int opcode, String value) {
    out.begin(CONTEXT, opcode, value.length() * 3 + 8).string(value).end();
  }

  /** Sends all, and waits until the compositor has done it. */
  private void await(int sync) throws IOException, WaylandException {
    out.words(DISPLAY, WlDisplay.SYNC, sync);
    out.sendTo(compositor);
    while (true) {
      for (Message event = next(); event != null; event = next()) {
        if (event.object() == sync) {
          return;
        }
        handle(event);
      }
      if (compositor.receive(bytes.clear()) < 0) {
        throw new IOException("the compositor has hung up");
      }
      if (reader.append(bytes.flip()) < bytes.limit()) {
        throw new IOException("the compositor says more than a message holds");
      }
    }
  }

  private Message next() throws WaylandException {
    return reader.next(SecurityContext::eventType, 0);
  }

  private void handle(Message event) throws IOException {
    if (event.object() == REGISTRY
        && event.type().opcode() == WlRegistry.EVENT_GLOBAL
        && MANAGER.equals(event.string(1))) {
      managerName = event.word(0);
    } else if (event.object() == DISPLAY && event.type().opcode() == WlDisplay.EVENT_ERROR) {
      throw new IOException("the compositor refuses: " + Names.clean(event.string(2), false));
    }
  }

  private static MessageType eventType(int untrustedObject, int untrustedOpcode)
      throws WaylandException {
    int index =
        switch (untrustedObject) {
          case DISPLAY -> WlDisplay.INDEX;
          case REGISTRY -> WlRegistry.INDEX;
          case FIRST_SYNC, SECOND_SYNC, THIRD_SYNC -> WlCallback.INDEX;
          default -> -1;
        };
    MessageType type = index < 0 ? null : Interfaces.at(index).event(untrustedOpcode);
    if (type == null || type.handleCount() > 0) {
      throw WaylandException.ofDisplay(
          WaylandException.INVALID_METHOD,
          "event %d of object %s"
              .formatted(untrustedOpcode, Integer.toUnsignedString(untrustedObject)));
    }
    return type;
  }

  /** Takes what the compositor still says, such as of new outputs, and does nothing about it. */
  private void untilEnd() {
    try {
      while (compositor.receive(bytes.clear()) >= 0) {
        while (compositor.takeHandle() instanceof Handle unasked) {
          unasked.close();
        }
      }
    } catch (IOException gone) {
      // With the guest, the display or its compositor; whoever needs a context makes one anew.
      assert !compositor.isOpen();
    } finally {
      close();
    }
  }

  @Override
  public void close() {
    ended = true;
    compositor.close();
  }
}
