package org.lodge.device.blk.internal;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The numbers of virtio 1.2 section 5.2. */
final class Blk {
  static final int SECTOR_SHIFT = 9;
  static final int SECTOR_BYTES = 1 << SECTOR_SHIFT;

  static final long F_SIZE_MAX = 1 << 1;
  static final long F_SEG_MAX = 1 << 2;
  static final long F_RO = 1 << 5;
  static final long F_BLK_SIZE = 1 << 6;
  static final long F_FLUSH = 1 << 9;
  static final long F_TOPOLOGY = 1 << 10;
  static final long F_CONFIG_WCE = 1 << 11;
  static final long F_MQ = 1 << 12;
  static final long F_DISCARD = 1 << 13;
  static final long F_WRITE_ZEROES = 1 << 14;

  static final int T_IN = 0;
  static final int T_OUT = 1;
  static final int T_FLUSH = 4;
  static final int T_GET_ID = 8;
  static final int T_DISCARD = 11;
  static final int T_WRITE_ZEROES = 13;

  static final byte S_OK = 0;
  static final byte S_IOERR = 1;
  static final byte S_UNSUPP = 2;

  static final int HEADER_BYTES = 16;
  static final int RANGE_BYTES = 16;
  static final int RANGES_MAX = 16;

  static final int CONFIG_BYTES = 60;
  static final int CONFIG_WRITEBACK = 32;

  static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

  private Blk() {}
}
