package org.lodge.itests.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendListener;
import org.lodge.vhostuser.BackendSpec;
import org.lodge.vhostuser.ProtocolFeature;
import org.lodge.vhostuser.Takeover;
import org.lodge.vhostuser.VhostUserBackends;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.BundleContext;

/**
 * Runs inside of the Lodge that is measured, as a bundle: has it serve a disk or directory without
 * a guest, so that the bench's own driver, or a QEMU started by hand, can connect.
 *
 * <p>The manifest says what: {@code Disk-Type}, {@code Disk-Socket}, and {@code Disk-Config} as
 * {@code key=value} pairs between semicolons. Takeovers are appended to {@code SOCKET.takeovers}, a
 * line each; the file is there as long as the disk is served.
 */
public final class DiskServer implements BundleActivator, BackendListener {
  private Backend backend;
  private Path takeovers;

  @Override
  public void start(BundleContext context) throws Exception {
    var headers = context.getBundle().getHeaders();
    Path socket = Path.of(headers.get("Disk-Socket"));
    Map<String, Object> config = new HashMap<>();
    for (String pair : headers.get("Disk-Config").split(";")) {
      config.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
    }
    takeovers = Path.of(socket + ".takeovers");
    context.registerService(BackendListener.class, this, null);
    VhostUserBackends backends =
        context.getService(context.getServiceReference(VhostUserBackends.class));
    String name = socket.getFileName().toString();
    String type = headers.get("Disk-Type");
    // The QEMU at hand does not survive a file system's offer of a configuration space.
    Set<ProtocolFeature> withheld = type.equals("fs") ? Set.of(ProtocolFeature.CONFIG) : Set.of();
    backend = backends.open(new BackendSpec("bench", name, type, config, socket, withheld));
    Files.createFile(takeovers);
  }

  @Override
  public void stop(BundleContext context) throws IOException {
    backend.close();
    Files.delete(takeovers);
  }

  @Override
  public void takeover(Backend of, Takeover takeover) {
    if (of == backend) {
      String line = "%s %s %d%n".formatted(takeover.to(), takeover.taken(), takeover.pauseMicros());
      try {
        Files.write(takeovers, line.getBytes(StandardCharsets.UTF_8), StandardOpenOption.APPEND);
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }
  }

  @Override
  public void trouble(Backend of, String sentence) {
    System.err.println("bench: " + sentence);
  }
}
