package org.lodge.shell.internal.command.inside;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.lodge.agent.AgentException;
import org.lodge.agent.AgentFile;
import org.lodge.agent.AgentSession;
import org.lodge.shell.CommandException;

/** One file at a time, through a buffer of fixed size. */
final class FileCopy {
  private static final int BUFFER_BYTES = 256 << 10;

  /** Files of a proc file system say that they are empty, and are not. */
  private static final long MOST_BYTES_OF_UNSIZED = 16 << 20;

  /** Files of a sysfs say that they are as large as they may become. */
  private static final String SYSFS = "/sys/";

  private final Duration limit;
  private final Meter meter;

  FileCopy(Duration limit, Meter meter) {
    this.limit = limit;
    this.meter = meter;
  }

  /** From the host into a guest. */
  void in(Path file, AgentSession to, Place target, boolean into)
      throws IOException, CommandException {
    String name = file.getFileName().toString();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long sizeBytes = channel.size();
      meter.file(name, sizeBytes);
      put(to, into ? target.child(name) : target, name, Modes.of(file), sizeBytes, channel);
    }
  }

  /**
   * From a guest to the host.
   *
   * @return false where it is a folder, which was not touched
   */
  boolean out(AgentSession from, Place source, Path target) throws IOException, CommandException {
    try (AgentFile file = get(from, source)) {
      if (file == null) {
        return false;
      }
      meter.file(source.name(), file.sizeBytes());
      boolean into = Files.isDirectory(target);
      Path place = into ? target.resolve(checkedName(source)) : target;
      if (into && Files.isSymbolicLink(place)) {
        // A guest may have made it, when the folder was copied; a link that was named is followed.
        whole(place, file.mode(), channel -> copy(source, file, channel));
      } else if (Files.exists(place) && !Files.isRegularFile(place)) {
        // Such as /dev/null, which must not be replaced by a file.
        try (FileChannel channel = FileChannel.open(place, StandardOpenOption.WRITE)) {
          copy(source, file, channel);
        }
      } else {
        Path real = Files.exists(place) ? place.toRealPath() : place;
        whole(real, file.mode(), channel -> copy(source, file, channel));
      }
      return true;
    }
  }

  /**
   * From one guest to another.
   *
   * @return false where it is a folder, which was not touched
   */
  boolean across(AgentSession from, Place source, AgentSession to, Place target, boolean into)
      throws IOException, CommandException {
    try (AgentFile file = get(from, source)) {
      if (file == null) {
        return false;
      }
      meter.file(source.name(), file.sizeBytes());
      String name = checkedName(source);
      put(
          to,
          into ? target.child(name) : target,
          name,
          file.mode() & Modes.PERMISSIONS,
          file.sizeBytes(),
          new StreamChannel(Duplex.of(file.content())));
      return true;
    }
  }

  private AgentFile get(AgentSession from, Place source) throws IOException, CommandException {
    try {
      return from.get(source.path(), limit);
    } catch (AgentException e) {
      if (e.errno() == Inside.EISDIR) {
        return null;
      }
      throw failed(source, e);
    }
  }

  private void put(
      AgentSession to,
      Place target,
      String name,
      int mode,
      long sizeBytes,
      ReadableByteChannel content)
      throws IOException, CommandException {
    ReadableByteChannel counted = new Counted(content, meter);
    try {
      to.put(target.path(), mode, sizeBytes, counted, limit);
    } catch (AgentException e) {
      if (e.errno() != Inside.EISDIR) {
        throw failed(target, e);
      }
      Place inside = target.child(name);
      try {
        // Nothing of the content has been read.
        to.put(inside.path(), mode, sizeBytes, counted, limit);
      } catch (AgentException again) {
        throw failed(inside, again);
      }
    }
  }

  static CommandException failed(Place place, AgentException e) {
    return new CommandException(place + ": " + Inside.reason(e));
  }

  private static String checkedName(Place source) throws CommandException {
    String name = source.name();
    if (name.isEmpty() || name.equals(".") || name.equals("..")) {
      throw new CommandException(source + " has no name of its own; name the target in full");
    }
    return name;
  }

  /** What writes a file's content. */
  interface Content {
    void write(FileChannel channel) throws IOException;
  }

  /** Writes beside a file's name, and moves it there when it is whole. */
  static void whole(Path place, int mode, Content content) throws IOException {
    Path folder = place.toAbsolutePath().getParent();
    Path unfinished = Files.createTempFile(folder, ".lodge-", ".part");
    try {
      try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
        content.write(channel);
      }
      Files.setPosixFilePermissions(unfinished, Modes.permissions(mode));
      Files.move(
          unfinished, place, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }

  private void copy(Place source, AgentFile file, WritableByteChannel to) throws IOException {
    boolean sized = file.sizeBytes() > 0 && !source.path().startsWith(SYSFS);
    long left = file.sizeBytes() > 0 ? file.sizeBytes() : MOST_BYTES_OF_UNSIZED;
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    while (left > 0) {
      buffer.clear().limit((int) Math.min(left, BUFFER_BYTES));
      int count = file.content().read(buffer);
      if (count < 0 && sized) {
        // An agent that dies or can't read on ends the content as it does at the end.
        throw new EOFException(
            source + ": it ended " + left + " bytes before its size of " + file.sizeBytes());
      }
      if (count < 0) {
        break;
      }
      left -= count;
      buffer.flip();
      while (buffer.hasRemaining()) {
        to.write(buffer);
      }
      meter.add(count);
    }
  }

  /** A stream as a channel, for reading. */
  private record StreamChannel(Duplex stream) implements ReadableByteChannel {

    @Override
    public int read(ByteBuffer into) throws IOException {
      return stream.read(into);
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {
      stream.close();
    }
  }

  private record Counted(ReadableByteChannel from, Meter meter) implements ReadableByteChannel {

    @Override
    public int read(ByteBuffer into) throws IOException {
      int count = from.read(into);
      meter.add(Math.max(0, count));
      return count;
    }

    @Override
    public boolean isOpen() {
      return from.isOpen();
    }

    @Override
    public void close() throws IOException {
      from.close();
    }
  }
}
