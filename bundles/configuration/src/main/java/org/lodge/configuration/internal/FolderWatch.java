package org.lodge.configuration.internal;

import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_DELETE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls back once per burst of changes in the watched folders, by inotify. A folder that is not
 * there yet is waited for in its parent; only where inotify can't be had (its limits, a network
 * file system's refusal) is everything looked at every two seconds.
 */
final class FolderWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FolderWatch.class);
  private static final long SETTLE_MILLIS = 60;
  private static final long MAX_SETTLE_MILLIS = 1000;
  private static final long FALLBACK_MILLIS = 2000;

  private final Path root;
  private final Runnable changed;
  private final WatchService service;
  private final Thread thread;
  private final Set<Path> folders = new HashSet<>();
  private final Map<Path, WatchKey> keys = new HashMap<>();
  private boolean everythingWatched = true;

  FolderWatch(Path root, Runnable changed) {
    this.root = root;
    this.changed = changed;
    this.service = open(root);
    this.thread = Thread.ofVirtual().name("configuration-watch").start(this::run);
  }

  private static WatchService open(Path root) {
    try {
      return root.getFileSystem().newWatchService();
    } catch (IOException e) {
      LOG.warn(
          "Configuration is looked at every {} ms, as inotify can't be had ({}); raise fs.inotify.max_user_instances",
          FALLBACK_MILLIS,
          e.toString());
      return null;
    }
  }

  synchronized void add(Path folder) {
    folders.add(folder);
    watchAll();
  }

  synchronized void remove(Path folder) {
    folders.remove(folder);
    WatchKey key = keys.remove(folder);
    if (key != null) {
      key.cancel();
    }
  }

  /** Watches every folder that is there, and the nearest parent of one that is not. */
  private synchronized void watchAll() {
    keys.values().removeIf(key -> !key.isValid());
    boolean all = service != null;
    for (Path folder : folders) {
      all &= watch(root);
      all &= !Files.isDirectory(folder) || watch(folder);
    }
    everythingWatched = all;
  }

  private boolean watch(Path folder) {
    if (service == null) {
      return false;
    }
    WatchKey known = keys.get(folder);
    if (known != null && known.isValid()) {
      return true;
    }
    try {
      keys.put(folder, folder.register(service, ENTRY_CREATE, ENTRY_DELETE, ENTRY_MODIFY));
      return true;
    } catch (IOException | ClosedWatchServiceException e) {
      return false;
    }
  }

  private void run() {
    try {
      while (true) {
        if (awaitChange()) {
          settle();
        }
        watchAll();
        changed.run();
      }
    } catch (ClosedWatchServiceException | InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.error("Configuration files are no longer watched; restart Lodge to read changes", e);
    }
  }

  /** True on an event, false where it is only time to look. */
  private boolean awaitChange() throws InterruptedException {
    boolean blind;
    synchronized (this) {
      blind = !everythingWatched;
    }
    if (service == null) {
      TimeUnit.MILLISECONDS.sleep(FALLBACK_MILLIS);
      return false;
    }
    WatchKey key = blind ? service.poll(FALLBACK_MILLIS, TimeUnit.MILLISECONDS) : service.take();
    return drain(key);
  }

  /** An editor's save is several events: the last of them counts. */
  private void settle() throws InterruptedException {
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(MAX_SETTLE_MILLIS);
    while (System.nanoTime() < end && drain(service.poll(SETTLE_MILLIS, TimeUnit.MILLISECONDS))) {
      continue;
    }
  }

  private static boolean drain(WatchKey key) {
    if (key == null) {
      return false;
    }
    key.pollEvents();
    key.reset();
    return true;
  }

  @Override
  public void close() {
    thread.interrupt();
    if (service != null) {
      try {
        service.close();
      } catch (IOException e) {
        LOG.debug("Closing the watch", e);
      }
    }
  }
}
