package org.lodge.itests.vsock;

import java.io.IOException;
import java.time.Duration;
import java.util.Dictionary;
import java.util.Hashtable;
import org.lodge.vsock.Vsock;
import org.lodge.vsock.VsockListener;
import org.lodge.vsock.VsockRequest;
import org.lodge.vsock.VsockStream;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;

/**
 * Runs inside of the Lodge that is measured, as a bundle: joins what any guest connects to port
 * {@code 5100 + n} of the host, for small n, to port {@code n} of the guest that the manifest's
 * {@code Vsock-Guest} names. So a peer's two programs reach each other without a program between.
 */
public final class VsockJoins implements BundleActivator {
  private static final int FIRST_PORT = 5100;
  private static final int PORTS = 4;
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(10);

  private Vsock vsock;

  @Override
  public void start(BundleContext context) {
    String guest = context.getBundle().getHeaders().get("Vsock-Guest");
    vsock = context.getService(context.getServiceReference(Vsock.class));
    for (long port = 1; port <= PORTS; port++) {
      long target = port;
      VsockListener listener = request -> join(request, guest, target);
      Dictionary<String, Object> properties = new Hashtable<>();
      properties.put(VsockListener.PORT, FIRST_PORT + port);
      context.registerService(VsockListener.class, listener, properties);
    }
  }

  private void join(VsockRequest request, String guest, long port) throws IOException {
    VsockStream target =
        vsock.endpoint(guest).orElseThrow().connect(port, request.type(), CONNECT_LIMIT);
    vsock.join(request.accept(), target);
  }

  @Override
  public void stop(BundleContext context) {
    vsock = null;
  }
}
