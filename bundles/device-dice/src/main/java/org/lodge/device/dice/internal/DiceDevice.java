package org.lodge.device.dice.internal;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.List;
import java.util.Map;
import org.lodge.virtio.Counter;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.Device;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;
import org.lodge.virtio.Virtqueue;

/** Answers each request with dice: one byte a throw, from 1 to the number of sides. */
final class DiceDevice implements Device {
  private final SecureRandom random = new SecureRandom();
  private final byte[] throwsOfOne = new byte[256];
  private volatile int sides;
  private volatile long thrown;

  DiceDevice(int sides) {
    this.sides = sides;
  }

  @Override
  public long features() {
    return 0;
  }

  @Override
  public int queueCount() {
    return 1;
  }

  @Override
  public void start(long acceptedFeatures) {}

  @Override
  public void serve(Virtqueue queue) throws RingException {
    for (DescriptorChain chain = queue.poll(); chain != null; chain = queue.poll()) {
      if (chain.readableBytes() > 0) {
        chain.complete(0);
        throw new RingException(RingFault.BAD_REQUEST, "dice have nothing to read");
      }
      int count = (int) Math.min(throwsOfOne.length, chain.writableBytes());
      for (int i = 0; i < count; i++) {
        throwsOfOne[i] = (byte) (1 + random.nextInt(sides));
      }
      chain.write(0, throwsOfOne, 0, count);
      thrown += count;
      chain.complete(count);
    }
  }

  @Override
  public Map<String, String> controls() {
    return Map.of("sides", "count=NUMBER (2 to 255)");
  }

  @Override
  public String control(String command, DeviceConfig arguments) throws DeviceException {
    if (!command.equals("sides")) {
      return Device.super.control(command, arguments);
    }
    arguments.allowOnly("count");
    sides = (int) arguments.number("count", sides, 2, 255);
    return "the dice now have %d sides".formatted(sides);
  }

  @Override
  public List<Counter> counters() {
    return List.of(new Counter("thrown", "throws", thrown));
  }

  @Override
  public DeviceState exportState() {
    byte[] bytes = ByteBuffer.allocate(12).putLong(thrown).putInt(sides).array();
    return new DeviceState("dice", 1, bytes);
  }

  @Override
  public void importState(DeviceState state) throws DeviceException {
    if (!state.type().equals("dice") || state.version() != 1 || state.bytes().length != 12) {
      throw new DeviceException("import-state", "dice 1.0.0 do not understand " + state);
    }
    ByteBuffer bytes = ByteBuffer.wrap(state.bytes());
    thrown = bytes.getLong();
    sides = bytes.getInt();
  }

  @Override
  public void close() {}
}
