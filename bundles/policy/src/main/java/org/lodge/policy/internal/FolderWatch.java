package org.lodge.policy.internal;

import static java.nio.file.StandardWatchEventKinds.ENTRY_CREATE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_DELETE;
import static java.nio.file.StandardWatchEventKinds.ENTRY_MODIFY;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Calls back after each burst of changes in one folder, by inotify. While the folder is not there,
 * its parent is watched; where neither can be, the callback comes every two seconds.
 */
final class FolderWatch implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FolderWatch.class);
  private static final long SETTLE_MILLIS = 60;
  private static final long MAX_SETTLE_MILLIS = 1000;
  private static final long FALLBACK_MILLIS = 2000;

  private final Path folder;
  private final Runnable changed;
  private final WatchService service;
  private WatchKey folderKey;
  private WatchKey parentKey;
  private final Thread thread;

  FolderWatch(Path folder, Runnable changed) {
    this.folder = folder;
    this.changed = changed;
    this.service = open(folder);
    // Registered before the caller reads the folder, so that no change falls between.
    watchAll();
    this.thread = Thread.ofVirtual().name("policy-watch").start(this::run);
  }

  private static WatchService open(Path folder) {
    try {
      return folder.getFileSystem().newWatchService();
    } catch (IOException e) {
      LOG.warn(
          "Policy files are looked at every {} ms, as inotify can't be had ({}); raise fs.inotify.max_user_instances",
          FALLBACK_MILLIS,
          e.toString());
      return null;
    }
  }

  private boolean watchAll() {
    parentKey = watch(folder.getParent(), parentKey);
    folderKey = watch(folder, folderKey);
    return folderKey != null || parentKey != null && Files.notExists(folder);
  }

  private WatchKey watch(Path path, WatchKey known) {
    if (service == null || known != null && known.isValid()) {
      return known;
    }
    try {
      return path.register(service, ENTRY_CREATE, ENTRY_DELETE, ENTRY_MODIFY);
    } catch (IOException e) {
      return null;
    }
  }

  private void run() {
    try {
      while (true) {
        if (awaitChange(watchAll())) {
          settle();
        }
        watchAll();
        changed.run();
      }
    } catch (ClosedWatchServiceException | InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      LOG.error("Policy files are no longer watched; restart Lodge to read changes", e);
    }
  }

  private boolean awaitChange(boolean watched) throws InterruptedException {
    if (service == null) {
      TimeUnit.MILLISECONDS.sleep(FALLBACK_MILLIS);
      return false;
    }
    return drain(watched ? service.take() : service.poll(FALLBACK_MILLIS, TimeUnit.MILLISECONDS));
  }

  /** An editor's save is several events, and the files are whole only after the last. */
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
