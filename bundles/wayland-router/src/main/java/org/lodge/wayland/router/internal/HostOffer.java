package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.lodge.connect.ByteStream;
import org.lodge.connect.Carriage;
import org.lodge.connect.IncomingCall;
import org.lodge.connect.ServiceDescription;
import org.lodge.connect.ServiceOffer;

/** The service {@code wayland} of Lodge itself: windows of guests on a compositor of this host. */
public final class HostOffer implements ServiceOffer {
  private final RouterComponent router;
  private final Path folder;

  /**
   * @param folder where sockets of Lodge may be
   */
  public HostOffer(RouterComponent router, Path folder) {
    this.router = router;
    this.folder = folder;
  }

  @Override
  public ServiceDescription description() {
    return new ServiceDescription(
        RouterComponent.SERVICE,
        Carriage.HANDLES,
        "windows on the display of a person of this host",
        List.of());
  }

  @Override
  public void serve(IncomingCall call, ByteStream stream) throws IOException {
    router.serveOnHost(call, stream, folder);
  }
}
