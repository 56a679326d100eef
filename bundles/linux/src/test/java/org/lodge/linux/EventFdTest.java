package org.lodge.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.linux.internal.LibC;

@Timeout(10)
class EventFdTest {

  @Test
  void manySignalsAreTakenAtOnce() throws Exception {
    try (EventFd event = EventFd.create()) {
      assertFalse(event.drain());
      assertTrue(event.signal());
      assertTrue(event.signal());
      assertTrue(event.await(1000));
      assertFalse(event.await(0));
    }
  }

  @Test
  void aDuplicateIsTheSameCounterWithItsOwnEnd() throws Exception {
    EventFd event = EventFd.create();
    try (EventFd other = EventFd.adopt(event.duplicate())) {
      assertNotEquals(event.number(), other.number());
      event.signal();
      event.close();
      assertTrue(other.drain());
    }
  }

  @Test
  void anotherKindOfDescriptorIsRefusedAndClosed() throws Exception {
    try (MemFd memory = MemFd.sealed("test", 4096)) {
      Fd copy = memory.duplicate();
      assertThrows(LinuxException.class, () -> EventFd.adopt(copy));
      assertFalse(copy.isOpen());
    }
  }

  @Test
  void aClosedOneTakesNoSignalAndItsNumberIsNeverReused() throws Exception {
    EventFd event = EventFd.create();
    int number = event.number();
    event.close();
    try (EventFd successor = EventFd.create()) {
      assertEquals(number, successor.number());
      event.close();
      assertFalse(event.signal());
      assertFalse(successor.drain());
      assertThrows(IllegalStateException.class, event::number);
    }
  }

  @Test
  void aDrainDoesNotWaitWhereThePeerHasMadeTheFileBlocking() throws Exception {
    try (EventFd event = EventFd.create()) {
      LibC.fcntl(event.number(), LibC.F_SETFL, 0);
      assertFalse(event.drain());
      event.signal();
      assertTrue(event.drain());
    }
  }

  @Test
  void aThreadThatThePeerHoldsIsFreed() throws Exception {
    EventFd event = EventFd.create();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment most = arena.allocate(8, 8);
      most.set(ValueLayout.JAVA_LONG, 0, -2);
      LibC.write(event.number(), most.address(), 8);
      LibC.fcntl(event.number(), LibC.F_SETFL, 0);
      Thread held = Thread.ofPlatform().daemon().start(event::signal);
      while (!event.isCalled()) {
        Thread.onSpinWait();
      }
      event.close();
      while (held.isAlive()) {
        event.freeHeld();
        Thread.onSpinWait();
      }
      assertFalse(event.freeHeld());
    }
  }
}
