package org.lodge.nbd.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.connect.ByteStream;

/** A server may say anything at all: it costs its connection, and nothing else. */
@Timeout(120)
class UntrustedServerTest {
  private static final int ROUNDS = Integer.getInteger("lodge.fuzz.rounds", 15_000);
  private static final int READ_BYTES = 4096;

  /** Gives bytes that are there already, a few at a time, and takes whatever is written. */
  private static final class Script implements ByteStream {
    private final ByteBuffer from;
    private final Random random;

    Script(byte[] bytes, Random random) {
      from = ByteBuffer.wrap(bytes);
      this.random = random;
    }

    @Override
    public int read(ByteBuffer into) {
      if (!from.hasRemaining()) {
        return -1;
      }
      int count = Math.min(Math.min(into.remaining(), from.remaining()), 1 + random.nextInt(3000));
      into.put(from.slice(from.position(), count));
      from.position(from.position() + count);
      return count;
    }

    @Override
    public void write(ByteBuffer bytes) {
      bytes.position(bytes.limit());
    }

    @Override
    public void shutdownOutput() {}

    @Override
    public void reset() {}

    @Override
    public void close() {}
  }

  /** What was asked: a read of pages, and a flush; each answer is looked at. */
  private static final class Asked implements Replies.Requests {
    final Slots slots = new Slots(4);
    final TestIo io = TestIo.read(8192, READ_BYTES);
    final Slot read = slots.take(Nbd.CMD_READ, 8192, READ_BYTES, 0);
    final Slot flush = slots.take(Nbd.CMD_FLUSH, 0, 0, 0);
    int answers;
    boolean isWhole;

    Asked(int before) {
      read.io = io;
      Arrays.fill(io.data, (byte) before);
    }

    @Override
    public Slot find(long untrustedCookie) {
      return slots.find(untrustedCookie);
    }

    @Override
    public void answered(Slot slot, int errno) {
      assertTrue(slot == read || slot == flush);
      assertTrue(errno >= 0 && errno < 200, "errno " + errno);
      isWhole |= slot == read && errno == 0;
      answers++;
      slots.release(slot);
    }

    @Override
    public void quiet() {}
  }

  /** A right answer to everything, in chunks or not. */
  private static byte[] right(Asked asked, boolean structured, Random random) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    if (structured) {
      int cut = 512 * (1 + random.nextInt(7));
      boolean swapped = random.nextBoolean();
      for (int i = 0; i < 2; i++) {
        boolean first = i == 0 ^ swapped;
        int begin = first ? 0 : cut;
        int end = first ? cut : READ_BYTES;
        chunk(out, i, Nbd.CHUNK_OFFSET_DATA, asked.read.cookie(), end - begin + 8);
        out.writeLong(8192 + begin);
        out.write(data(random, end - begin));
      }
      chunk(out, 1, Nbd.CHUNK_NONE, asked.flush.cookie(), 0);
    } else {
      simple(out, asked.read.cookie());
      out.write(data(random, READ_BYTES));
      simple(out, asked.flush.cookie());
    }
    return bytes.toByteArray();
  }

  private static byte[] data(Random random, int bytes) {
    byte[] data = new byte[bytes];
    random.nextBytes(data);
    return data;
  }

  private static void simple(DataOutputStream out, long cookie) throws IOException {
    out.writeInt(Nbd.SIMPLE_REPLY_MAGIC);
    out.writeInt(0);
    out.writeLong(cookie);
  }

  private static void chunk(DataOutputStream out, int flags, int type, long cookie, int length)
      throws IOException {
    out.writeInt(Nbd.CHUNK_MAGIC);
    out.writeShort(flags);
    out.writeShort(type);
    out.writeLong(cookie);
    out.writeInt(length);
  }

  private static byte[] spoilt(byte[] right, Random random) {
    byte[] wrong = right.clone();
    int changes = random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      // Most of an answer is data; what matters are its first bytes and numbers at the edge.
      int at = random.nextBoolean() ? random.nextInt(48) : random.nextInt(wrong.length);
      at = Math.min(at, wrong.length - 4);
      switch (random.nextInt(3)) {
        case 0 -> wrong[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> ByteBuffer.wrap(wrong).putInt(at, edge(random));
        default -> {
          int from = random.nextInt(wrong.length - 4);
          System.arraycopy(right, from, wrong, at, Math.min(20, right.length - Math.max(from, at)));
        }
      }
    }
    return random.nextInt(4) == 0 ? Arrays.copyOf(wrong, random.nextInt(wrong.length)) : wrong;
  }

  private static int edge(Random random) {
    int[] edges = {0, 1, -1, 8, 9, READ_BYTES, READ_BYTES + 8, READ_BYTES + 9, Integer.MIN_VALUE};
    return edges[random.nextInt(edges.length)];
  }

  @Test
  void rightAnswersAreTakenWhateverTheirOrderAndPieces() throws Exception {
    Random random = new Random(1);
    for (int round = 0; round < 2000; round++) {
      Asked asked = new Asked(0);
      boolean structured = random.nextBoolean();
      Script script = new Script(right(asked, structured, random), random);
      IOException end =
          assertThrows(IOException.class, () -> new Replies(script, structured, asked).takeAll());
      assertEquals("it has closed the connection", end.getMessage());
      assertEquals(2, asked.answers);
    }
  }

  /** Each is taken twice, into memory of zeroes and of ones: a gap would show the difference. */
  @Test
  void wrongAnswersEndTheConnectionAndNoReadHasGaps() throws Exception {
    Random random = new Random(2);
    int wrongs = 0;
    int wholes = 0;
    for (int round = 0; round < ROUNDS; round++) {
      Asked zeroes = new Asked(0);
      Asked ones = new Asked(-1);
      boolean structured = random.nextBoolean();
      byte[] wrong = spoilt(right(zeroes, structured, random), random);
      String end = end(zeroes, wrong, structured, round);
      assertEquals(end, end(ones, wrong, structured, round));
      assertEquals(zeroes.isWhole, ones.isWhole);
      if (zeroes.isWhole) {
        assertTrue(Arrays.equals(zeroes.io.data, ones.io.data), "a gap, in round " + round);
        wholes++;
      }
      wrongs += end.equals("it has closed the connection") ? 0 : 1;
    }
    assertTrue(wrongs > ROUNDS / 10, "only " + wrongs + " were seen to be wrong");
    assertTrue(wholes > ROUNDS / 10, "only " + wholes + " reads were whole");
  }

  private static String end(Asked asked, byte[] bytes, boolean structured, long seed) {
    Script script = new Script(bytes, new Random(seed));
    return assertThrows(IOException.class, () -> new Replies(script, structured, asked).takeAll())
        .getMessage();
  }

  private static byte[] rightNegotiation() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeLong(Nbd.MAGIC);
    out.writeLong(Nbd.OPTION_MAGIC);
    out.writeShort(3);
    option(out, Nbd.OPT_STRUCTURED_REPLY, Nbd.REP_ACK, 0);
    option(out, Nbd.OPT_GO, Nbd.REP_INFO, 12);
    out.writeShort(Nbd.INFO_EXPORT);
    out.writeLong(1 << 20);
    out.writeShort(Nbd.HAS_FLAGS | Nbd.SEND_FLUSH);
    option(out, Nbd.OPT_GO, Nbd.REP_INFO, 14);
    out.writeShort(Nbd.INFO_BLOCK_SIZE);
    out.writeInt(512);
    out.writeInt(4096);
    out.writeInt(1 << 25);
    option(out, Nbd.OPT_GO, Nbd.REP_ACK, 0);
    return bytes.toByteArray();
  }

  private static void option(DataOutputStream out, int option, int type, int length)
      throws IOException {
    out.writeLong(Nbd.OPTION_REPLY_MAGIC);
    out.writeInt(option);
    out.writeInt(type);
    out.writeInt(length);
  }

  @Test
  void whatAnExportIsSaidToBeIsCheckedBeforeItIsBelieved() throws Exception {
    Random random = new Random(3);
    byte[] right = rightNegotiation();
    Export good = Handshake.negotiate(new Script(right, random), "data");
    assertEquals(new Export(1 << 20, 5, 512, 4096, 1 << 25, true), good);
    for (int round = 0; round < ROUNDS; round++) {
      try {
        Export seen = Handshake.negotiate(new Script(spoilt(right, random), random), "data");
        long size = seen.sizeBytes();
        assertTrue(size >= 512 && size <= 1L << 62 && size % 512 == 0, () -> "" + seen);
        assertTrue(Integer.bitCount(seen.blockBytes()) == 1, () -> "" + seen);
        assertTrue(seen.blockBytes() <= 64 << 10 && size % seen.blockBytes() == 0);
        assertTrue(seen.mostBytes() >= Math.max(512, seen.blockBytes()), () -> "" + seen);
        assertTrue(seen.limits(false, 1 << 18).transferBytes() >= 512, () -> "" + seen);
        assertTrue(seen.limits(false, 1 << 18).transferBytes() <= 1 << 18, () -> "" + seen);
      } catch (IOException e) {
        assertTrue(e.getMessage() != null && e.getMessage().matches("[ -~]+"), e.getMessage());
      }
    }
  }
}
