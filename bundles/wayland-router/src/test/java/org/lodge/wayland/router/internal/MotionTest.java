package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lodge.wayland.protocol.opcode.WlPointer;
import org.lodge.wayland.protocol.opcode.WlSeat;

/** What a program is told of a pointer while it reads nothing, and after. */
class MotionTest {
  private final Rig rig = Rig.plain();
  private int first;
  private int second;

  @BeforeEach
  void aProgramThatDoesNotRead() throws Exception {
    int seat = rig.bind(rig.registry(), "wl_seat", 5);
    first = pointer(seat);
    second = pointer(seat);
    rig.sync();
    rig.client.connection.queuedBytes = 1 << 20;
  }

  private int pointer(int seat) {
    int pointer = rig.id("wl_pointer");
    rig.client.send(seat, WlSeat.GET_POINTER, pointer);
    return pointer;
  }

  @Test
  void isTheLastMotionOnly() throws Exception {
    for (int time = 1; time <= 100; time++) {
      move(first, time);
      rig.compositor.send(first, WlPointer.EVENT_FRAME);
    }
    rig.sync();
    assertEquals(List.of(), said());
    theProgramReads();
    assertEquals(List.of(motion(first, 100), "wl_pointer@" + first + ".frame()"), said());
  }

  @Test
  void isNotMixedWithThatOfAnotherPointer() throws Exception {
    move(first, 1);
    move(first, 2);
    move(second, 3);
    rig.sync();
    assertEquals(List.of(motion(first, 2)), said());
    theProgramReads();
    assertEquals(List.of(motion(first, 2), motion(second, 3)), said());
  }

  @Test
  void comesBeforeTheButtonThatIsPressedThere() throws Exception {
    move(first, 1);
    move(first, 2);
    rig.compositor.send(first, WlPointer.EVENT_BUTTON, 7, 3, 0x110, 1);
    rig.sync();
    assertEquals(
        List.of(motion(first, 2), "wl_pointer@" + first + ".button(7, 3, 272, 1)"), said());
  }

  @Test
  void isNothingOnceThePointerIsReleased() throws Exception {
    move(first, 1);
    batchEnds();
    rig.client.send(first, WlPointer.RELEASE);
    rig.sync();
    theProgramReads();
    assertEquals(List.of(), said());
  }

  private void theProgramReads() throws Exception {
    rig.client.connection.queuedBytes = 0;
    batchEnds();
  }

  /** The end of a batch comes after the answers in it are sent, and before the next is handled. */
  private void batchEnds() throws Exception {
    rig.sync();
    rig.sync();
  }

  private void move(int pointer, int time) {
    rig.compositor.send(pointer, WlPointer.EVENT_MOTION, time, time << 8, 0);
  }

  private static String motion(int pointer, int time) {
    return "wl_pointer@" + pointer + ".motion(" + time + ", " + time + ".000, 0.000)";
  }

  private List<String> said() {
    synchronized (rig.client) {
      return rig.client.log.stream().filter(line -> line.startsWith("wl_pointer@")).toList();
    }
  }
}
