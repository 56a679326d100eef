package org.lodge.vhostuser.internal;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.MemFd;
import org.lodge.linux.SharedMapping;

/**
 * Shared memory in which rings note the requests that are in flight, so that they can be served
 * again after a crash (vhost-user, "Inflight I/O tracking"). It belongs to the front-end where that
 * keeps one, and is ours alone otherwise.
 *
 * @param queueBytes the part of each queue
 */
record InflightArea(
    Held<Fd> file,
    SharedMapping mapping,
    long offsetBytes,
    int queues,
    int queueSize,
    long queueBytes) {
  static final int MAX_QUEUE_SIZE = 32768;
  private static final long MAX_BYTES = 1L << 30;

  /** A fresh area in a file that can't shrink. */
  static InflightArea create(
      String role, int queues, int queueSize, long queueBytes, DescriptorStore store)
      throws LinuxException {
    long sizeBytes = queues * queueBytes;
    Held<Fd> file = Held.of(role, MemFd.sealed("lodge-inflight", sizeBytes), store);
    try {
      return new InflightArea(
          file, SharedMapping.of(file.fd(), 0, sizeBytes), 0, queues, queueSize, queueBytes);
    } catch (LinuxException e) {
      file.drop();
      throw e;
    }
  }

  /** An area that a front-end gives back, or that an earlier process kept; owns the file. */
  static InflightArea of(
      Held<Fd> file,
      long untrustedSizeBytes,
      long untrustedOffsetBytes,
      int queues,
      int queueSize,
      long queueBytes)
      throws RefusedException {
    boolean good = false;
    try {
      long neededBytes = queues * queueBytes;
      if (untrustedSizeBytes < neededBytes || untrustedSizeBytes > MAX_BYTES) {
        throw new RefusedException(
            "an inflight area of %d bytes; %d queues of %d need %d"
                .formatted(untrustedSizeBytes, queues, queueSize, neededBytes));
      }
      if (!MemFd.isShrinkSealed(file.fd())) {
        throw new RefusedException("the inflight area is not sealed against shrinking");
      }
      if (untrustedOffsetBytes % 64 != 0) {
        throw new RefusedException("the inflight area is not aligned: " + untrustedOffsetBytes);
      }
      InflightArea area =
          new InflightArea(
              file,
              SharedMapping.of(file.fd(), untrustedOffsetBytes, neededBytes),
              untrustedOffsetBytes,
              queues,
              queueSize,
              queueBytes);
      good = true;
      return area;
    } catch (LinuxException e) {
      throw new RefusedException("the inflight area can't be mapped: " + e.getMessage(), e);
    } finally {
      if (!good) {
        file.drop();
      }
    }
  }

  /** The part of a queue, if this area has one for it. */
  Optional<MemorySegment> part(int index) {
    return index < queues
        ? Optional.of(mapping.segment().asSlice(index * queueBytes, queueBytes))
        : Optional.empty();
  }

  long sizeBytes() {
    return queues * queueBytes;
  }

  void drop() {
    mapping.close();
    file.drop();
  }

  void close() {
    mapping.close();
    file.fd().close();
  }
}
