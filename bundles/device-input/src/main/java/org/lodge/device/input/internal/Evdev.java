package org.lodge.device.input.internal;

import java.nio.file.Path;
import java.util.BitSet;
import java.util.HashMap;
import java.util.Map;
import org.lodge.linux.EventDevice;
import org.lodge.linux.EventDevice.Axis;
import org.lodge.linux.EventFd;
import org.lodge.linux.LinuxException;

/** A device of the host's that the kernel serves. */
record Evdev(EventDevice device) implements HostInput.Source {
  /** From here on the axes are those of several fingers, whose state can't be asked for. */
  private static final int FIRST_OF_FINGERS = 0x2f;

  private static final int[] TYPES = {Event.KEY, Event.REL, Event.ABS, Event.LED, Event.REP};

  static Evdev open(Path path) throws LinuxException {
    return new Evdev(EventDevice.open(path));
  }

  /** What the device is to a guest. */
  InputModel model(String serial) throws LinuxException {
    BitSet types = device.codes(0);
    Map<Integer, BitSet> codes = new HashMap<>();
    Map<Integer, InputModel.Axis> axes = new HashMap<>();
    for (int type : TYPES) {
      if (types.get(type)) {
        codes.put(type, device.codes(type));
      }
    }
    BitSet absolute = codes.getOrDefault(Event.ABS, new BitSet());
    absolute.clear(FIRST_OF_FINGERS, Math.max(FIRST_OF_FINGERS, absolute.length()));
    for (int code = absolute.nextSetBit(0); code >= 0; code = absolute.nextSetBit(code + 1)) {
      Axis of = device.axis(code);
      axes.put(
          code,
          new InputModel.Axis(of.minimum(), of.maximum(), of.fuzz(), of.flat(), of.resolution()));
    }
    return new InputModel("host", device.name(), serial, device.id(), codes, axes);
  }

  @Override
  public void grab(boolean alone) throws LinuxException {
    device.grab(alone);
  }

  @Override
  public boolean await(EventFd stop) throws LinuxException {
    return device.await(stop);
  }

  @Override
  public int read(long[] into) throws LinuxException {
    return device.read(into);
  }

  @Override
  public BitSet keysDown() throws LinuxException {
    return device.keysDown();
  }

  @Override
  public int axis(int code) throws LinuxException {
    return device.axis(code).value();
  }

  @Override
  public void light(int code, boolean on) throws LinuxException {
    device.light(code, on);
  }

  @Override
  public void close() {
    device.close();
  }
}
