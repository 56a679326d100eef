package org.lodge.device.input.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.lodge.virtio.Counter;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.Virtqueue;

/**
 * A keyboard, mouse or tablet (virtio 1.2 section 5.8). This class is the device's life, its
 * configuration space and its two queues; {@link InputModel} is what it can do, {@link Hands} or
 * {@link HostInput} uses it.
 *
 * <pre>
 * configuration: 0 u8 select  1 u8 subsel  2 u8 size  8 u8[128] what was selected
 * </pre>
 */
final class InputDevice implements Device {
  private static final int EVENTS = 0;
  private static final int CONFIG_BYTES = 136;
  private static final int DATA = 8;
  private static final int STATE_VERSION = 2;
  private static final int STATE_BYTES = 2 + 4;

  private final InputModel model;
  private final EventQueue events = new EventQueue();
  private final Hands hands;

  /** Null where events come from commands. */
  private final HostInput host;

  private final AtomicLong given = new AtomicLong();
  private final byte[] word = new byte[Event.BYTES];
  private final byte[] status = new byte[Event.BYTES];
  private volatile Virtqueue eventQueue;
  private volatile int lights;
  private int select;
  private int subSelect;
  private boolean takesOver;

  InputDevice(InputModel model) {
    this.model = model;
    hands = new Hands(model, events);
    host = null;
  }

  /** One whose events are those of a device of the host's, which is this one's to close. */
  InputDevice(InputModel model, HostInput.Source source, boolean alone) {
    this.model = model;
    hands = new Hands(model, events);
    host = new HostInput(source, alone, model, events);
  }

  @Override
  public long features() {
    return 0;
  }

  @Override
  public int queueCount() {
    return 2;
  }

  @Override
  public int configSizeBytes() {
    return CONFIG_BYTES;
  }

  @Override
  public void readConfig(int offset, ByteBuffer into) {
    byte[] selected = model.select(select, subSelect);
    ByteBuffer space = ByteBuffer.allocate(CONFIG_BYTES);
    space.put((byte) select).put((byte) subSelect).put((byte) selected.length);
    space.put(DATA, selected);
    into.put(space.clear().slice(offset, into.remaining()));
  }

  @Override
  public void writeConfig(int offset, ByteBuffer untrustedBytes) throws DeviceException {
    if (offset + untrustedBytes.remaining() > 2) {
      throw new DeviceException("config-write", "only select and subsel can be written");
    }
    for (int at = offset; untrustedBytes.hasRemaining(); at++) {
      int value = untrustedBytes.get() & 0xff;
      if (at == 0) {
        select = value;
      } else {
        subSelect = value;
      }
    }
  }

  @Override
  public void start(long acceptedFeatures) {
    if (!takesOver) {
      events.clear();
      lights = 0;
    }
    takesOver = false;
  }

  @Override
  public void startQueue(Virtqueue queue) {
    if (queue.index() == EVENTS) {
      eventQueue = queue;
      if (host != null) {
        host.begin(queue::wake);
      }
    }
  }

  @Override
  public boolean stopQueue(Virtqueue queue, Duration limit) {
    if (queue.index() == EVENTS && host != null) {
      host.end();
    }
    return queue.awaitIdle(limit);
  }

  @Override
  public void serve(Virtqueue queue) throws RingException {
    if (queue.index() == EVENTS) {
      giveEvents(queue);
    } else {
      takeStatus(queue);
    }
  }

  /** Takes no buffer for which there is no event: they stay with the driver. */
  private void giveEvents(Virtqueue queue) throws RingException {
    while (!events.isEmpty()) {
      DescriptorChain chain = queue.poll();
      if (chain == null) {
        return;
      }
      if (chain.writableBytes() < Event.BYTES) {
        chain.complete(0);
        throw new RingException(RingFault.BAD_REQUEST, "a buffer that no event fits into");
      }
      ByteBuffer.wrap(word).order(ByteOrder.LITTLE_ENDIAN).putLong(0, events.take());
      chain.write(0, word, 0, Event.BYTES);
      given.incrementAndGet();
      chain.complete(Event.BYTES);
    }
  }

  private void takeStatus(Virtqueue queue) throws RingException {
    DescriptorChain chain = queue.poll();
    while (chain != null) {
      if (chain.readableBytes() >= Event.BYTES) {
        chain.read(0, status, 0, Event.BYTES);
        light(ByteBuffer.wrap(status).order(ByteOrder.LITTLE_ENDIAN).getLong(0));
      }
      chain.complete(0);
      chain = queue.poll();
    }
  }

  private void light(long untrustedEvent) {
    int code = Event.code(untrustedEvent);
    if (Event.type(untrustedEvent) == Event.LED && model.has(Event.LED, code)) {
      lights = Event.value(untrustedEvent) != 0 ? lights | 1 << code : lights & ~(1 << code);
      if (host != null) {
        host.light(code, Event.value(untrustedEvent) != 0);
      }
    }
  }

  @Override
  public void stop() {
    eventQueue = null;
  }

  @Override
  public DeviceState exportState() {
    byte[] saved = events.save();
    ByteBuffer bytes = ByteBuffer.allocate(STATE_BYTES + saved.length);
    bytes.put((byte) select).put((byte) subSelect).putInt(lights).put(saved);
    return new DeviceState(InputFactory.TYPE_NAME, STATE_VERSION, bytes.array());
  }

  @Override
  public void importState(DeviceState state) throws DeviceException {
    ByteBuffer bytes = ByteBuffer.wrap(state.bytes());
    if (!state.type().equals(InputFactory.TYPE_NAME)
        || state.version() < 1
        || state.version() > STATE_VERSION
        || bytes.remaining() < STATE_BYTES
        || !events.load(
            bytes.slice(STATE_BYTES, bytes.remaining() - STATE_BYTES), state.version() == 1)) {
      throw new DeviceException("import-state", "input 1.0.0 does not understand " + state);
    }
    select = bytes.get() & 0xff;
    subSelect = bytes.get() & 0xff;
    lights = bytes.getInt();
    takesOver = true;
  }

  @Override
  public Map<String, String> controls() {
    return hands.commands();
  }

  @Override
  public String control(String command, DeviceConfig arguments) throws DeviceException {
    Virtqueue queue = eventQueue;
    if (queue == null) {
      throw new DeviceException("control", "the guest has no driver for this device at present");
    }
    String done = hands.use(command, arguments);
    queue.wake();
    return done;
  }

  @Override
  public List<Counter> counters() {
    return List.of(
        new Counter("events", "events", given.get()),
        new Counter("dropped", "frames", events.dropped()),
        new Counter("lights", "bits", lights));
  }

  @Override
  public Optional<String> trouble() {
    return host == null ? Optional.empty() : host.trouble();
  }

  @Override
  public void close() {
    if (host != null) {
      host.close();
    }
  }
}
