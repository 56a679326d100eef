package org.lodge.vsock.internal;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.lodge.vsock.VsockType;
import org.lodge.vsock.link.GuestEnd;
import org.lodge.vsock.link.GuestLink;
import org.lodge.vsock.link.HostEnd;
import org.lodge.vsock.link.HostSide;
import org.lodge.vsock.link.Payload;

/** A guest with its device, as the host's side sees them; a test says what it does. */
final class FakeGuest implements GuestLink {
  final String name;
  private final Optional<Path> socket;
  final int connectionsMax;
  final LinkedBlockingQueue<HostEnd> asked = new LinkedBlockingQueue<>();
  boolean handedOver;
  HostSide host;

  FakeGuest(String name, int connectionsMax, Optional<Path> socket) {
    this.name = name;
    this.connectionsMax = connectionsMax;
    this.socket = socket;
  }

  FakeGuest attachTo(Hub hub) throws Exception {
    host = hub.attach(this);
    return this;
  }

  /** The next connection that the host asks for. */
  HostEnd awaitAsked() throws InterruptedException {
    HostEnd end = asked.poll(10, TimeUnit.SECONDS);
    if (end == null) {
      throw new AssertionError("the host asks for no connection");
    }
    return end;
  }

  @Override
  public String guest() {
    return name;
  }

  @Override
  public long cid() {
    return 3;
  }

  @Override
  public int connectionsMax() {
    return connectionsMax;
  }

  @Override
  public Optional<Path> socket() {
    return socket;
  }

  @Override
  public boolean handedOver() {
    return handedOver;
  }

  @Override
  public boolean open(HostEnd end) {
    asked.add(end);
    return true;
  }

  /** The guest's end of one connection, with room for so many bytes. */
  static final class End implements GuestEnd {
    private final ByteArrayOutputStream got = new ByteArrayOutputStream();
    final List<Integer> messageEnds = new ArrayList<>();
    private int roomBytes;
    private HostEnd end;
    private boolean over;

    End(int roomBytes) {
      this.roomBytes = roomBytes;
    }

    /** Belongs to a host's end from now on. */
    End of(HostEnd end) {
      this.end = end;
      end.bind(this);
      return this;
    }

    @Override
    public synchronized int deliver(Payload payload, int offset, int length, int messageFlags) {
      int part = Math.min(length, roomBytes);
      if (part == 0 && length > 0) {
        return NOTHING;
      }
      byte[] bytes = new byte[part];
      payload.copy(offset, MemorySegment.ofArray(bytes), 0, part);
      got.writeBytes(bytes);
      roomBytes -= part;
      if (part == length && messageFlags != 0) {
        messageEnds.add(got.size());
      }
      notifyAll();
      return part;
    }

    @Override
    public void flush() {}

    @Override
    public synchronized void changed() {
      notifyAll();
    }

    /** The guest has read, and tells. */
    void room(int bytes) {
      synchronized (this) {
        roomBytes += bytes;
      }
      end.ready();
    }

    synchronized byte[] got() {
      return got.toByteArray();
    }

    synchronized byte[] await(int count) throws InterruptedException {
      return await(() -> got.size() >= count, count + " bytes") ? got.toByteArray() : null;
    }

    synchronized void awaitEnded(int directions) throws InterruptedException {
      await(() -> (end.endedByHost() & directions) == directions, "the host's end");
    }

    synchronized void awaitReset() throws InterruptedException {
      await(end::resetByHost, "a reset");
    }

    private boolean await(java.util.function.BooleanSupplier so, String what)
        throws InterruptedException {
      long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
      while (!so.getAsBoolean()) {
        long leftMillis = (until - System.nanoTime()) / 1_000_000;
        if (leftMillis <= 0) {
          throw new AssertionError("did not come: " + what);
        }
        wait(leftMillis);
      }
      return true;
    }

    /** What the guest sends. */
    void send(byte[] bytes, int messageFlags) {
      end.received(new Bytes(bytes), bytes.length, messageFlags);
      end.flush();
    }
  }

  /** Payload that can't be held. */
  record Bytes(byte[] bytes) implements Payload {
    @Override
    public void copy(int offset, MemorySegment to, long toOffset, int length) {
      MemorySegment.copy(MemorySegment.ofArray(bytes), offset, to, toOffset, length);
    }
  }

  /** The guest asks for a connection. */
  HostEnd ask(End guestEnd, int hostPort, VsockType type) {
    HostEnd end = host.requested(guestEnd, 1000, hostPort, type);
    if (end != null) {
      guestEnd.of(end);
      end.ready();
    }
    return end;
  }
}
