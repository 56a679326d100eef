package org.lodge.device.blk.internal;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.lodge.linux.BlockFile;
import org.lodge.linux.IoUring;
import org.lodge.linux.IoVector;
import org.lodge.linux.LinuxException;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file or block device behind a disk. Data goes straight between it and guest memory. With
 * direct I/O, guest buffers that are not aligned go through a buffer of ours, and the rare request
 * that does not begin and end at its alignment goes through the page cache, which the kernel keeps
 * coherent.
 *
 * <p>Thread-safe; results are 0 or a negated error number.
 */
final class Disk implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Disk.class);
  private static final MemorySegment ZEROES = Arena.global().allocate(Lane.BOUNCE_BYTES, 4096);

  private final Path path;
  private final BlockFile file;

  /** Past the page cache; null where not asked for. */
  private final BlockFile direct;

  private final boolean writable;
  private volatile long sectors;

  /** Behind the last whole sector. */
  private volatile int tailBytes;

  private Disk(Path path, BlockFile file, BlockFile direct, boolean writable)
      throws LinuxException {
    this.path = path;
    this.file = file;
    this.direct = direct;
    this.writable = writable;
    look();
  }

  static Disk open(BlkSettings settings, DeviceConfig config) throws DeviceException {
    Path path = settings.path().orElseThrow();
    BlockFile file = null;
    boolean opened = false;
    try {
      file = BlockFile.open(path, !settings.readOnly(), false);
      BlockFile direct = settings.direct() ? openDirect(settings, config) : null;
      Disk disk = new Disk(path, file, direct, !settings.readOnly());
      opened = true;
      return disk;
    } catch (LinuxException e) {
      throw Unusable.of(path, !settings.readOnly(), config, e);
    } finally {
      if (!opened && file != null) {
        file.close();
      }
    }
  }

  private static BlockFile openDirect(BlkSettings settings, DeviceConfig config)
      throws DeviceException {
    try {
      return BlockFile.open(settings.path().orElseThrow(), !settings.readOnly(), true);
    } catch (LinuxException e) {
      throw new DeviceException(
          "open",
          config
              .fault(
                  "direct",
                  "can't be had for " + settings.path().orElseThrow() + "; its file system refuses")
              .getMessage(),
          e);
    }
  }

  long sectors() {
    return sectors;
  }

  /** What requests should be aligned to, in bytes. */
  int blockBytes() {
    return file.alignmentBytes();
  }

  /** Whether a range lies on the disk. */
  boolean holds(long untrustedSector, long untrustedBytes) {
    return Medium.holds(sectors, untrustedSector, untrustedBytes);
  }

  /** Whether data goes past the page cache, where reads and writes always take their time. */
  boolean isDirect() {
    return direct != null;
  }

  /** Whether what is cached can be read at once and the rest later, by {@link #prepare}. */
  boolean readsWithoutWaiting() {
    return file.readsWithoutWaiting();
  }

  /**
   * Collects the ranges of a request that can go past the page cache as it is; of a disk whose data
   * goes through it, all.
   *
   * @param firstPiece of the data in the chain
   * @param skipBytes of that piece that are not data
   * @return false where it can't, because it is not aligned or has too many pieces
   */
  boolean gather(
      DescriptorChain chain,
      int firstPiece,
      int skipBytes,
      long length,
      long offset,
      IoVector into) {
    into.clear();
    long misaligned = length | offset;
    int piece = firstPiece;
    long skip = skipBytes;
    while (into.sizeBytes() < length) {
      long part = Math.min(chain.pieceBytes(piece) - skip, length - into.sizeBytes());
      if (part > 0) {
        long address = chain.pieceAddress(piece) + skip;
        misaligned |= address | part;
        if (!into.add(address, part)) {
          return false;
        }
      }
      piece++;
      skip = 0;
    }
    return direct == null || (misaligned & direct.alignmentBytes() - 1) == 0;
  }

  /** Prepares what {@link #gather} collected. */
  void prepare(IoUring ring, IoVector vector, long offset, boolean write, long token) {
    BlockFile target = direct == null ? file : direct;
    if (write) {
      ring.write(target, vector, offset, token);
    } else {
      ring.read(target, vector, offset, token);
    }
  }

  int read(DescriptorChain chain, long length, long offset, Lane lane) {
    return transfer(chain, chain.readablePieces(), 0, length, offset, lane, false);
  }

  int write(DescriptorChain chain, long length, long offset, Lane lane) {
    return transfer(chain, 0, Blk.HEADER_BYTES, length, offset, lane, true);
  }

  private int transfer(
      DescriptorChain chain,
      int firstPiece,
      int skipBytes,
      long length,
      long offset,
      Lane lane,
      boolean write) {
    int alignment = direct == null ? 1 : direct.alignmentBytes();
    boolean past = direct != null && ((length | offset) & alignment - 1) == 0;
    BlockFile target = past ? direct : file;
    int piece = firstPiece;
    long skip = skipBytes;
    long left = length;
    long at = offset;
    while (left > 0) {
      lane.vector.clear();
      long misaligned = 0;
      while (lane.vector.sizeBytes() < left) {
        long available = chain.pieceBytes(piece) - skip;
        if (available == 0) {
          piece++;
          skip = 0;
          continue;
        }
        long part = Math.min(available, left - lane.vector.sizeBytes());
        long address = chain.pieceAddress(piece) + skip;
        if (!lane.vector.add(address, part)) {
          break;
        }
        misaligned |= address | part;
        skip += part;
      }
      long now = lane.vector.sizeBytes();
      int result;
      if (past && (misaligned & alignment - 1) != 0) {
        result = bounced(chain, length - left, now, at, lane, write);
      } else if (write) {
        result = target.write(lane.vector, at);
      } else {
        result = target.read(lane.vector, at);
      }
      if (result < 0) {
        return result;
      }
      left -= now;
      at += now;
    }
    return 0;
  }

  /** Direct I/O for guest buffers that are not aligned. */
  private int bounced(
      DescriptorChain chain, long from, long length, long offset, Lane lane, boolean write) {
    MemorySegment buffer = lane.bounce();
    for (long done = 0; done < length; ) {
      long part = Math.min(Lane.BOUNCE_BYTES, length - done);
      if (write) {
        copy(chain, 0, Blk.HEADER_BYTES + from + done, buffer, part, false);
      }
      lane.vector.clear();
      lane.vector.add(buffer.address(), part);
      int result =
          write
              ? direct.write(lane.vector, offset + done)
              : direct.read(lane.vector, offset + done);
      if (result < 0) {
        return result;
      }
      if (!write) {
        copy(chain, chain.readablePieces(), from + done, buffer, part, true);
      }
      done += part;
    }
    return 0;
  }

  private static void copy(
      DescriptorChain chain,
      int firstPiece,
      long from,
      MemorySegment buffer,
      long length,
      boolean toGuest) {
    int piece = firstPiece;
    long skip = from;
    for (long done = 0; done < length; ) {
      if (skip >= chain.pieceBytes(piece)) {
        skip -= chain.pieceBytes(piece++);
        continue;
      }
      long part = Math.min(length - done, chain.pieceBytes(piece) - skip);
      long at = chain.pieceOffset(piece) + skip;
      if (toGuest) {
        MemorySegment.copy(buffer, done, chain.pieceMemory(piece), at, part);
      } else {
        MemorySegment.copy(chain.pieceMemory(piece), at, buffer, done, part);
      }
      done += part;
      skip += part;
    }
  }

  int sync(Lane lane) {
    return file.sync(lane.vector);
  }

  /** A hint: where file system or device can't, the data stays, which the driver must expect. */
  int discard(long offset, long length, Lane lane) {
    int result = file.discard(lane.vector, offset, length);
    return result == -BlockFile.EOPNOTSUPP ? 0 : result;
  }

  int zero(long offset, long length, boolean mayUnmap, Lane lane) {
    int result = file.zero(lane.vector, offset, length, mayUnmap);
    if (result != -BlockFile.EOPNOTSUPP) {
      return result;
    }
    for (long done = 0; done < length; ) {
      long part = Math.min(ZEROES.byteSize(), length - done);
      lane.vector.clear();
      lane.vector.add(ZEROES.address(), part);
      result = file.write(lane.vector, offset + done);
      if (result < 0) {
        return result;
      }
      done += part;
    }
    return 0;
  }

  /** Changes the file's length, or only looks how long it is now. */
  void resize(long sizeBytes) throws IOException {
    if (!file.isBlockDevice()) {
      file.resize(sizeBytes);
    }
    look();
  }

  /** A file that does not end with a whole sector is made to, as QEMU does at its first write. */
  void look() throws LinuxException {
    long sizeBytes = file.sizeBytes();
    int tail = (int) (sizeBytes & Blk.SECTOR_BYTES - 1);
    if (tail != 0 && writable) {
      file.resize(sizeBytes - tail + Blk.SECTOR_BYTES);
      log.info(
          "{} was made {} bytes longer, to end with a whole sector of 512",
          path,
          Blk.SECTOR_BYTES - tail);
      sizeBytes = file.sizeBytes();
      tail = (int) (sizeBytes & Blk.SECTOR_BYTES - 1);
    }
    sectors = sizeBytes >>> Blk.SECTOR_SHIFT;
    tailBytes = tail;
  }

  /** What the guest does not see of the file; 0 where it sees all. */
  int tailBytes() {
    return tailBytes;
  }

  boolean isBlockDevice() {
    return file.isBlockDevice();
  }

  Path path() {
    return path;
  }

  @Override
  public void close() {
    file.close();
    if (direct != null) {
      direct.close();
    }
  }
}
