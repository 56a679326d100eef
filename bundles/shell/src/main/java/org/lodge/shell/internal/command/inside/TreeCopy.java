package org.lodge.shell.internal.command.inside;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import org.lodge.agent.AgentProgram;
import org.lodge.agent.AgentSession;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExitStatus;
import org.lodge.shell.CommandException;

/** Folders, as a tar stream from or to the guest's own tar. */
final class TreeCopy {
  private static final int BUFFER_BYTES = 64 << 10;
  private static final int MOST_ERROR_BYTES = 8192;

  /** Arguments: the target, the folder's own name, and "into" where the target must be there. */
  private static final String UNPACK =
      """
      if [ -d "$1" ]; then
        folder="${1%/}/$2"
      elif [ "$3" = into ]; then
        echo "$1 is not a folder" >&2
        exit 1
      else
        folder=$1
      fi
      mkdir -p "$folder" && exec tar -xpf - -C "$folder"
      """;

  private final Duration limit;
  private final Meter meter;

  TreeCopy(Duration limit, Meter meter) {
    this.limit = limit;
    this.meter = meter;
  }

  /** From the host into a guest. */
  void in(Path folder, AgentSession to, Place target, boolean into)
      throws IOException, InterruptedException, CommandException {
    try (Tar tar = unpack(to, target, folder.getFileName().toString(), into)) {
      try (OutputStream out = new BufferedOutputStream(tar.output(), BUFFER_BYTES)) {
        Packing.pack(folder, out, meter);
      } catch (IOException e) {
        tar.finish(target);
        throw e;
      }
      tar.stream.endOutput();
      tar.finish(target);
    }
  }

  /** From a guest to the host. */
  void out(AgentSession from, Place source, Path target)
      throws IOException, InterruptedException, CommandException {
    boolean into = Files.isDirectory(target);
    Path folder = into ? target.resolve(source.name()) : target;
    if (into && Files.isSymbolicLink(folder)) {
      throw new CommandException(folder + " is a link; nothing is written through it");
    }
    try (Tar tar = pack(from, source)) {
      new Unpacking(folder, meter).unpack(tar.input());
      tar.finish(source);
    }
  }

  /** From one guest to another; the host only carries the stream. */
  void across(AgentSession from, Place source, AgentSession to, Place target, boolean into)
      throws IOException, InterruptedException, CommandException {
    meter.file(source.name(), -1);
    try (Tar packing = pack(from, source);
        Tar unpacking = unpack(to, target, source.name(), into)) {
      Flow flow = Flow.across(packing.stream, unpacking.stream, meter);
      try {
        flow.ended().get();
      } catch (ExecutionException e) {
        unpacking.finish(target);
        packing.finish(source);
        throw new IOException(e.getCause());
      } finally {
        flow.thread().interrupt();
      }
      packing.finish(source);
      unpacking.finish(target);
    }
  }

  private Tar pack(AgentSession from, Place source)
      throws IOException, InterruptedException, CommandException {
    Tar tar = new Tar(from, List.of("tar", "-cf", "-", "-C", source.path(), "."));
    tar.stream.endOutput();
    return tar;
  }

  private Tar unpack(AgentSession to, Place target, String name, boolean into)
      throws IOException, InterruptedException, CommandException {
    String mode = into && !target.namesFolder() ? "into" : "as";
    return new Tar(to, List.of("sh", "-c", UNPACK, "sh", target.path(), name, mode));
  }

  /** A tar that runs in a guest. */
  private final class Tar implements AutoCloseable {
    final Duplex stream;
    private final AgentProgram program;
    private final Captured errors = new Captured(MOST_ERROR_BYTES);
    private final Flow errorFlow;

    Tar(AgentSession session, List<String> command) throws IOException, CommandException {
      ExecRequest plain = ExecRequest.of("tar");
      program =
          Inside.start(
              session,
              new ExecRequest(
                  command, plain.environment(), "", plain.uid(), plain.gid(), plain.terminal()),
              limit);
      stream = Duplex.of(program.stream());
      errorFlow = Flow.out(Duplex.of(program.errors().orElseThrow()), errors);
    }

    /** Waits for its end, which has to be a good one. */
    void finish(Place place) throws InterruptedException, IOException, CommandException {
      try {
        ExitStatus status = program.exit().toCompletableFuture().get();
        errorFlow.ended().exceptionally(_ -> null).get();
        if (status.shellCode() != 0) {
          List<String> lines = new ArrayList<>(errors.text().lines().toList());
          throw new CommandException(
              1, place + ": tar in the guest ended with " + status.shellCode(), lines);
        }
      } catch (ExecutionException e) {
        throw new IOException(e.getCause());
      }
    }

    OutputStream output() {
      return new OutputStream() {
        @Override
        public void write(int b) throws IOException {
          write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
          stream.write(ByteBuffer.wrap(bytes, offset, length));
        }
      };
    }

    InputStream input() {
      return new InputStream() {
        @Override
        public int read() throws IOException {
          byte[] one = new byte[1];
          return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
          return length == 0 ? 0 : stream.read(ByteBuffer.wrap(bytes, offset, length));
        }
      };
    }

    @Override
    public void close() {
      program.close();
    }
  }
}
