package org.lodge.storage.internal;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.lodge.storage.ShareStatus;
import org.lodge.storage.ShareStatus.State;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestException;

/**
 * Says how it is with shares. Without the monitor of a guest's: its holder may wait for a guest.
 */
final class ShareStatuses {
  private final ShareDefinitions definitions;
  private final LiveGrants live;
  private final Offers offers;
  private final Devices devices;
  private final Mounts mounts;
  private final ShareGiver giver;
  private final StorageGuests keepers;

  ShareStatuses(
      ShareDefinitions definitions,
      LiveGrants live,
      Offers offers,
      Devices devices,
      Mounts mounts,
      ShareGiver giver,
      StorageGuests keepers) {
    this.definitions = definitions;
    this.live = live;
    this.offers = offers;
    this.devices = devices;
    this.mounts = mounts;
    this.giver = giver;
    this.keepers = keepers;
  }

  List<ShareStatus> list(Collection<GuestShares> guests) {
    Map<String, Given> all = new TreeMap<>();
    for (Grant grant : definitions.grants()) {
      all.put(key(grant), new Given(grant, State.DECLARED, ""));
    }
    for (GuestShares shares : guests) {
      for (Given given : List.copyOf(shares.given.values())) {
        if (!isOver(given)) {
          all.put(key(given.grant()), given);
        }
      }
    }
    List<ShareStatus> list = new ArrayList<>();
    all.values().forEach(given -> list.add(status(given)));
    return list;
  }

  /** It was taken back or added in vain, no definition names it, and the guest has let it go. */
  private boolean isOver(Given given) {
    boolean ended = given.state() == State.REVOKED || given.state() == State.FAILED;
    return ended && !live.isWanted(given.grant()) && !giver.hasDevice(given.grant());
  }

  private static String key(Grant grant) {
    return grant.share() + "/" + grant.guest();
  }

  ShareStatus status(Given given) {
    Grant grant = given.grant();
    return new ShareStatus(
        grant.share(),
        grant.guest(),
        grant.from(),
        grant.path(),
        grant.rules().readOnly(),
        grant.cache(),
        grant.mount(),
        isMountedBefore(given) ? State.GIVEN : given.state(),
        grant.declared(),
        trouble(given),
        counters(grant));
  }

  /** Before the guest rebooted itself, if not since. */
  private boolean isMountedBefore(Given given) {
    return given.state() == State.MOUNTED
        && !mounts.boot(given.grant().guest()).equals(Optional.of(given.boot()));
  }

  private Optional<String> trouble(Given given) {
    Grant grant = given.grant();
    Optional<String> own =
        Optional.of(given.trouble())
            .filter(trouble -> !trouble.isEmpty())
            .filter(trouble -> given.state() != State.REVOKED || giver.hasDevice(grant));
    Optional<String> refusal =
        grant.declared() ? definitions.refusal(grant.share()) : Optional.empty();
    boolean has = given.state() == State.GIVEN || given.state() == State.MOUNTED;
    return own.or(() -> refusal)
        .or(() -> has ? keepers.away(grant).or(() -> offers.trouble(grant)) : Optional.empty());
  }

  private List<DeviceStatus.Counter> counters(Grant grant) {
    try {
      return devices.list(grant.guest()).stream()
          .filter(device -> device.id().equals(grant.device()))
          .findFirst()
          .map(DeviceStatus::counters)
          .orElse(List.of());
    } catch (GuestException e) {
      return List.of();
    }
  }
}
