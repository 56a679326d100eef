package org.lodge.vm.internal;

import org.lodge.agent.AgentListener;
import org.lodge.agent.AgentSession;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Hands on to a guest's actor what its agent says of it. */
@Component
public final class AgentNews implements AgentListener {
  private final GuestsService guests;

  @Activate
  public AgentNews(@Reference GuestsService guests) {
    this.guests = guests;
  }

  @Override
  public void connected(AgentSession session) {
    guests.heard(session.guest(), Machine.Marker.USER_SPACE);
  }

  @Override
  public void ready(String guest) {
    guests.heard(guest, Machine.Marker.READY);
  }
}
