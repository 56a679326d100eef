package org.lodge.vhostuser.internal;

import static org.lodge.vhostuser.internal.Request.Descriptors.AT_MOST_ONE;
import static org.lodge.vhostuser.internal.Request.Descriptors.NONE;
import static org.lodge.vhostuser.internal.Request.Descriptors.ONE;
import static org.lodge.vhostuser.internal.Request.Descriptors.UP_TO_EIGHT;

/**
 * The messages of a front-end that are understood: id, payload and descriptors of each (vhost-user,
 * "Front-end message types"). Whatever is not here is unknown; whatever does not fit its line is
 * refused, and its descriptors are closed.
 */
enum Request {
  GET_FEATURES(1, 0, 0, NONE, true),
  SET_FEATURES(2, 8, 8, NONE, false),
  SET_OWNER(3, 0, 0, NONE, false),
  RESET_OWNER(4, 0, 0, NONE, false),
  SET_MEM_TABLE(5, 8, 8 + 8 * MemoryTable.REGION_BYTES, UP_TO_EIGHT, false),
  SET_VRING_NUM(8, 8, 8, NONE, false),
  SET_VRING_ADDR(9, 40, 40, NONE, false),
  SET_VRING_BASE(10, 8, 8, NONE, false),
  GET_VRING_BASE(11, 8, 8, NONE, true),
  SET_VRING_KICK(12, 8, 8, AT_MOST_ONE, false),
  SET_VRING_CALL(13, 8, 8, AT_MOST_ONE, false),
  SET_VRING_ERR(14, 8, 8, AT_MOST_ONE, false),
  GET_PROTOCOL_FEATURES(15, 0, 0, NONE, true),
  SET_PROTOCOL_FEATURES(16, 8, 8, NONE, false),
  GET_QUEUE_NUM(17, 0, 0, NONE, true),
  SET_VRING_ENABLE(18, 8, 8, NONE, false),
  SET_BACKEND_REQ_FD(21, 0, 8, ONE, false),
  GET_CONFIG(24, 12, 12 + Request.CONFIG_BYTES, NONE, true),
  SET_CONFIG(25, 12, 12 + Request.CONFIG_BYTES, NONE, false),
  GET_INFLIGHT_FD(31, 20, 24, NONE, true),
  SET_INFLIGHT_FD(32, 20, 24, ONE, false),
  RESET_DEVICE(34, 0, 0, NONE, false),
  GET_MAX_MEM_SLOTS(36, 0, 0, NONE, true),
  ADD_MEM_REG(37, 40, 40, ONE, false),
  REM_MEM_REG(38, 40, 40, NONE, false),
  SET_STATUS(39, 8, 8, NONE, false),
  GET_STATUS(40, 0, 0, NONE, true),
  SET_DEVICE_STATE_FD(42, 8, 8, ONE, true),
  CHECK_DEVICE_STATE(43, 0, 0, NONE, true);

  /** The most bytes of configuration space in a message. */
  static final int CONFIG_BYTES = 256;

  /** In a message that names a ring and carries a descriptor for it: there is none. */
  static final int NO_DESCRIPTOR = 1 << 8;

  enum Descriptors {
    NONE(0, 0),
    AT_MOST_ONE(0, 1),
    ONE(1, 1),
    UP_TO_EIGHT(0, 8);

    final int least;
    final int most;

    Descriptors(int least, int most) {
      this.least = least;
      this.most = most;
    }
  }

  final int id;
  final int leastBytes;
  final int mostBytes;
  final Descriptors descriptors;

  /** Whether the answer is a message of its own, which an acknowledgement would double. */
  final boolean answers;

  private static final Request[] BY_ID = new Request[64];

  static {
    for (Request request : values()) {
      BY_ID[request.id] = request;
    }
  }

  Request(int id, int leastBytes, int mostBytes, Descriptors descriptors, boolean answers) {
    this.id = id;
    this.leastBytes = leastBytes;
    this.mostBytes = mostBytes;
    this.descriptors = descriptors;
    this.answers = answers;
  }

  /** The request with an id, or null. */
  static Request of(int untrustedId) {
    return untrustedId >= 0 && untrustedId < BY_ID.length ? BY_ID[untrustedId] : null;
  }

  /**
   * Whether a message should have descriptors. Those of one that should not are closed unseen; some
   * front-ends send one along with REM_MEM_REG.
   */
  boolean carriesDescriptors(Message message) {
    return switch (descriptors) {
      case NONE -> false;
      case ONE -> true;
      case AT_MOST_ONE -> message.sizeBytes() >= 8 && (message.i64(0) & NO_DESCRIPTOR) == 0;
      case UP_TO_EIGHT -> message.sizeBytes() >= 8 && message.i32(0) != 0;
    };
  }

  /** Refuses what does not fit this line of the table. */
  void check(int untrustedBytes, int untrustedDescriptors) throws RefusedException {
    if (untrustedBytes < leastBytes || untrustedBytes > mostBytes) {
      throw new RefusedException(
          "%s has %d bytes, not %d to %d".formatted(this, untrustedBytes, leastBytes, mostBytes));
    }
    if (untrustedDescriptors < descriptors.least || untrustedDescriptors > descriptors.most) {
      throw new RefusedException(
          "%s has %d descriptors, not %d to %d"
              .formatted(this, untrustedDescriptors, descriptors.least, descriptors.most));
    }
  }
}
