package org.lodge.vm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.lodge.vm.GuestListener;
import org.lodge.vm.GuestState;

class AnnouncerTest {
  private final SimulatedWorld world = new SimulatedWorld();
  private final Announcer announcer = new Announcer(world);
  private final GuestHarness guest = new GuestHarness(Example.guest("work"));

  @Test
  void aListenerThatFailsDoesNotKeepOthersFromHearing() {
    List<GuestState> heard = new ArrayList<>();
    announcer.add((status, before) -> {
      throw new IllegalStateException();
    });
    announcer.add((status, before) -> heard.add(before));
    announcer.changed(guest.actor.status(), GuestState.DEFINED);
    announcer.changed(guest.actor.status(), GuestState.CREATED);
    world.settle();
    assertEquals(List.of(GuestState.DEFINED, GuestState.CREATED), heard);
  }

  @Test
  void aListenerThatIsTooSlowLosesTheOldest() {
    List<GuestState> heard = new ArrayList<>();
    announcer.add((status, before) -> heard.add(before));
    announcer.changed(guest.actor.status(), GuestState.DEFINED);
    for (int i = 0; i < 1000; i++) {
      announcer.changed(guest.actor.status(), GuestState.RUNNING);
    }
    world.settle();
    assertEquals(1000, heard.size());
    assertEquals(GuestState.RUNNING, heard.getFirst());
  }

  @Test
  void aListenerThatHasLeftHearsNothing() {
    List<GuestState> heard = new ArrayList<>();
    GuestListener listener = (status, before) -> heard.add(before);
    announcer.add(listener);
    announcer.changed(guest.actor.status(), GuestState.DEFINED);
    announcer.remove(listener);
    world.settle();
    assertEquals(List.of(), heard);
  }
}
