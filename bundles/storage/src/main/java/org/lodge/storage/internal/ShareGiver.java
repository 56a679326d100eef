package org.lodge.storage.internal;

import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.lodge.filesystem.FileSystems;
import org.lodge.storage.ShareException;
import org.lodge.storage.ShareStatus.State;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives a guest a share, and takes it back: offers its files, plugs its device, mounts it. Called
 * with the monitor of the guest's shares but where it says otherwise, on threads that may wait.
 */
final class ShareGiver {
  private static final Logger LOG = LoggerFactory.getLogger(ShareGiver.class);
  private static final Duration LET_GO = Duration.ofSeconds(10);
  private static final Duration SOON = Duration.ofSeconds(3);

  private final Offers offers;
  private final FileSystems fileSystems;
  private final Devices devices;
  private final Mounts mounts;

  ShareGiver(Offers offers, FileSystems fileSystems, Devices devices, Mounts mounts) {
    this.offers = offers;
    this.fileSystems = fileSystems;
    this.devices = devices;
    this.mounts = mounts;
  }

  void give(GuestShares shares, Grant grant) {
    shares.missing.remove(grant.share());
    if (grant.isFromHost()) {
      LOG.warn(
          "Share {} gives guest {} the host's own directory {}: meant for development",
          grant.share(),
          grant.guest(),
          grant.path());
    }
    offers.grant(grant);
    try {
      plug(grant);
      shares.put(new Given(grant, State.GIVEN, ""));
      if (grant.mount().isPresent()) {
        shares.boot = mounts.boot(grant.guest()).orElse("");
        String boot = mounts.mount(grant, grant.mount().get());
        shares.boot = boot;
        shares.put(new Given(grant, State.MOUNTED, "", boot));
      }
      LOG.info("Guest {} has the share {}", grant.guest(), grant.share());
    } catch (IOException | ShareException e) {
      LOG.error(
          "Guest {} can't use the share {}: {}", grant.guest(), grant.share(), e.getMessage());
      shares.put(new Given(grant, State.FAILED, String.valueOf(e.getMessage())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void plug(Grant grant) throws ShareException, InterruptedException {
    try {
      if (!isPlugged(grant)) {
        Map<String, Object> config = new HashMap<>();
        config.put("share", grant.share());
        config.put("tag", grant.share());
        config.put("cache", grant.cache());
        config.put("acl", grant.rules().accessLists());
        grant.locks().ifPresent(locks -> config.put("locks", locks));
        devices.add(grant.guest(), grant.device(), "fs", config).get();
      }
    } catch (GuestException e) {
      throw new ShareException(e.getMessage(), e);
    } catch (ExecutionException e) {
      throw new ShareException(e.getCause().getMessage(), e.getCause());
    }
  }

  void takeBack(GuestShares shares, Given given) {
    Grant grant = given.grant();
    cutOff(grant);
    String trouble = "";
    try {
      if (given.state() == State.MOUNTED) {
        mounts.unmount(grant, grant.mount().get(), SOON);
      }
    } catch (IOException e) {
      LOG.warn("Guest {} keeps {} mounted: {}", grant.guest(), grant.share(), e.getMessage());
    }
    try {
      devices.remove(grant.guest(), grant.device(), LET_GO).get();
    } catch (ExecutionException e) {
      trouble = "the guest keeps the empty device: " + e.getCause().getMessage();
      LOG.warn("Guest {}: {}", grant.guest(), trouble);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    shares.put(new Given(grant, State.REVOKED, trouble));
    LOG.info("Guest {} has the share {} no more", grant.guest(), grant.share());
  }

  /**
   * Takes the files. To be done without the monitor: whoever has that may wait for the very guest,
   * which must not keep them for so long.
   */
  void cutOff(Grant grant) {
    offers.withdraw(grant);
    fileSystems.revoke(grant.guest(), grant.share());
  }

  /** What is told as failed must not be there for the guest to mount it by itself. */
  void undo(GuestShares shares, Grant grant, String trouble) {
    Given failed = new Given(grant, State.FAILED, trouble);
    cutOff(grant);
    try {
      if (isPlugged(grant)) {
        takeBack(shares, failed);
      }
    } catch (GuestException e) {
      LOG.debug("Guest {} is gone", grant.guest(), e);
    }
    shares.put(failed);
  }

  /** A guest that was running before this Lodge did has the device already. */
  boolean isPlugged(Grant grant) throws GuestException {
    return devices.list(grant.guest()).stream()
        .anyMatch(device -> device.id().equals(grant.device()));
  }

  boolean hasDevice(Grant grant) {
    try {
      return isPlugged(grant);
    } catch (GuestException e) {
      return false;
    }
  }
}
