package org.lodge.vhostuser.internal;

import java.util.concurrent.atomic.AtomicInteger;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.MemFd;
import org.lodge.linux.SharedMapping;

/**
 * A range of guest memory in our address space, counted: it is unmapped when neither the memory
 * table nor a request holds it.
 */
final class MappedRegion {
  final long guestAddress;
  final long sizeBytes;
  final long userAddress;
  final long offsetBytes;

  /** Whether nobody can shrink the file; otherwise an access may find the memory gone. */
  final boolean sealed;

  private final Held<Fd> file;
  private final MappingLimit limit;
  private final SharedMapping mapping;
  private final AtomicInteger holders = new AtomicInteger(1);

  /** Maps; owns the file in any case. */
  MappedRegion(
      long untrustedGuestAddress,
      long untrustedSizeBytes,
      long untrustedUserAddress,
      long untrustedOffsetBytes,
      Held<Fd> file,
      MappingLimit limit)
      throws RefusedException {
    guestAddress = untrustedGuestAddress;
    sizeBytes = untrustedSizeBytes;
    userAddress = untrustedUserAddress;
    offsetBytes = untrustedOffsetBytes;
    this.file = file;
    this.limit = limit;
    boolean counted = false;
    boolean mapped = false;
    try {
      if (sizeBytes <= 0
          || guestAddress < 0
          || offsetBytes < 0
          || guestAddress > Long.MAX_VALUE - sizeBytes
          || Long.compareUnsigned(userAddress, -sizeBytes) > 0) {
        throw new RefusedException(this + " is empty or wraps around");
      }
      if (!file.fd().status().isRegularFile()) {
        throw new RefusedException(this + " is in no regular file");
      }
      sealed = MemFd.isShrinkSealed(file.fd());
      limit.take(sizeBytes);
      counted = true;
      mapping = SharedMapping.of(file.fd(), offsetBytes, sizeBytes);
      mapped = true;
    } catch (LinuxException e) {
      throw new RefusedException(this + " can't be mapped: " + e.getMessage(), e);
    } finally {
      if (mapped) {
        file.fd().close();
      } else {
        file.drop();
        if (counted) {
          limit.giveBack(sizeBytes);
        }
      }
    }
  }

  SharedMapping mapping() {
    return mapping;
  }

  String storeName() {
    return file.name();
  }

  boolean isSameRange(long guest, long size, long user) {
    return guestAddress == guest && sizeBytes == size && userAddress == user;
  }

  boolean overlaps(MappedRegion other) {
    return guestAddress < other.guestAddress + other.sizeBytes
            && other.guestAddress < guestAddress + sizeBytes
        || Long.compareUnsigned(userAddress, other.userAddress + other.sizeBytes - 1) <= 0
            && Long.compareUnsigned(other.userAddress, userAddress + sizeBytes - 1) <= 0;
  }

  void retain() {
    holders.incrementAndGet();
  }

  void release() {
    if (holders.decrementAndGet() == 0) {
      mapping.close();
      limit.giveBack(sizeBytes);
    }
  }

  /** The table lets go, and the store drops the file. */
  void drop() {
    file.store().forget(file.name());
    release();
  }

  @Override
  public String toString() {
    return "the region of %#x bytes at %#x".formatted(sizeBytes, guestAddress);
  }
}
