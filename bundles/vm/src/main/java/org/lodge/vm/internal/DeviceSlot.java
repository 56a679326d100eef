package org.lodge.vm.internal;

import java.util.List;
import java.util.Optional;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendStatus;
import org.lodge.vm.DeviceStatus;

/**
 * A device of a guest and what serves it.
 *
 * @param backend null while it is opened, and where it could not be served again after a restart of
 *     Lodge
 * @param trouble why there is none
 */
record DeviceSlot(DeviceDeclaration declaration, Backend backend, String trouble) {

  /** Without a service manager that keeps descriptors, the end of Lodge is the connection's end. */
  private static final String UNCONNECTED =
      "the guest's monitor is not connected to it and the guest's requests wait; start the guest"
          + " again: lodge restart, or lodge kill and lodge start where it hangs";

  static DeviceSlot served(DeviceDeclaration declaration, Backend backend) {
    return new DeviceSlot(declaration, backend, "");
  }

  static DeviceSlot unserved(DeviceDeclaration declaration, String trouble) {
    return new DeviceSlot(declaration, null, trouble);
  }

  String id() {
    return declaration.id();
  }

  void close() {
    if (backend != null) {
      backend.close();
    }
  }

  DeviceStatus status(String guest) {
    if (backend == null) {
      return new DeviceStatus(
          guest,
          declaration.id(),
          declaration.type(),
          declaration.config(),
          DeviceStatus.State.CLOSED,
          Optional.empty(),
          List.of(),
          Optional.of(trouble),
          0,
          Optional.empty());
    }
    BackendStatus status = backend.status();
    return new DeviceStatus(
        guest,
        declaration.id(),
        declaration.type(),
        declaration.config(),
        switch (status.link()) {
          case LISTENING -> DeviceStatus.State.UNCONNECTED;
          case CONNECTED -> DeviceStatus.State.UNUSED;
          case RUNNING -> DeviceStatus.State.RUNNING;
          case CLOSED -> DeviceStatus.State.CLOSED;
        },
        status.logicVersion(),
        status.counters().stream()
            .map(each -> new DeviceStatus.Counter(each.name(), each.unit(), each.value()))
            .toList(),
        status.link() == BackendStatus.Link.LISTENING ? Optional.of(UNCONNECTED) : status.trouble(),
        status.takeovers(),
        status
            .lastTakeover()
            .map(last ->
                new DeviceStatus.Takeover(
                    last.from(), last.to(), last.taken(), last.reason(), last.pauseMicros())));
  }
}
