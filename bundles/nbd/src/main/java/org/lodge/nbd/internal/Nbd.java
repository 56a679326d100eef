package org.lodge.nbd.internal;

/** The numbers of the NBD protocol, {@code doc/proto.md} of github.com/NetworkBlockDevice/nbd. */
final class Nbd {
  static final long MAGIC = 0x4e42444d41474943L;
  static final long OPTION_MAGIC = 0x49484156454f5054L;
  static final long OPTION_REPLY_MAGIC = 0x3e889045565a9L;
  static final int FIXED_NEWSTYLE = 1;
  static final int NO_ZEROES = 2;

  static final int OPT_GO = 7;
  static final int OPT_STRUCTURED_REPLY = 8;
  static final int REP_ACK = 1;
  static final int REP_INFO = 3;
  static final int REP_ERROR = 1 << 31;
  static final int INFO_EXPORT = 0;
  static final int INFO_BLOCK_SIZE = 3;

  static final int HAS_FLAGS = 1;
  static final int READ_ONLY = 1 << 1;
  static final int SEND_FLUSH = 1 << 2;
  static final int SEND_FUA = 1 << 3;
  static final int SEND_TRIM = 1 << 5;
  static final int SEND_WRITE_ZEROES = 1 << 6;

  static final int REQUEST_MAGIC = 0x25609513;
  static final int REQUEST_BYTES = 28;
  static final int CMD_READ = 0;
  static final int CMD_WRITE = 1;
  static final int CMD_DISCONNECT = 2;
  static final int CMD_FLUSH = 3;
  static final int CMD_TRIM = 4;
  static final int CMD_WRITE_ZEROES = 6;
  static final int FLAG_FUA = 1;
  static final int FLAG_NO_HOLE = 1 << 1;

  static final int SIMPLE_REPLY_MAGIC = 0x67446698;
  static final int SIMPLE_REPLY_BYTES = 16;
  static final int CHUNK_MAGIC = 0x668e33ef;
  static final int CHUNK_BYTES = 20;
  static final int CHUNK_DONE = 1;
  static final int CHUNK_NONE = 0;
  static final int CHUNK_OFFSET_DATA = 1;
  static final int CHUNK_OFFSET_HOLE = 2;
  static final int CHUNK_ERROR = 1 << 15 | 1;
  static final int CHUNK_ERROR_OFFSET = 1 << 15 | 2;

  static final int EIO = 5;
  static final int ESHUTDOWN = 108;

  private Nbd() {}
}
