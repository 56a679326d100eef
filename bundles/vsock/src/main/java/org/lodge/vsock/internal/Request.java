package org.lodge.vsock.internal;

import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.vsock.VsockException;
import org.lodge.vsock.VsockRequest;
import org.lodge.vsock.VsockStream;
import org.lodge.vsock.VsockType;

/** A guest's wish to connect; the first answer counts. */
final class Request implements VsockRequest {
  private final Stream stream;
  private final AtomicBoolean answered = new AtomicBoolean();

  Request(Stream stream) {
    this.stream = stream;
  }

  @Override
  public String guest() {
    return stream.guest();
  }

  @Override
  public long guestPort() {
    return stream.guestPort();
  }

  @Override
  public long hostPort() {
    return stream.hostPort();
  }

  @Override
  public VsockType type() {
    return stream.type();
  }

  @Override
  public VsockStream accept() throws VsockException {
    if (!answered.compareAndSet(false, true)) {
      throw new IllegalStateException("%s was answered before".formatted(stream));
    }
    stream.accept();
    return stream;
  }

  @Override
  public void refuse() {
    if (answered.compareAndSet(false, true)) {
      stream.reset();
    }
  }
}
