package org.lodge.device.input.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.RingException;
import org.lodge.virtio.fixture.GuestArena;
import org.lodge.virtio.fixture.TestTransport;

/** A guest's driver of an input device, that reads when it is told to. */
final class InputDriver implements AutoCloseable {
  private static final int QUEUE_SIZE = 64;

  private final GuestArena guest = new GuestArena(1 << 16);
  final TestTransport transport = new TestTransport(guest);
  private final long buffer = guest.allocate(8, 8);
  private final long statusBuffer = guest.allocate(128, 8);

  /** Whether a buffer is with the device. */
  private boolean waiting;

  Device device;

  InputDriver start(String kind) throws Exception {
    device = create(Map.of("kind", kind));
    transport.start(device, TestTransport.SPLIT, QUEUE_SIZE);
    return this;
  }

  Device create(Map<String, Object> config) throws DeviceException {
    return new InputFactory().create(new DeviceConfig("work", "kbd", config), transport);
  }

  void swap() throws Exception {
    Device next = create(Map.of("kind", "keyboard"));
    transport.swap(next, Duration.ofSeconds(5));
    device = next;
  }

  String use(String command, Map<String, Object> arguments) throws Exception {
    String done = device.control(command, new DeviceConfig("work", "kbd", arguments));
    transport.serveWoken(0, Duration.ZERO);
    return done;
  }

  /** Offers one buffer after another, as long as there is an event for it; gives the events. */
  List<Long> read(int most) throws RingException {
    List<Long> events = new ArrayList<>();
    while (events.size() < most) {
      if (!waiting) {
        transport.driver(0).add(new long[] {buffer}, new int[] {8}, 0, 1);
        transport.kick(0);
        waiting = true;
      }
      transport.serveWoken(0, Duration.ZERO);
      if (!transport.driver(0).takeUsed()) {
        return events;
      }
      waiting = false;
      events.add(memory().get(ValueLayout.JAVA_LONG, 0));
    }
    return events;
  }

  private MemorySegment memory() {
    return guest.at(buffer, 8);
  }

  void status(byte[] bytes) throws RingException {
    guest.put(statusBuffer, bytes);
    transport.driver(1).add(new long[] {statusBuffer}, new int[] {bytes.length}, 1, 0);
    transport.kick(1);
    if (!transport.driver(1).takeUsed()) {
      throw new AssertionError("a status was not taken");
    }
  }

  byte[] select(int select, int subSelect) throws DeviceException {
    device.writeConfig(0, ByteBuffer.wrap(new byte[] {(byte) select, (byte) subSelect}));
    ByteBuffer space = ByteBuffer.allocate(136).order(ByteOrder.LITTLE_ENDIAN);
    device.readConfig(0, space);
    return Arrays.copyOfRange(space.array(), 8, 8 + (space.get(2) & 0xff));
  }

  @Override
  public void close() {
    transport.close();
    guest.close();
  }
}
