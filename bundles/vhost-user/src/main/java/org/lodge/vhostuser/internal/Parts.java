package org.lodge.vhostuser.internal;

import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixListener;
import org.lodge.virtio.DeviceException;
import org.lodge.virtio.DeviceState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a backend is made of, and the order in which it ends. Belongs to the control thread. */
final class Parts {
  private static final Logger log = LoggerFactory.getLogger(Parts.class);

  final DescriptorStore store;
  final QueueThread queueThread;
  final Logic logic;
  final FrontEnd frontEnd;
  Held<UnixListener> listener;

  /** Null where no service manager keeps it. */
  StateRecord record;

  /** Null while no front-end is connected. */
  volatile Session session;

  Parts(DescriptorStore store, QueueThread queueThread, Logic logic, FrontEnd frontEnd) {
    this.store = store;
    this.queueThread = queueThread;
    this.logic = logic;
    this.frontEnd = frontEnd;
  }

  /** The end of the device. */
  void drop() {
    if (session != null) {
      try {
        session.end();
      } catch (LinuxException e) {
        log.warn("The record could not be written: {}", e.getMessage());
      }
      session = null;
    }
    stopServing();
    Held.drop(listener);
    if (record != null) {
      record.drop();
    }
    store.recorded();
  }

  /** The end of this process's turn: all that the next one needs stays in the store. */
  void handOver() {
    frontEnd.vrings.park();
    if (record != null) {
      try {
        DeviceState state = logic.exportState();
        String connection = session == null ? "" : session.name();
        record.write(Persistence.write(frontEnd, connection, null, state), false);
      } catch (LinuxException | DeviceException e) {
        log.warn("The next start goes on without the device's state: {}", e.getMessage());
      }
      record.close();
    }
    stopServing();
    frontEnd.close();
    if (session != null) {
      store.hold(session.name());
      session.close();
      session = null;
    }
    Held.close(listener);
  }

  private void stopServing() {
    logic.close();
    queueThread.stop();
  }
}
