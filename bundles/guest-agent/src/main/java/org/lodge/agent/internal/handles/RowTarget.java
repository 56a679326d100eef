package org.lodge.agent.internal.handles;

import java.io.IOException;
import java.nio.ByteBuffer;

/** A file that takes rows as they come from another connection. */
interface RowTarget {
  /**
   * Takes whole rows, or a part of one.
   *
   * @param packed rows one after the other, behind room for a frame's header and rows; may be
   *     changed before its position
   */
  void takeRows(long offset, long stride, int rowBytes, int rows, ByteBuffer packed)
      throws IOException;
}
