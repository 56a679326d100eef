package org.lodge.agent.handles;

/**
 * What one connection may hold on the host. Who goes beyond costs its connection.
 *
 * @param queueBytes that wait because the program in the guest does not read: 1 MiB by default
 * @param waitingHandles of descriptors that the program sent and nobody has taken
 * @param handles that are open at a time, the guest's and the host's together; at most 512 each
 * @param share of what the host lets an agent make, over several connections
 */
public record HandleLimits(int queueBytes, int waitingHandles, int handles, HandleShare share) {
  public static final HandleLimits DEFAULT = new HandleLimits(1 << 20, 256, 1024);

  public HandleLimits(int queueBytes, int waitingHandles, int handles) {
    this(queueBytes, waitingHandles, handles, HandleShare.UNLIMITED);
  }

  /** The same for one connection, of those that have this share. */
  public HandleLimits with(HandleShare other) {
    return new HandleLimits(queueBytes, waitingHandles, handles, other);
  }

  public HandleLimits {
    if (queueBytes < 1 || waitingHandles < 0 || handles < 1) {
      throw new IllegalArgumentException("limits of a connection must be positive");
    }
  }
}
