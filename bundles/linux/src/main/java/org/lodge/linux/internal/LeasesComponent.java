package org.lodge.linux.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.linux.BlockFile;
import org.lodge.linux.FileLeases;
import org.lodge.linux.LinuxException;
import org.osgi.service.component.annotations.Component;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The files that are taken, by what they are and not by what they are called. */
@Component
public final class LeasesComponent implements FileLeases {
  private static final Logger log = LoggerFactory.getLogger(LeasesComponent.class);

  private final List<Taken> all = new ArrayList<>();

  /** One owner's use of one file, and how often it was taken. */
  private static final class Taken {
    final Object file;
    final boolean writing;
    final String owner;
    final BlockFile locked;
    int count = 1;

    Taken(Object file, boolean writing, String owner, BlockFile locked) {
      this.file = file;
      this.writing = writing;
      this.owner = owner;
      this.locked = locked;
    }
  }

  @Override
  public synchronized Lease take(Path path, boolean writing, String owner) throws LinuxException {
    BlockFile opened = BlockFile.open(path, false, false);
    boolean kept = false;
    try {
      Object file = identity(opened);
      for (Taken each : all) {
        boolean same = each.file.equals(file);
        if (same && each.owner.equals(owner) && each.writing == writing) {
          each.count++;
          return leaseOf(each);
        }
        if (same && !each.owner.equals(owner) && (each.writing || writing)) {
          throw inUse(path, (each.writing ? "written" : "read") + " by " + each.owner);
        }
      }
      lock(path, opened, writing);
      Taken taken = new Taken(file, writing, owner, opened);
      all.add(taken);
      kept = true;
      return leaseOf(taken);
    } finally {
      if (!kept) {
        opened.close();
      }
    }
  }

  private static Object identity(BlockFile opened) throws LinuxException {
    try {
      Map<String, Object> unix =
          Files.readAttributes(Path.of("/proc/self/fd/" + opened.number()), "unix:dev,ino,rdev");
      return opened.isBlockDevice()
          ? List.of(unix.get("rdev"))
          : List.of(unix.get("dev"), unix.get("ino"));
    } catch (IOException e) {
      throw new LinuxException("stat " + opened, LinuxException.EINVAL, e.toString());
    }
  }

  private static void lock(Path path, BlockFile opened, boolean writing) throws LinuxException {
    boolean free;
    try {
      free = ImageLocks.lock(opened.number(), writing);
    } catch (LinuxException e) {
      log.warn("{} can't be locked, so other programs may use it too: {}", path, e.getMessage());
      return;
    }
    if (!free) {
      throw inUse(path, "in use by another program, such as a QEMU or another Lodge");
    }
  }

  private static LinuxException inUse(Path path, String how) {
    return new LinuxException(
        "lock " + path,
        LinuxException.EAGAIN,
        "it is "
            + how
            + "; a file that one writes is for that one alone, while any number may share"
            + " one that all only read");
  }

  private Lease leaseOf(Taken taken) {
    AtomicBoolean open = new AtomicBoolean(true);
    return () -> {
      if (open.getAndSet(false)) {
        release(taken);
      }
    };
  }

  private synchronized void release(Taken taken) {
    if (--taken.count == 0) {
      all.remove(taken);
      taken.locked.close();
    }
  }
}
