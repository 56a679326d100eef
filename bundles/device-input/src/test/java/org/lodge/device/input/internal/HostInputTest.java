package org.lodge.device.input.internal;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.linux.Epoll;
import org.lodge.linux.EventFd;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.fixture.TestTransport;

/** A device of the host's, played by a test; no real one was at hand. */
@Timeout(20)
class HostInputTest {
  private static final int A = 30;
  private static final int B = 48;
  private static final int ENODEV = 19;
  private static final Duration SOON = Duration.ofSeconds(10);

  private final InputDriver driver = new InputDriver();

  @AfterEach
  void close() {
    driver.close();
  }

  /** What it says is read as the kernel would say it, and it knows who holds it. */
  private static final class Played implements HostInput.Source {
    private final EventFd news;
    private final Queue<long[]> said = new ArrayDeque<>();
    private final BitSet down = new BitSet();
    final List<Integer> lit = new ArrayList<>();
    private int x;
    private boolean unplugged;
    volatile boolean grabbed;
    volatile boolean closed;

    Played() throws LinuxException {
      news = EventFd.create();
    }

    synchronized void say(long... events) {
      said.add(events);
      news.signal();
    }

    synchronized void hold(int... codes) {
      down.clear();
      for (int code : codes) {
        down.set(code);
      }
    }

    synchronized void unplug() {
      unplugged = true;
      news.signal();
    }

    @Override
    public void grab(boolean alone) {
      grabbed = alone;
    }

    @Override
    public boolean await(EventFd stop) throws LinuxException {
      try (Epoll both = Epoll.create()) {
        both.add(stop, Epoll.READABLE, 0);
        both.add(news, Epoll.READABLE, 1);
        int count = both.await(-1);
        for (int i = 0; i < count; i++) {
          if (both.token(i) == 0) {
            return false;
          }
        }
        return true;
      }
    }

    @Override
    public synchronized int read(long[] into) throws LinuxException {
      if (unplugged) {
        throw new LinuxException("read", ENODEV, "it is unplugged");
      }
      long[] next = said.poll();
      if (next == null) {
        news.drain();
        return 0;
      }
      System.arraycopy(next, 0, into, 0, next.length);
      return next.length;
    }

    @Override
    public synchronized BitSet keysDown() {
      return (BitSet) down.clone();
    }

    @Override
    public synchronized int axis(int code) {
      return x;
    }

    @Override
    public synchronized void light(int code, boolean on) {
      lit.add(on ? code : -code);
    }

    @Override
    public void close() {
      closed = true;
    }
  }

  private static InputModel model() {
    BitSet keys = new BitSet();
    keys.set(1, 100);
    BitSet axis = new BitSet();
    axis.set(Event.ABS_X);
    BitSet lights = new BitSet();
    lights.set(1);
    return new InputModel(
        "host",
        "Some keyboard",
        "kbd",
        new byte[] {3, 0, 1, 2, 3, 4, 5, 6},
        Map.of(Event.KEY, keys, Event.ABS, axis, Event.LED, lights),
        Map.of(Event.ABS_X, new InputModel.Axis(-5, 700, 1, 2, 3)));
  }

  private Played start() throws Exception {
    Played played = new Played();
    driver.device = new InputDevice(model(), played, true);
    driver.transport.start(driver.device, TestTransport.SPLIT, 64);
    return played;
  }

  private static long key(int code, int value) {
    return Event.of(Event.KEY, code, value);
  }

  /** Reads until so many events have come. */
  private List<Long> read(int count) throws Exception {
    List<Long> events = new ArrayList<>(driver.read(count));
    while (events.size() < count) {
      assertTrue(driver.transport.serveWoken(0, SOON), "nothing more than " + events);
      events.addAll(driver.read(count - events.size()));
    }
    return events;
  }

  @Test
  void theGuestSeesTheHostsDevice() throws Exception {
    start();
    assertEquals("Some keyboard", new String(driver.select(1, 0)));
    assertArrayEquals(new byte[] {3, 0, 1, 2, 3, 4, 5, 6}, driver.select(3, 0));
    ByteBuffer axis = ByteBuffer.wrap(driver.select(0x12, 0)).order(ByteOrder.LITTLE_ENDIAN);
    assertEquals(-5, axis.getInt());
    assertEquals(700, axis.getInt());
    assertEquals(1, axis.getInt());
  }

  @Test
  void framesComeWholeAndWithoutWhatTheGuestDoesNotKnow() throws Exception {
    Played played = start();
    played.say(key(A, 1), Event.of(4, 4, 458756), 0, key(A, 2), 0, key(500, 1), 0, key(A, 0));
    played.say(Event.of(Event.ABS, 0, 9), 0);
    assertEquals(List.of(key(A, 1), 0L, key(A, 0), Event.of(Event.ABS, 0, 9), 0L), read(5));
    assertTrue(played.grabbed);
    driver.status(new byte[] {0x11, 0, 1, 0, 1, 0, 0, 0});
    assertEquals(List.of(1), played.lit);
  }

  @Test
  void whatTheKernelHasDroppedIsMadeUpForByTheDifference() throws Exception {
    Played played = start();
    played.say(key(A, 1), 0);
    assertEquals(List.of(key(A, 1), 0L), read(2));
    played.hold(B);
    played.say(key(2, 1), Event.of(Event.SYN, 3, 0), key(3, 1), 0, key(4, 1), 0);
    assertEquals(List.of(key(A, 0), key(B, 1), 0L, key(4, 1), 0L), read(5));
  }

  @Test
  void aKeyThatIsDownWhenTheLogicIsReplacedIsLetGoOfByTheNext() throws Exception {
    Played played = start();
    played.say(key(A, 1), 0);
    assertEquals(List.of(key(A, 1), 0L), read(2));
    Played same = new Played();
    InputDevice next = new InputDevice(model(), same, true);
    driver.transport.swap(next, SOON);
    driver.device = next;
    assertFalse(played.grabbed);
    assertTrue(played.closed);
    assertEquals(List.of(key(A, 0), 0L), read(2));
    assertTrue(same.grabbed);
  }

  @Test
  void aDeviceThatIsUnpluggedLetsAllKeysGoAndIsTold() throws Exception {
    Played played = start();
    played.say(key(A, 1), 0);
    assertEquals(List.of(key(A, 1), 0L), read(2));
    played.unplug();
    assertEquals(List.of(key(A, 0), 0L), read(2));
    assertTrue(driver.device.trouble().orElseThrow().contains("unplugged"));
  }

  @Test
  void whatIsNoEventDeviceIsRefusedWithTheKey() {
    DeviceException refused =
        assertThrows(
            DeviceException.class,
            () -> driver.create(Map.of("kind", "host", "path", "/dev/null")));
    assertTrue(refused.getMessage().contains("path"), refused.getMessage());
    assertThrows(DeviceException.class, () -> driver.create(Map.of("kind", "host")));
  }
}
