package org.lodge.nbd.internal;

import java.io.IOException;
import org.lodge.connect.ByteStream;
import org.lodge.connect.IncomingCall;
import org.lodge.connect.ServiceDescription;
import org.lodge.connect.ServiceOffer;
import org.osgi.service.component.annotations.Component;

/**
 * Keeps guests from speaking to each other's NBD servers themselves: a rule allows one disk by its
 * name, and whoever speaks NBD could ask for any. Lodge speaks it for them, and does not come by
 * here.
 */
@Component
public final class DiskService implements ServiceOffer {

  @Override
  public ServiceDescription description() {
    return ServiceDescription.bytes(
        GuestDialer.SERVICE, "disks of guests for others; only Lodge itself may speak to them");
  }

  @Override
  public boolean mediates() {
    return true;
  }

  @Override
  public void serve(IncomingCall call, ByteStream stream) throws IOException {
    throw new IOException(
        "guest '%s' may have the disk as a device only: lodge device add %s blk from=%s export=%s"
            .formatted(call.source(), call.source(), call.target(), call.argument()));
  }
}
