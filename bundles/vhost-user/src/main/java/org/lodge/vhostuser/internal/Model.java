package org.lodge.vhostuser.internal;

import java.util.OptionalInt;
import org.lodge.virtio.DeviceFactory;
import org.osgi.framework.Version;

/**
 * A factory of devices as it was registered.
 *
 * @param virtioId empty where it does not say
 * @param registration grows with each registration, so that of two equal versions the later wins
 */
record Model(
    String type, OptionalInt virtioId, Version version, long registration, DeviceFactory factory)
    implements Comparable<Model> {

  @Override
  public int compareTo(Model other) {
    int byVersion = version.compareTo(other.version);
    return byVersion != 0 ? byVersion : Long.compare(registration, other.registration);
  }

  @Override
  public String toString() {
    return type + " " + version;
  }
}
