package org.lodge.wayland.router.internal;

import java.io.IOException;
import java.util.Map;
import org.lodge.agent.handles.HandleConnection;
import org.lodge.agent.handles.HandleLimits;
import org.lodge.agent.handles.Handles;
import org.lodge.connect.IncomingCall;

/** A compositor in another guest, reached through that guest's agent. */
final class GuestDisplay implements DisplayWay {
  private final Handles handles;
  private final HandleLimits limits;
  private final IncomingCall call;

  GuestDisplay(Handles handles, HandleLimits limits, IncomingCall call) {
    this.handles = handles;
    this.limits = limits;
    this.call = call;
  }

  @Override
  public String name() {
    return call.target();
  }

  @Override
  public HandleConnection connect() throws IOException {
    return handles.open(name(), call.connectTarget(Map.of()), limits);
  }

  @Override
  public HandleConnection connectAt(String socketPath) throws IOException {
    return handles.open(name(), call.connectTargetAt(socketPath), limits);
  }

  @Override
  public HandleConnection connectBeside() throws IOException {
    return handles.open(name(), call.connectBeside(), limits);
  }

  @Override
  public String socketFolder() {
    return "/run/lodge";
  }
}
