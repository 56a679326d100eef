package org.lodge.vm.internal;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestStatus;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** The guests' devices as an OSGi service: each act is a command in its guest's own order. */
@Component(service = Devices.class)
public final class DevicesService implements Devices {
  private final GuestsService guests;

  @Activate
  public DevicesService(@Reference GuestsService guests) {
    this.guests = guests;
  }

  @Override
  public CompletableFuture<DeviceStatus> add(
      String guest, String id, String type, Map<String, Object> config) {
    AtomicReference<DeviceStatus> added = new AtomicReference<>();
    return guests
        .control(
            guest,
            GuestActor.COMMAND_LIMIT,
            vmm -> added.set(guests.devices(guest).add(vmm, id, type, config)))
        .thenApply(done -> added.get());
  }

  @Override
  public CompletableFuture<GuestStatus> remove(
      String guest, String id, Duration limit, boolean force) {
    return guests.control(
        guest,
        GuestActor.COMMAND_LIMIT.plus(limit),
        vmm -> guests.devices(guest).remove(vmm, id, limit, force));
  }

  @Override
  public CompletableFuture<String> control(
      String guest, String id, String command, Map<String, Object> arguments) {
    AtomicReference<String> sentence = new AtomicReference<>();
    return guests
        .control(
            guest,
            GuestActor.COMMAND_LIMIT,
            vmm -> sentence.set(guests.devices(guest).control(id, command, arguments)))
        .thenApply(done -> sentence.get());
  }

  @Override
  public List<DeviceStatus> list(String guest) throws GuestException {
    if (guest != null) {
      guests.status(guest);
      return guests.devices(guest).statuses();
    }
    List<DeviceStatus> all = new java.util.ArrayList<>();
    for (GuestStatus each : guests.list()) {
      all.addAll(guests.devices(each.name()).statuses());
    }
    return all;
  }
}
