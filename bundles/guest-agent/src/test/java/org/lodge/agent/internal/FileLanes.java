package org.lodge.agent.internal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.lodge.lane.LaneEnd;
import org.lodge.lane.LaneSlot;
import org.lodge.lane.Lanes;

/** Lanes that are one file, which agents of this host have as theirs. */
final class FileLanes implements Lanes {
  private static final int ROOM_BYTES = 64;

  final List<FileSlot> slots = new ArrayList<>();
  private final Path file;
  private boolean writable = true;

  FileLanes(Path folder) throws IOException {
    file = Files.createFile(folder.resolve("lane"));
  }

  /** The agent finds its lane beside the socket by which it reaches the host. */
  void giveTo(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.createSymbolicLink(folder.resolve("lodge.sock.lane"), file);
  }

  /** No file can have what is written from now on. */
  void refuse() {
    writable = false;
  }

  final class FileSlot implements LaneSlot {
    final int bytes;
    private final long position;
    String reader;
    boolean over;

    /** Whether who used it has put something there. */
    boolean changed;

    private FileSlot(long position, int bytes) {
      this.position = position;
      this.bytes = bytes;
    }

    @Override
    public long position() {
      return position;
    }

    @Override
    public int writtenBytes() {
      return isWhole() ? bytes : 0;
    }

    @Override
    public boolean isWhole() {
      try {
        return Files.size(file) >= position + bytes;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public boolean use(Use use) throws IOException {
      ByteBuffer all = ByteBuffer.allocateDirect(ROOM_BYTES + bytes).position(ROOM_BYTES);
      try (FileChannel lane = FileChannel.open(file, StandardOpenOption.READ)) {
        lane.read(all, position);
      }
      ByteBuffer before = ByteBuffer.allocate(all.capacity()).put(all.duplicate().clear()).flip();
      use.with(all.position(ROOM_BYTES));
      changed |= !before.equals(all.duplicate().clear());
      return true;
    }

    @Override
    public boolean handTo(String guest) {
      reader = guest;
      return true;
    }

    @Override
    public boolean isOver() {
      return over;
    }

    @Override
    public void close() {
      over = true;
    }
  }

  @Override
  public Optional<LaneSlot> open(String writer, int bytes) {
    long position = writable ? (long) (slots.size() + 1) * SLOT_BYTES : 1L << 62;
    slots.add(new FileSlot(position, bytes));
    return Optional.of(slots.getLast());
  }

  @Override
  public Optional<LaneSlot> fill(String reader, int bytes) {
    throw new UnsupportedOperationException("the host has no rows");
  }

  @Override
  public LaneEnd end(String guest) {
    throw new UnsupportedOperationException("an agent has the file");
  }
}
