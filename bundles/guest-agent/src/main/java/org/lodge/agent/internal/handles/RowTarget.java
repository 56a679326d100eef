package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.lodge.lane.LaneSlot;

/** A file that takes rows as they come from another connection. */
interface RowTarget {
  /**
   * Takes whole rows, or a part of one.
   *
   * @param packed rows one after the other; unless it is read-only, behind room for a frame's
   *     header and rows, which may be changed
   */
  void takeRows(long offset, long stride, int rowBytes, int rows, ByteBuffer packed)
      throws IOException;

  /**
   * Takes the sectors of a row that are whole in a slot.
   *
   * @return false where its guest has no lane; nothing was taken then
   */
  default boolean takeSectors(long offset, int rowBytes, LaneSlot slot) throws IOException {
    return false;
  }
}
