package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArraySet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.lodge.agent.AgentSession;
import org.lodge.agent.Agents;
import org.lodge.agent.GuestClocks;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleLimits;
import org.lodge.agent.handles.Handles;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Carriage;
import org.lodge.connect.IncomingCall;
import org.lodge.connect.ServiceDescription;
import org.lodge.connect.ServiceOffer;
import org.lodge.policy.Party;
import org.lodge.wayland.router.Marking;
import org.lodge.wayland.router.Window;
import org.lodge.wayland.router.Windows;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service {@code wayland}: stands between a program in one guest and the compositor in another,
 * one {@link Conversation} for each connection.
 *
 * <p>The options of the rule that allowed it say how windows are shown: {@code frame=router} (the
 * default), {@code compositor} or {@code none}, {@code color=RRGGBB}, {@code border=PIXELS}; and
 * what {@link Limits} reads. As services it is made known by {@link Publication}.
 */
@Component(
    service = {},
    immediate = true)
public final class RouterComponent implements ServiceOffer, Windows {
  static final String SERVICE = "wayland";

  /** More than what a client may leave unread before it is cut off. */
  private static final int QUEUE_BYTES = 4 << 20;

  private static final Duration CLOCKS_LIMIT = Duration.ofSeconds(2);
  private static final int WAITING_HANDLES = 128;
  private static final int OPEN_HANDLES = 512;
  private static final HandleLimits HANDLE_LIMITS =
      new HandleLimits(QUEUE_BYTES, WAITING_HANDLES, OPEN_HANDLES);

  private static final Logger LOG = LoggerFactory.getLogger(RouterComponent.class);

  private final Handles handles;
  private final Supplier<Agents> agents;
  private final Map<String, ClockOffset> offsets = new ConcurrentHashMap<>();
  private final AtomicLong windowNumbers = new AtomicLong();
  private final Map<String, Guest> guests = new ConcurrentHashMap<>();
  private final Map<String, Display> displays = new ConcurrentHashMap<>();
  private final Map<String, Shares> shares = new ConcurrentHashMap<>();
  private final Map<String, Trace> traces = new ConcurrentHashMap<>();
  private final Set<Conversation> conversations = new CopyOnWriteArraySet<>();
  private final SecurityContexts contexts = new SecurityContexts();
  private Publication publication;

  /**
   * @param agents is asked for its service later: agents hand calls to the broker, and the broker
   *     to this, so that none of them could be made first
   */
  @Activate
  public RouterComponent(
      BundleContext context,
      @Reference Handles handles,
      @Reference ServiceReference<Agents> agents) {
    this(handles, () -> context.getService(agents));
  }

  public RouterComponent(Handles handles, Supplier<Agents> agents) {
    this.handles = handles;
    this.agents = agents;
  }

  @Activate
  void publish(BundleContext context) {
    publication = new Publication(context, this, this::endAll);
  }

  @Deactivate
  public void deactivate() {
    if (publication != null) {
      publication.close();
    }
    endAll();
  }

  /** Ends all connections, saying why; programs may connect anew. */
  private void endAll() {
    CompletableFuture.allOf(
            conversations.stream()
                .map(conversation -> abort(conversation, "Lodge replaces its window router"))
                .toArray(CompletableFuture[]::new))
        .join();
  }

  private static CompletableFuture<Void> abort(Conversation conversation, String why) {
    return conversation.abort(why, Conversation.PATIENCE);
  }

  @Override
  public ServiceDescription description() {
    return new ServiceDescription(
        SERVICE, Carriage.HANDLES, "windows on the display of another guest", List.of());
  }

  @Override
  public boolean mediates() {
    return true;
  }

  @Override
  public void serve(IncomingCall call, ByteStream stream) throws IOException {
    share(
        call.source(),
        call.target(),
        limits -> show(call, stream, new GuestDisplay(handles, limits, call)));
  }

  private interface Showing {
    void show(HandleLimits limits) throws IOException;
  }

  /**
   * Shows windows within what the guest may have of something that it shares with others.
   *
   * @param ofWhat by its name
   */
  private void share(String guest, String ofWhat, Showing showing) throws IOException {
    Shares.Share share = shares.computeIfAbsent(ofWhat, name -> new Shares()).of(guest);
    if (!share.takeConnection()) {
      throw new IOException(
          "%s has as many connections to %s as are left for others".formatted(guest, ofWhat));
    }
    try {
      showing.show(HANDLE_LIMITS.with(share));
    } finally {
      share.giveConnection();
    }
  }

  /**
   * Shows windows on a compositor of this host.
   *
   * @param folder where sockets of Lodge may be
   */
  void serveOnHost(IncomingCall call, ByteStream stream, Path folder) throws IOException {
    try {
      // The descriptors are Lodge's own, whoever's compositor that is.
      share(
          call.source(),
          Party.HOST,
          limits -> show(call, stream, HostDisplay.of(handles, limits, folder, call.options())));
    } catch (IOException e) {
      LOG.warn("{} shows no window on this host: {}", call.source(), e.getMessage());
      throw e;
    }
  }

  private void show(IncomingCall call, ByteStream stream, DisplayWay way) throws IOException {
    GuestSettings settings = GuestSettings.of(call.source(), call.options());
    Limits limits = Limits.of(call.options());
    Guest guest =
        guests.compute(
            call.source(),
            (name, known) ->
                known == null ? new Guest(name, settings, limits) : known.with(settings, limits));
    if (!guest.takeConnection()) {
      throw new IOException(
          guest.name() + " has more than " + limits.connections() + " connections");
    }
    boolean byCompositor = settings.frame() == GuestSettings.Frame.COMPOSITOR;
    try (HandleConnection client = handles.open(guest.name(), stream, HANDLE_LIMITS);
        SecurityContexts.Lease context =
            byCompositor ? contexts.lease(guest.name(), way) : SecurityContexts.Lease.NONE) {
      converse(guest, client, way, context.socketPath());
    } finally {
      guest.account().giveConnection();
    }
  }

  private void converse(
      Guest guest, HandleConnection client, DisplayWay way, Optional<String> context)
      throws IOException {
    GuestSettings settings = guest.settings();
    Marking marking = settings.marking(context.isPresent());
    Guest marked =
        marking == Marking.FRAME_INSTEAD
            ? guest.with(settings.withFrame(GuestSettings.Frame.ROUTER), guest.limits())
            : guest;
    try (HandleConnection compositor =
        context.isPresent() ? way.connectAt(context.get()) : way.connect()) {
      Display display =
          displays.computeIfAbsent(way.name(), name -> new Display(name, windowNumbers));
      Conversation conversation =
          new Conversation(
              display,
              marked,
              marking,
              client,
              compositor,
              offset(guest.name(), way.name()),
              trace(guest.name()));
      conversations.add(conversation);
      try {
        conversation.run();
      } finally {
        conversations.remove(conversation);
      }
    }
  }

  /** Begins to compare clocks now, so that they are known when the first frame is shown. */
  private ClockOffset offset(String guest, String display) {
    ClockOffset offset =
        offsets.computeIfAbsent(
            guest + " " + display, both -> new ClockOffset(guest, display, this::clocks));
    offset.refresh();
    return offset;
  }

  private GuestClocks clocks(String guest) throws IOException {
    if (HostDisplay.isName(guest)) {
      return HostDisplay.clocks();
    }
    AgentSession session =
        agents.get().session(guest).orElseThrow(() -> new IOException(guest + " has no agent"));
    return session.clocks(CLOCKS_LIMIT);
  }

  @Override
  public List<Window> list() {
    return windows().sorted(Comparator.comparingLong(Window::id)).toList();
  }

  private Stream<Window> windows() {
    return conversations.stream().flatMap(conversation -> conversation.windows().stream());
  }

  @Override
  public boolean close(long id) {
    return with(id, conversation -> conversation.closeWindow(id));
  }

  @Override
  public boolean end(long id) {
    return with(id, conversation -> abort(conversation, "a person has ended the window's program"));
  }

  private boolean with(long id, Consumer<Conversation> action) {
    for (Conversation conversation : conversations) {
      if (conversation.windows().stream().anyMatch(window -> window.id() == id)) {
        action.accept(conversation);
        return true;
      }
    }
    return false;
  }

  @Override
  public long moveClipboard(String fromGuest, String toGuest) throws IOException {
    Selections from = selections(fromGuest);
    Selections into = selections(toGuest);
    MovedContent moved = MovedContent.copy(fromGuest, from.get(SelectionKind.CLIPBOARD), into);
    into.set(SelectionKind.CLIPBOARD, moved);
    return moved.sizeBytes();
  }

  private Selections selections(String name) throws IOException {
    Guest guest = guests.get(name);
    if (guest == null) {
      throw new IOException("no program of " + name + " has had a window");
    }
    return guest.selections();
  }

  @Override
  public AutoCloseable trace(String guest, Consumer<String> line) {
    return trace(guest).listen(line);
  }

  private Trace trace(String guest) {
    return traces.computeIfAbsent(guest, name -> new Trace());
  }
}
