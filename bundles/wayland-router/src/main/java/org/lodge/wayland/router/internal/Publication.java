package org.lodge.wayland.router.internal;

import java.nio.file.Path;
import java.util.Dictionary;
import java.util.Hashtable;
import org.lodge.connect.ServiceOffer;
import org.lodge.wayland.router.Windows;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceEvent;
import org.osgi.framework.ServiceListener;
import org.osgi.framework.ServiceRegistration;
import org.osgi.framework.Version;

/**
 * The router as services, ranked by the version of its bundle: of several that are deployed the
 * newest serves. An older one is told, so that no connection is left that nobody lists.
 */
final class Publication implements AutoCloseable {
  private static final int MOST = 1023;

  private final BundleContext context;
  private final int ranking;
  private final Runnable replaced;
  private final ServiceListener newer = this::changed;
  private final ServiceRegistration<?> onHost;
  private final ServiceRegistration<?> clip;
  private final ServiceRegistration<?> inGuests;

  /**
   * @param replaced is run, on a thread of its own, when a newer one has come
   */
  Publication(BundleContext context, RouterComponent router, Runnable replaced) {
    this.context = context;
    this.replaced = replaced;
    ranking = ranking(context.getBundle().getVersion());
    Dictionary<String, Object> properties = new Hashtable<>();
    properties.put(Constants.SERVICE_RANKING, ranking);
    try {
      context.addServiceListener(newer, "(objectClass=" + Windows.class.getName() + ")");
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException(e);
    }
    HostOffer offer = new HostOffer(router, Path.of(context.getProperty("lodge.run")));
    onHost = context.registerService(ServiceOffer.class, offer, properties);
    clip = context.registerService(ServiceOffer.class, new ClipOffer(router), properties);
    String[] types = {ServiceOffer.class.getName(), Windows.class.getName()};
    inGuests = context.registerService(types, router, properties);
  }

  static int ranking(Version version) {
    return part(version.getMajor()) << 20
        | part(version.getMinor()) << 10
        | part(version.getMicro());
  }

  private static int part(int number) {
    return Math.min(number, MOST);
  }

  private void changed(ServiceEvent event) {
    boolean isNewer =
        event.getType() == ServiceEvent.REGISTERED
            && event.getServiceReference().getProperty(Constants.SERVICE_RANKING)
                instanceof Integer of
            && of > ranking;
    if (isNewer) {
      Thread.ofVirtual().name("wayland-replaced").start(replaced);
    }
  }

  @Override
  public void close() {
    context.removeServiceListener(newer);
    inGuests.unregister();
    clip.unregister();
    onHost.unregister();
  }
}
