package org.lodge.virtio.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Objects;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.RingException;
import org.lodge.virtio.RingFault;

/**
 * One reused request: first the checked copies of its descriptors, then the pieces of host memory
 * that they name.
 */
final class Chain implements DescriptorChain {
  private static final long BYTES_MAX = 0xffff_ffffL;

  /** How many descriptors and pieces a chain has room for that is not large. */
  private static final int USUAL_ROOM = 64;

  private static final int VIEWS_MAX = 64;

  private final AbstractRing ring;
  private final int slot;

  /** The head's index in a split ring, the buffer id in a packed one. */
  int id;

  /** How many descriptors of the ring it takes, an indirect table counting as one. */
  int ringDescriptors;

  /** Where in the ring it was taken, to rewind to. */
  int takenAt;

  boolean takenWrap;
  long sequence;
  boolean out;
  MemoryUse use;

  private long[] addresses = new long[8];
  private int[] lengths = new int[8];
  private int descriptors;
  private int readableDescriptors;
  private long readableBytes;
  private long writableBytes;

  private int[] windows = new int[8];
  private long[] offsets = new long[8];
  private int[] pieceBytes = new int[8];
  private int pieces;
  private int readablePieces;

  private Memory memory;
  private Memory viewed;

  /** Views of windows, each in the place that some windows share; and which window it is. */
  private ByteBuffer[] views = {};

  private int[] viewWindows = {};

  Chain(AbstractRing ring, int slot) {
    this.ring = ring;
    this.slot = slot;
  }

  void begin(int id) {
    this.id = id;
    descriptors = 0;
    readableDescriptors = 0;
    readableBytes = 0;
    writableBytes = 0;
    ringDescriptors = 0;
  }

  boolean isLarge() {
    return addresses.length > USUAL_ROOM || windows.length > USUAL_ROOM;
  }

  /** Keeps what a usual request needs; the one that it had is over. */
  void shrink() {
    addresses = new long[USUAL_ROOM];
    lengths = new int[USUAL_ROOM];
    descriptors = 0;
    windows = new int[USUAL_ROOM];
    offsets = new long[USUAL_ROOM];
    pieceBytes = new int[USUAL_ROOM];
    pieces = 0;
  }

  /** Adds the copy of one descriptor and checks it as far as that needs no memory. */
  void add(long untrustedAddress, int untrustedLength, boolean writable) throws RingException {
    long length = Integer.toUnsignedLong(untrustedLength);
    if (length == 0) {
      throw fault(RingFault.ZERO_LENGTH, untrustedAddress, length);
    }
    if (untrustedAddress < 0 && untrustedAddress + length > 0) {
      throw fault(RingFault.ADDRESS_OVERFLOW, untrustedAddress, length);
    }
    if (!writable && readableDescriptors < descriptors) {
      throw fault(RingFault.WRITABLE_BEFORE_READABLE, untrustedAddress, length);
    }
    if (readableBytes + writableBytes + length > BYTES_MAX) {
      throw fault(RingFault.CHAIN_TOO_LARGE, untrustedAddress, length);
    }
    if (descriptors == addresses.length) {
      addresses = Arrays.copyOf(addresses, 2 * descriptors);
      lengths = Arrays.copyOf(lengths, 2 * descriptors);
    }
    addresses[descriptors] = untrustedAddress;
    lengths[descriptors] = untrustedLength;
    descriptors++;
    if (writable) {
      writableBytes += length;
    } else {
      readableDescriptors++;
      readableBytes += length;
    }
  }

  /** Finds the memory of the descriptors added before. */
  void translate(Memory in) throws RingException {
    memory = in;
    pieces = 0;
    readablePieces = 0;
    for (int descriptor = 0; descriptor < descriptors; descriptor++) {
      if (descriptor == readableDescriptors) {
        readablePieces = pieces;
      }
      long address = addresses[descriptor];
      long left = Integer.toUnsignedLong(lengths[descriptor]);
      while (left > 0) {
        int window = in.find(address);
        if (window < 0) {
          throw fault(RingFault.ADDRESS_NOT_MAPPED, address, left);
        }
        int part = (int) Math.min(left, in.end(window) - address);
        append(window, address - in.start(window), part);
        address += part;
        left -= part;
      }
    }
    if (readableDescriptors == descriptors) {
      readablePieces = pieces;
    }
  }

  private void append(int window, long offset, int length) {
    int last = pieces - 1;
    if (last >= readablePieces
        && windows[last] == window
        && offsets[last] + pieceBytes[last] == offset) {
      pieceBytes[last] += length;
      return;
    }
    if (pieces == windows.length) {
      windows = Arrays.copyOf(windows, 2 * pieces);
      offsets = Arrays.copyOf(offsets, 2 * pieces);
      pieceBytes = Arrays.copyOf(pieceBytes, 2 * pieces);
    }
    windows[pieces] = window;
    offsets[pieces] = offset;
    pieceBytes[pieces] = length;
    pieces++;
  }

  private static RingException fault(RingFault fault, long address, long length) {
    return new RingException(
        fault, "descriptor with address 0x%x and length %d".formatted(address, length));
  }

  @Override
  public int slot() {
    return slot;
  }

  @Override
  public boolean isRepeat() {
    return sequence < 0;
  }

  @Override
  public long readableBytes() {
    return readableBytes;
  }

  @Override
  public long writableBytes() {
    return writableBytes;
  }

  @Override
  public int readablePieces() {
    return readablePieces;
  }

  @Override
  public int writablePieces() {
    return pieces - readablePieces;
  }

  @Override
  public int pieceBytes(int piece) {
    return pieceBytes[Objects.checkIndex(piece, pieces)];
  }

  @Override
  public long pieceAddress(int piece) {
    Objects.checkIndex(piece, pieces);
    return memory.hostAddress(windows[piece]) + offsets[piece];
  }

  @Override
  public MemorySegment pieceMemory(int piece) {
    return memory.segment(windows[Objects.checkIndex(piece, pieces)]);
  }

  @Override
  public long pieceOffset(int piece) {
    return offsets[Objects.checkIndex(piece, pieces)];
  }

  @Override
  public ByteBuffer pieceBuffer(int piece) {
    Objects.checkIndex(piece, pieces);
    ByteBuffer view = view(windows[piece]);
    int offset = (int) offsets[piece];
    return view.limit(offset + pieceBytes[piece]).position(offset);
  }

  private ByteBuffer view(int window) {
    if (viewed != memory) {
      viewed = memory;
      views = new ByteBuffer[Math.min(VIEWS_MAX, memory.windows())];
      viewWindows = new int[views.length];
    }
    int place = window % views.length;
    if (views[place] == null || viewWindows[place] != window) {
      views[place] = memory.newView(window);
      viewWindows[place] = window;
    }
    return views[place];
  }

  @Override
  public void read(long offset, byte[] into, int intoOffset, int length) {
    Objects.checkFromIndexSize(offset, length, readableBytes);
    Objects.checkFromIndexSize(intoOffset, length, into.length);
    copy(offset, 0, into, intoOffset, length, false);
  }

  @Override
  public void write(long offset, byte[] from, int fromOffset, int length) {
    Objects.checkFromIndexSize(offset, length, writableBytes);
    Objects.checkFromIndexSize(fromOffset, length, from.length);
    copy(offset, readablePieces, from, fromOffset, length, true);
  }

  private void copy(
      long offset, int firstPiece, byte[] bytes, int bytesOffset, int length, boolean toGuest) {
    int piece = firstPiece;
    long skip = offset;
    int done = 0;
    while (done < length) {
      if (skip >= pieceBytes[piece]) {
        skip -= pieceBytes[piece++];
        continue;
      }
      int part = (int) Math.min(length - done, pieceBytes[piece] - skip);
      MemorySegment segment = memory.segment(windows[piece]);
      long at = offsets[piece] + skip;
      if (toGuest) {
        MemorySegment.copy(bytes, bytesOffset + done, segment, ValueLayout.JAVA_BYTE, at, part);
      } else {
        MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, at, bytes, bytesOffset + done, part);
      }
      done += part;
      skip += part;
    }
  }

  @Override
  public void complete(long writtenBytes) {
    ring.completions.complete(this, writtenBytes, ring.isServing());
  }

  @Override
  public void completeBatched(long writtenBytes) {
    ring.completions.complete(this, writtenBytes, true);
  }

  @Override
  public void handBack() {
    ring.completions.handBack(this);
  }
}
