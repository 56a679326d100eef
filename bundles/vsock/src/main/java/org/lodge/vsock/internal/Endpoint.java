package org.lodge.vsock.internal;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.lodge.vsock.VsockEndpoint;
import org.lodge.vsock.VsockException;
import org.lodge.vsock.VsockListener;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.VsockType;
import org.lodge.vsock.internal.Deadlines.Deadline;
import org.lodge.vsock.link.GuestEnd;
import org.lodge.vsock.link.GuestLink;
import org.lodge.vsock.link.HostEnd;
import org.lodge.vsock.link.HostSide;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One guest's connections: which there are, and the device that carries them. */
final class Endpoint implements VsockEndpoint {
  private static final Logger LOG = LoggerFactory.getLogger(Endpoint.class);
  private static final int FAREWELL_SECONDS = 8;
  private static final int SUCCESSOR_SECONDS = 10;
  private static final int ANSWER_SECONDS = 10;
  private static final int HOST_PORTS_FROM = 0x4000_0000;
  private static final int HOST_PORTS = 0x4000_0000;

  private final Hub hub;
  private final String guest;
  private final ConcurrentHashMap<Long, Stream> streams = new ConcurrentHashMap<>();
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger nextPort = new AtomicInteger(ThreadLocalRandom.current().nextInt());
  private volatile Attachment attachment;
  private volatile long cid;
  private Deadline successorLimit;
  private volatile HybridSocket socket;

  Endpoint(Hub hub, String guest) {
    this.hub = hub;
    this.guest = guest;
  }

  // For the device.

  /** What one attached device sees; it means nothing any more once another has attached. */
  private final class Attachment implements HostSide {
    final GuestLink link;
    final GuestLink former;

    Attachment(GuestLink link, GuestLink former) {
      this.link = link;
      this.former = former;
    }

    @Override
    public HostEnd requested(GuestEnd guestEnd, int guestPort, int hostPort, VsockType type) {
      if (attachment != this) {
        return null;
      }
      VsockListener listener = hub.listener(hostPort);
      Stream stream = new Stream(Endpoint.this, guestPort, hostPort, type, false);
      stream.bind(guestEnd);
      if (listener == null) {
        return type == VsockType.STREAM && dial(stream, link) ? stream : null;
      }
      if (!admit(stream, link)) {
        return null;
      }
      Thread.ofVirtual().name("vsock-", hostPort).start(() -> ask(listener, stream));
      return stream;
    }

    @Override
    public List<HostEnd> ends() {
      return List.copyOf(streams.values());
    }

    @Override
    public void detach(boolean successorFollows) {
      Endpoint.this.detach(this, successorFollows);
    }
  }

  synchronized HostSide attach(GuestLink link) throws VsockException {
    Attachment present = attachment;
    boolean free =
        present == null
            || present.link == link
            || present.former == link
            || present.link.handedOver();
    if (!free) {
      throw new VsockException("guest '%s' has a virtio socket device already".formatted(guest));
    }
    if (successorLimit != null) {
      successorLimit.cancel();
    }
    if (socket != null && !socket.serves(link.socket())) {
      closeSocket();
    }
    if (socket == null && link.socket().isPresent()) {
      socket = HybridSocket.open(this, link.socket().get());
    }
    cid = link.cid();
    attachment = new Attachment(link, present == null ? null : present.link);
    return attachment;
  }

  private synchronized void detach(Attachment former, boolean successorFollows) {
    if (attachment != former) {
      return;
    }
    attachment = null;
    if (successorFollows) {
      successorLimit = hub.deadlines.after(SUCCESSOR_SECONDS, this::resetAllWhereNobodyCame);
    } else {
      resetAll();
    }
  }

  private synchronized void resetAllWhereNobodyCame() {
    if (attachment == null) {
      LOG.warn("No device took over the connections of guest '{}'; they are reset", guest);
      resetAll();
    }
  }

  private void resetAll() {
    closeSocket();
    streams.values().forEach(stream -> stream.closed(false));
  }

  /** Nobody is here to serve the connections any more. */
  synchronized void end() {
    closeSocket();
    streams.values().forEach(Stream::reset);
  }

  private void closeSocket() {
    if (socket != null) {
      socket.close();
      socket = null;
    }
  }

  /** Joins what a guest asks for to a program that listens beside the socket, if one does. */
  private boolean dial(Stream stream, GuestLink link) {
    HybridSocket hybrid = socket;
    Program program = hybrid == null ? null : hybrid.dial(stream.hostPortNumber());
    if (program == null) {
      return false;
    }
    if (!admit(stream, link)) {
      program.reset();
      return false;
    }
    program.accepted(stream);
    stream.acceptJoined(program);
    return true;
  }

  private static void ask(VsockListener listener, Stream stream) {
    Request request = new Request(stream);
    try {
      listener.requested(request);
    } catch (IOException e) {
      LOG.debug("The {} ended", stream, e);
    } catch (Exception e) {
      LOG.warn("Serving the {} failed: {}", stream, e.toString());
      LOG.debug("Serving the {} failed", stream, e);
    } finally {
      request.refuse();
    }
  }

  private boolean admit(Stream stream, GuestLink link) {
    if (open.incrementAndGet() > link.connectionsMax()
        || streams.putIfAbsent(key(stream), stream) != null) {
      open.decrementAndGet();
      return false;
    }
    return true;
  }

  private static long key(Stream stream) {
    return stream.guestPort() << 32 | stream.hostPort();
  }

  // For the streams.

  void forget(Stream stream) {
    streams.remove(key(stream), stream);
  }

  void over() {
    open.decrementAndGet();
  }

  Deadline resetAfterFarewell(Stream stream) {
    return hub.deadlines.after(FAREWELL_SECONDS, stream::reset);
  }

  // For the host's programs.

  @Override
  public VsockStream connect(long port, VsockType type, Duration limit) throws IOException {
    GuestLink link = link(port);
    Stream stream = admitNew((int) port, type, link);
    try {
      link.open(stream);
      stream.awaitConnected(limit);
      return stream;
    } catch (IOException e) {
      stream.reset();
      throw e;
    }
  }

  /** Connects a program to a port of the guest; it is told the answer. */
  void connect(long port, Program program) throws VsockException {
    GuestLink link = link(port);
    Stream stream = admitNew((int) port, VsockType.STREAM, link);
    program.asking(stream, hub.deadlines.after(ANSWER_SECONDS, stream::reset));
    stream.joinTo(program, () -> {});
    link.open(stream);
  }

  private GuestLink link(long port) throws VsockException {
    if (port < 0 || port >= 0xffff_ffffL) {
      throw new VsockException("port %d is not from 0 to 2^32 - 2".formatted(port));
    }
    Attachment at = attachment;
    if (at == null) {
      throw new VsockException(
          "guest '%s' is not running, or has no virtio socket device".formatted(guest));
    }
    return at.link;
  }

  private Stream admitNew(int guestPort, VsockType type, GuestLink link) throws VsockException {
    for (int tries = 0; tries < 16; tries++) {
      int hostPort = HOST_PORTS_FROM + Math.floorMod(nextPort.getAndIncrement(), HOST_PORTS);
      Stream stream = new Stream(this, guestPort, hostPort, type, true);
      if (admit(stream, link)) {
        return stream;
      }
    }
    throw new VsockException(
        "guest '%s' has %d connections, which is its limit".formatted(guest, open.get()));
  }

  @Override
  public String guest() {
    return guest;
  }

  @Override
  public long cid() {
    return cid;
  }

  @Override
  public boolean attached() {
    return attachment != null;
  }

  @Override
  public int connections() {
    return open.get();
  }

  @Override
  public List<VsockStream> streams() {
    return List.copyOf(streams.values());
  }
}
