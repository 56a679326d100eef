package org.lodge.itests.vsock;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendListener;
import org.lodge.vhostuser.BackendSpec;
import org.lodge.vhostuser.Takeover;
import org.lodge.vhostuser.VhostUserBackends;
import org.lodge.vsock.Vsock;
import org.lodge.vsock.VsockListener;
import org.lodge.vsock.VsockRequest;
import org.lodge.vsock.VsockStream;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;

/**
 * Runs inside of the Lodge that is tested or measured, as a bundle: has it serve the virtio sockets
 * of two guests that QEMU runs by hand, with the context ids 3 and 4.
 *
 * <p>The manifest's {@code Vsock-Folder} says where: the guest 3 has its device at {@code 3.sock}
 * and host programs reach it through {@code 3.uds}. A connection of any guest to port {@code 1000 *
 * id + n} of the host is joined to port {@code n} of that guest.
 */
public final class VsockServer implements BundleActivator, BackendListener {
  private static final int JOINED_PORTS_MAX = 8;
  private static final Duration CONNECT_LIMIT = Duration.ofSeconds(30);

  private final List<Backend> backends = new ArrayList<>();
  private final Map<String, String> versions = new TreeMap<>();
  private Path folder;
  private Vsock vsock;

  @Override
  public void start(BundleContext context) throws Exception {
    folder = Path.of(context.getBundle().getHeaders().get("Vsock-Folder"));
    vsock = context.getService(context.getServiceReference(Vsock.class));
    VhostUserBackends all =
        context.getService(context.getServiceReference(VhostUserBackends.class));
    for (long cid = 3; cid <= 4; cid++) {
      String guest = "bench-" + cid;
      for (long port = 0; port < JOINED_PORTS_MAX; port++) {
        long target = port;
        VsockListener listener = request -> join(request, guest, target);
        Dictionary<String, Object> properties = new Hashtable<>();
        properties.put(VsockListener.PORT, 1000 * cid + port);
        context.registerService(VsockListener.class, listener, properties);
      }
      Map<String, Object> config =
          Map.of("cid", cid, "socket", folder.resolve(cid + ".uds").toString());
      Path socket = folder.resolve(cid + ".sock");
      backends.add(all.open(new BackendSpec(guest, "vsock", "vsock", config, socket)));
    }
    context.registerService(BackendListener.class, this, null);
    Files.createFile(folder.resolve("ready"));
  }

  /** Tells in a file which logic serves the devices now. */
  @Override
  public synchronized void takeover(Backend of, Takeover takeover) {
    versions.put(of.spec().guest(), takeover.to());
    try {
      Path partial = folder.resolve("versions.partial");
      Files.writeString(partial, String.join(" ", versions.values()));
      Files.move(partial, folder.resolve("versions"), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void trouble(Backend of, String sentence) {
    System.err.println("vsock: " + sentence);
  }

  private void join(VsockRequest request, String guest, long port) throws IOException {
    VsockStream target =
        vsock.endpoint(guest).orElseThrow().connect(port, request.type(), CONNECT_LIMIT);
    vsock.join(request.accept(), target);
  }

  @Override
  public void stop(BundleContext context) {
    backends.forEach(Backend::close);
  }
}
