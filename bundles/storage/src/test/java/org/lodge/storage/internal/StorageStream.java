package org.lodge.storage.internal;

import org.lodge.vsock.VsockStream;
import org.lodge.vsock.VsockType;

/** A stream from a storage guest of a test, but for what is said on it. */
abstract class StorageStream implements VsockStream {
  @Override
  public void close() {
    reset();
  }

  @Override
  public String guest() {
    return "storage";
  }

  @Override
  public long guestPort() {
    return 1;
  }

  @Override
  public long hostPort() {
    return 1;
  }

  @Override
  public VsockType type() {
    return VsockType.STREAM;
  }

  @Override
  public boolean messageEnded() {
    return false;
  }

  @Override
  public int available() {
    return 0;
  }

  @Override
  public void shutdownOutput() {}

  @Override
  public void shutdownInput() {}
}
