package org.lodge.virtio;

import java.util.Arrays;

/**
 * What one device hands to the next that takes its place. Requests in flight are not part of it:
 * the rings stay with the transport.
 *
 * @param type as {@link DeviceFactory#TYPE}
 * @param version of the layout of {@code bytes}, counted up by the device's author
 * @param bytes at most 1 MiB
 */
public record DeviceState(String type, int version, byte[] bytes) {

  public DeviceState {
    bytes = bytes.clone();
  }

  @Override
  public byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DeviceState state
        && type.equals(state.type)
        && version == state.version
        && Arrays.equals(bytes, state.bytes);
  }

  @Override
  public int hashCode() {
    return type.hashCode() + 31 * (version + 31 * Arrays.hashCode(bytes));
  }

  @Override
  public String toString() {
    return "%s state version %d, %d bytes".formatted(type, version, bytes.length);
  }
}
