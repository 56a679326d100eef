package org.lodge.itests;

import static org.junit.Assert.assertEquals;
import static org.junit.Assert.assertNotNull;
import static org.junit.Assert.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.inject.Inject;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.lodge.vm.Guests;
import org.lodge.vmm.VmmDriver;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.ops4j.pax.exam.spi.reactors.ExamReactorStrategy;
import org.ops4j.pax.exam.spi.reactors.PerClass;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.wiring.BundleWire;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.service.component.runtime.ServiceComponentRuntime;
import org.osgi.service.component.runtime.dto.ComponentConfigurationDTO;
import org.osgi.util.tracker.ServiceTracker;

/**
 * The assembled distribution in a real framework: every bundle starts, every component is
 * satisfied.
 */
@RunWith(PaxExam.class)
@ExamReactorStrategy(PerClass.class)
public class ContainerIT {

  /** From the ground up: a bundle uses only bundles of its own or a lower row. */
  private static final List<List<String>> LAYERS =
      List.of(
          List.of("junixsocket"),
          List.of("linux"),
          List.of("configuration"),
          List.of("client"),
          List.of("virtio", "vsock", "lane", "filesystem", "blocks", "wayland-protocol"),
          List.of("vhost-user"),
          List.of(
              "device-rng",
              "device-input",
              "device-blk",
              "device-vsock",
              "device-lane",
              "device-fs"),
          List.of("vmm"),
          List.of("vmm-qemu"),
          List.of("policy"),
          List.of("connect"),
          List.of("guest-agent"),
          List.of("wayland-router"),
          List.of("images"),
          List.of("vm"),
          List.of("storage", "nbd"),
          List.of("boot"),
          List.of("shell"));

  @Inject private BundleContext context;

  @Configuration
  public Option[] distribution() throws Exception {
    return Distribution.options();
  }

  @Test
  public void everyBundleIsActive() {
    List<String> idle = new ArrayList<>();
    for (Bundle bundle : context.getBundles()) {
      boolean fragment = bundle.getHeaders().get(Constants.FRAGMENT_HOST) != null;
      boolean onlyClasses = bundle.getSymbolicName().equals("org.apache.felix.gogo.jline");
      if (bundle.getState() != Bundle.ACTIVE && !fragment && !onlyClasses) {
        idle.add(bundle.getSymbolicName() + " is in state " + bundle.getState());
      }
    }
    assertEquals(List.of(), idle);
  }

  @Test
  public void everyComponentIsSatisfied() throws Exception {
    ServiceComponentRuntime components = service(ServiceComponentRuntime.class);
    List<String> unsatisfied =
        components.getComponentDescriptionDTOs().stream()
            .filter(description -> description.bundle.symbolicName.startsWith("org.lodge."))
            .flatMap(description -> components.getComponentConfigurationDTOs(description).stream())
            .filter(configuration ->
                configuration.state == ComponentConfigurationDTO.UNSATISFIED_REFERENCE
                    || configuration.state == ComponentConfigurationDTO.FAILED_ACTIVATION)
            .map(configuration ->
                configuration.description.name
                    + " misses "
                    + Arrays.stream(configuration.unsatisfiedReferences)
                        .map(reference -> reference.name)
                        .toList()
                    + " "
                    + configuration.failure)
            .toList();
    assertEquals(List.of(), unsatisfied);
  }

  @Test
  public void arrowsBetweenBundlesGoDownOnly() {
    List<String> upward = new ArrayList<>();
    for (Bundle bundle : context.getBundles()) {
      int layer = layer(bundle);
      if (layer < 0) {
        continue;
      }
      for (BundleWire wire : bundle.adapt(BundleWiring.class).getRequiredWires(null)) {
        Bundle provider = wire.getProviderWiring().getBundle();
        if (provider != bundle && layer(provider) >= layer) {
          upward.add(bundle.getSymbolicName() + " -> " + provider.getSymbolicName());
        }
      }
    }
    assertEquals(List.of(), upward);
  }

  @Test
  public void everyBundleOfOursHasALayer() {
    List<String> homeless =
        Stream.of(context.getBundles())
            .filter(bundle -> bundle.getSymbolicName().startsWith("org.lodge."))
            .filter(bundle -> layer(bundle) < 0)
            .map(Bundle::getSymbolicName)
            .toList();
    assertEquals(List.of(), homeless);
  }

  @Test
  public void theMainServicesAnswer() throws Exception {
    Guests guests = service(Guests.class);
    assertTrue(guests.list().stream().anyMatch(guest -> guest.name().equals("work")));
    assertEquals("work", guests.status("work").name());
    assertTrue(service(VmmDriver.class).getClass().getName().startsWith("org.lodge.vmm."));
  }

  private <T> T service(Class<T> type) throws InterruptedException {
    ServiceTracker<T, T> tracker = new ServiceTracker<>(context, type, null);
    tracker.open();
    T service = tracker.waitForService(10_000);
    assertNotNull("no service " + type.getName(), service);
    return service;
  }

  private static int layer(Bundle bundle) {
    String name = bundle.getSymbolicName().replaceFirst("^org\\.lodge\\.", "");
    for (int layer = 0; layer < LAYERS.size(); layer++) {
      if (bundle.getSymbolicName().startsWith("org.lodge.") && LAYERS.get(layer).contains(name)) {
        return layer;
      }
    }
    return -1;
  }
}
