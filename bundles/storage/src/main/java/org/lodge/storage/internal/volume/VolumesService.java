package org.lodge.storage.internal.volume;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lodge.agent.Agents;
import org.lodge.agent.GuestServices;
import org.lodge.storage.VolumeException;
import org.lodge.storage.VolumeStatus;
import org.lodge.storage.Volumes;
import org.lodge.vm.Definitions;
import org.lodge.vm.Devices;
import org.lodge.vm.Guests;
import org.lodge.vm.VolumeUse;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;
import org.osgi.service.component.annotations.ReferenceCardinality;
import org.osgi.service.component.annotations.ReferencePolicy;

/** What people do to volumes, on this host and where a guest keeps them: the name says which. */
@Component
public final class VolumesService implements Volumes {

  /** By which guests give disks to others. */
  private static final String SERVICE = "disk";

  private final HostVolumes here;
  private final KeptVolumes there;
  private final List<GuestServices> services = new java.util.concurrent.CopyOnWriteArrayList<>();

  @Activate
  public VolumesService(
      @Reference VolumeKeeper keeper,
      @Reference Guests guests,
      @Reference Devices devices,
      @Reference Definitions definitions,
      @Reference Agents agents) {
    VolumeUsers users = new VolumeUsers(guests, devices, definitions);
    here = new HostVolumes(keeper, users, guests);
    there = new KeptVolumes(keeper, users, this::keeps, KeptScript.by(agents));
  }

  @Reference(cardinality = ReferenceCardinality.MULTIPLE, policy = ReferencePolicy.DYNAMIC)
  void addServices(GuestServices service) {
    services.add(service);
  }

  void removeServices(GuestServices service) {
    services.remove(service);
  }

  private boolean keeps(String guest) {
    return services.stream()
        .flatMap(each -> each.of(guest).stream())
        .anyMatch(service -> service.description().name().equals(SERVICE));
  }

  private static boolean isKept(String name) {
    return VolumeUse.keeper(name).isPresent();
  }

  @Override
  public List<VolumeStatus> list() {
    List<VolumeStatus> all = new ArrayList<>(here.list());
    all.addAll(there.list());
    return all;
  }

  @Override
  public VolumeStatus status(String name) throws VolumeException {
    return isKept(name) ? there.status(name) : here.status(name);
  }

  @Override
  public VolumeStatus create(String name, long sizeBytes) throws VolumeException {
    return isKept(name) ? there.create(name, sizeBytes) : here.create(name, sizeBytes);
  }

  @Override
  public void remove(String name, boolean force) throws VolumeException {
    if (isKept(name)) {
      there.remove(name, force);
    } else {
      here.remove(name, force);
    }
  }

  @Override
  public void removeSnapshot(String name, String snapshot) throws VolumeException {
    if (isKept(name)) {
      there.removeSnapshot(name, snapshot);
    } else {
      here.removeSnapshot(name, snapshot);
    }
  }

  @Override
  public VolumeStatus resize(String name, long sizeBytes, boolean shrink)
      throws VolumeException, InterruptedException {
    return isKept(name)
        ? there.resize(name, sizeBytes, shrink)
        : here.resize(name, sizeBytes, shrink);
  }

  @Override
  public VolumeStatus snapshot(String name, String snapshot, Progress progress)
      throws VolumeException, InterruptedException {
    return isKept(name) ? there.snapshot(name, snapshot) : here.snapshot(name, snapshot, progress);
  }

  @Override
  public VolumeStatus clone(
      String name, Optional<String> snapshot, String newName, Progress progress)
      throws VolumeException, InterruptedException {
    return isKept(name)
        ? there.clone(name, snapshot, newName)
        : here.clone(name, snapshot, newName, progress);
  }

  @Override
  public VolumeStatus revert(String name, Optional<String> snapshot, Progress progress)
      throws VolumeException, InterruptedException {
    return isKept(name) ? there.revert(name, snapshot) : here.revert(name, snapshot, progress);
  }

  @Override
  public List<VolumeStatus> revertGuest(String guest, Progress progress)
      throws VolumeException, InterruptedException {
    return here.revertGuest(guest, progress);
  }
}
