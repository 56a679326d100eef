package org.lodge.nbd.internal;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.lodge.connect.ByteStream;

/**
 * The beginning of a connection ({@code proto.md}, "Fixed newstyle negotiation"): asks for chunked
 * replies, then for the export with its block sizes. Every length that the server says is bounded,
 * and so is the number of its replies.
 */
final class Handshake {
  private static final int REPLIES_MOST = 64;
  private static final int REPLY_BYTES_MOST = 64 << 10;
  private static final int TEXT_MOST = 200;

  private final ByteStream stream;
  private ByteBuffer data = ByteBuffer.allocate(0);
  private int replies;

  private Handshake(ByteStream stream) {
    this.stream = stream;
  }

  /** The server knows no such export, or does not give it. */
  static final class RefusedException extends IOException {
    private static final long serialVersionUID = 1;

    RefusedException(String message) {
      super(message);
    }
  }

  /**
   * Goes through the negotiation; requests may follow.
   *
   * @throws RefusedException where the server refuses the export
   * @throws IOException where it ends or says what can't be
   */
  static Export negotiate(ByteStream stream, String export) throws IOException {
    return new Handshake(stream).run(export);
  }

  private Export run(String export) throws IOException {
    greet();
    boolean structured = option(Nbd.OPT_STRUCTURED_REPLY, new byte[0]) == Nbd.REP_ACK;
    return go(export, structured);
  }

  private void greet() throws IOException {
    ByteBuffer greeting = read(18);
    long untrustedMagic = greeting.getLong();
    long untrustedOption = greeting.getLong();
    int untrustedFlags = greeting.getShort() & 0xffff;
    if (untrustedMagic != Nbd.MAGIC) {
      throw new IOException("what answers is no NBD server");
    }
    if (untrustedOption != Nbd.OPTION_MAGIC || (untrustedFlags & Nbd.FIXED_NEWSTYLE) == 0) {
      throw new IOException("the NBD server is too old: it lacks the fixed newstyle negotiation");
    }
    int flags = Nbd.FIXED_NEWSTYLE | untrustedFlags & Nbd.NO_ZEROES;
    stream.write(ByteBuffer.allocate(4).putInt(flags).flip());
  }

  /** Sends an option and takes its last reply, whose type it gives. */
  private int option(int option, byte[] with) throws IOException {
    send(option, with);
    return reply(option);
  }

  private void send(int option, byte[] with) throws IOException {
    stream.write(
        ByteBuffer.allocate(16 + with.length)
            .putLong(Nbd.OPTION_MAGIC)
            .putInt(option)
            .putInt(with.length)
            .put(with)
            .flip());
  }

  /** One reply; its data is in {@link #data} then. */
  private int reply(int option) throws IOException {
    if (++replies > REPLIES_MOST) {
      throw new IOException("the NBD server's negotiation does not end");
    }
    ByteBuffer header = read(20);
    long untrustedMagic = header.getLong();
    int untrustedOption = header.getInt();
    int type = header.getInt();
    int untrustedLength = header.getInt();
    if (untrustedMagic != Nbd.OPTION_REPLY_MAGIC
        || untrustedOption != option
        || untrustedLength < 0
        || untrustedLength > REPLY_BYTES_MOST) {
      throw new IOException(
          "the NBD server's answer to option %d is wrong: option %d, type %#x, %d bytes"
              .formatted(option, untrustedOption, type, untrustedLength));
    }
    data = read(untrustedLength);
    return type;
  }

  private Export go(String export, boolean structured) throws IOException {
    byte[] name = export.getBytes(StandardCharsets.UTF_8);
    ByteBuffer ask = ByteBuffer.allocate(4 + name.length + 4);
    ask.putInt(name.length).put(name).putShort((short) 1).putShort((short) Nbd.INFO_BLOCK_SIZE);
    send(Nbd.OPT_GO, ask.array());
    boolean known = false;
    long untrustedSize = 0;
    int flags = 0;
    int[] untrustedBlocks = Export.BLOCKS_UNSAID;
    int type = reply(Nbd.OPT_GO);
    while (type == Nbd.REP_INFO && data.remaining() >= 2) {
      int info = data.getShort() & 0xffff;
      if (info == Nbd.INFO_EXPORT && data.remaining() == 10) {
        untrustedSize = data.getLong();
        flags = data.getShort() & 0xffff;
        known = true;
      } else if (info == Nbd.INFO_BLOCK_SIZE && data.remaining() == 12) {
        untrustedBlocks = new int[] {data.getInt(), data.getInt(), data.getInt()};
      } else if (info == Nbd.INFO_EXPORT || info == Nbd.INFO_BLOCK_SIZE) {
        throw new IOException("the NBD server's word on its export has a wrong length");
      }
      type = reply(Nbd.OPT_GO);
    }
    if ((type & Nbd.REP_ERROR) != 0) {
      throw refused(export, type);
    }
    if (type != Nbd.REP_ACK || !known) {
      throw new IOException("the NBD server does not say how large its export is");
    }
    return Export.checked(untrustedSize, flags, untrustedBlocks, structured);
  }

  private RefusedException refused(String export, int type) {
    String name = export.isEmpty() ? "its default export" : "the export '" + export + "'";
    String why =
        switch (type & ~Nbd.REP_ERROR) {
          case 1 -> "it is too old to say what it has";
          case 2 -> "its own policy forbids it";
          case 5 -> "it wants TLS, which is not needed within one host; switch it off there";
          case 6 -> "there is none of that name";
          case 7 -> "it is about to end";
          default -> "error %#x".formatted(type);
        };
    byte[] untrustedText = new byte[Math.min(TEXT_MOST, data.remaining())];
    data.get(untrustedText);
    String said =
        new String(untrustedText, StandardCharsets.US_ASCII).replaceAll("[^ -~]", "?").strip();
    return new RefusedException(
        "the NBD server refuses %s: %s%s"
            .formatted(name, why, said.isEmpty() ? "" : " (it says: " + said + ")"));
  }

  private ByteBuffer read(int bytes) throws IOException {
    ByteBuffer into = ByteBuffer.allocate(bytes);
    while (into.hasRemaining()) {
      if (stream.read(into) < 0) {
        throw new EOFException("the NBD server has closed the connection");
      }
    }
    return into.flip();
  }
}
