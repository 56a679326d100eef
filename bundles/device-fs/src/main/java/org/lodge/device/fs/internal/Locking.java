package org.lodge.device.fs.internal;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileLock;
import org.lodge.filesystem.FileSystem;

/**
 * Locks: decodes {@code struct fuse_lk_in} and keeps the requests that wait for one. A request that
 * waits keeps no thread: whoever lets the lock go answers it. Thread-safe.
 */
final class Locking {
  /** A result: the request is answered later, or has been. */
  static final int LATER = Integer.MIN_VALUE;

  private static final int LK = 16;

  private final FileSystem files;
  private final Set<FsRequest> waiting = ConcurrentHashMap.newKeySet();

  Locking(FileSystem files) {
    this.files = files;
  }

  int test(FsRequest request, Lane lane) {
    if (!decode(lane)) {
      return -Errno.EINVAL;
    }
    FileLock lock = lane.lock;
    int result = files.testLock(request.untrustedNode, lock);
    if (result == 0) {
      lane.out.putLong(lock.first).putLong(lock.last).putInt(lock.type).putInt(lock.pid);
    }
    return result;
  }

  int set(FsRequest request, Lane lane) {
    return decode(lane) ? files.lock(request.untrustedNode, lane.lock, null) : -Errno.EINVAL;
  }

  int setOrWait(FsRequest request, Lane lane) {
    if (!decode(lane)) {
      return -Errno.EINVAL;
    }
    // Before the lock is asked for, as the answer may be there before the call is over.
    waiting.add(request);
    int result = files.lock(request.untrustedNode, lane.lock, request);
    if (result != FileSystem.WAITING) {
      waiting.remove(request);
      return result;
    }
    if (request.queue.isStopping()) {
      handBack(request);
    }
    return LATER;
  }

  private static boolean decode(Lane lane) {
    Arguments in = lane.in;
    FileLock lock = lane.lock;
    lock.handle = in.getLong(0);
    lock.owner = in.getLong(8);
    lock.first = in.getLong(LK);
    lock.last = in.getLong(LK + 8);
    lock.type = in.getInt(LK + 16);
    lock.pid = in.getInt(LK + 20);
    lock.wholeFile = (in.getInt(LK + 24) & Fuse.LK_FLOCK) != 0;
    boolean knownType = lock.type >= FileLock.READ && lock.type <= FileLock.UNLOCK;
    return knownType && lock.first >= 0 && lock.last >= lock.first;
  }

  /** The request is about to be answered. */
  void over(FsRequest request) {
    waiting.remove(request);
  }

  /** Whether a request of this number waited; it is answered now. */
  boolean interrupt(long untrustedUnique) {
    for (FsRequest each : waiting) {
      if (each.unique == untrustedUnique && files.stopWaiting(each)) {
        each.lockAnswered(-Errno.EINTR);
        return true;
      }
    }
    return false;
  }

  /** Lets the requests of a queue that is stopping begin anew with its next start. */
  void handBack(FsQueue queue) {
    for (FsRequest each : waiting) {
      if (each.queue == queue) {
        handBack(each);
      }
    }
  }

  private void handBack(FsRequest request) {
    if (files.stopWaiting(request)) {
      waiting.remove(request);
      request.chain.handBack();
    }
  }
}
