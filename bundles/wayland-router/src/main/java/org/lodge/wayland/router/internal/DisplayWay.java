package org.lodge.wayland.router.internal;

import java.io.IOException;
import org.lodge.agent.handles.HandleConnection;

/** The ways to the compositor that shows the windows of one call. */
interface DisplayWay {
  /** What people call the display. */
  String name();

  /** To the compositor's own socket. Only one of this and {@link #connectAt}, once. */
  HandleConnection connect() throws IOException;

  /** To a socket where the compositor listens besides. */
  HandleConnection connectAt(String socketPath) throws IOException;

  /** For Lodge itself, to the compositor's own socket; ends with the guest or the display. */
  HandleConnection connectBeside() throws IOException;

  /** Where sockets can be made for the compositor to listen on: an absolute path. */
  String socketFolder();
}
