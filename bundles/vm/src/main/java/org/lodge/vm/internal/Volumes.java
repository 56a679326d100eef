package org.lodge.vm.internal;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestVolumes;
import org.lodge.vm.VolumeUse;

/** The volumes of guests, for guests that have any; others need no keeper of volumes. */
final class Volumes {
  static final String NAME = "volumes";

  /** While Lodge starts, a device may be wanted before the volumes are there. */
  private static final Duration SERVICE_WAIT = Duration.ofSeconds(20);

  private static final GuestVolumes.Held NONE =
      new GuestVolumes.Held() {
        @Override
        public Path file(String volume) {
          throw new IllegalArgumentException(volume);
        }

        @Override
        public void close() {}
      };

  private final Services<GuestVolumes> services;

  Volumes(Services<GuestVolumes> services) {
    this.services = services;
  }

  GuestVolumes.Held start(String guest, Definition definition)
      throws GuestException, InterruptedException {
    List<VolumeUse> uses = definition.volumes();
    Definition.Revert revert = definition.revert();
    return uses.isEmpty() ? NONE : keeper(guest).start(guest, uses, revert.keep(), revert.copy());
  }

  GuestVolumes.Held open(String guest, List<VolumeUse> uses)
      throws GuestException, InterruptedException {
    return uses.isEmpty() ? NONE : keeper(guest).open(guest, uses);
  }

  /** As {@link #open} where somebody keeps volumes now; without, nobody changes any. */
  GuestVolumes.Held openNow(String guest, List<VolumeUse> uses) throws GuestException {
    Optional<GuestVolumes> keeper = uses.isEmpty() ? Optional.empty() : services.now(NAME);
    return keeper.isPresent() ? keeper.get().open(guest, uses) : NONE;
  }

  private GuestVolumes keeper(String guest) throws GuestException, InterruptedException {
    return services
        .await(NAME, SERVICE_WAIT)
        .orElseThrow(() -> new GuestException(guest, "volume", "the bundle storage is not active"));
  }
}
