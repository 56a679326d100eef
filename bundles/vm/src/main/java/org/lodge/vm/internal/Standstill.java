package org.lodge.vm.internal;

import java.util.Collection;
import java.util.List;
import org.lodge.agent.GuestService;
import org.lodge.agent.GuestServices;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Says which guests are paused, so that nobody waits for them; what they offer is elsewhere. */
@Component
public final class Standstill implements GuestServices {
  private final GuestsService guests;

  @Activate
  public Standstill(@Reference GuestsService guests) {
    this.guests = guests;
  }

  @Override
  public Collection<GuestService> of(String guest) {
    return List.of();
  }

  @Override
  public boolean isPaused(String guest) {
    return guests.isPaused(guest);
  }
}
