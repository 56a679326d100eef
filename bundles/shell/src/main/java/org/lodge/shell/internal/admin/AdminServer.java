package org.lodge.shell.internal.admin;

import java.io.Closeable;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import jdk.net.ExtendedSocketOptions;
import org.lodge.shell.ExitCode;
import org.lodge.shell.internal.Io;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The socket {@code admin.sock} of a run folder: one Lodge holds it, its own user and root may use
 * it, and each client has threads of its own.
 *
 * <p>Whoever holds the lock on {@code admin.lock} owns the socket; the kernel drops the lock with
 * the process, so a socket without a lock is one that a killed Lodge left, and is replaced.
 */
final class AdminServer implements Closeable {
  private static final Logger LOG = LoggerFactory.getLogger(AdminServer.class);
  private static final Set<PosixFilePermission> OWNER_ONLY =
      PosixFilePermissions.fromString("rw-------");
  static final int MOST_COMMANDS = 64;

  /** Further ones of {@link #ENDING}, which a person needs where the others are stuck. */
  static final int MOST_ENDING = 8;

  private static final Set<String> ENDING = Set.of("down", "kill", "stop");
  static final int MOST_SILENT = 64;
  private static final int LOCK_WAIT_SECONDS = 5;
  private static final int DRAIN_MILLIS = 1000;

  /** Another Lodge has the run folder, or the state folder. */
  static final class AlreadyRunningException extends IOException {
    private static final long serialVersionUID = 1;

    AlreadyRunningException(Path socket) {
      super("another Lodge already runs on " + socket + "; end it with: lodge down");
    }

    AlreadyRunningException(Path state, Path otherRun) {
      super(
          "another Lodge has the state folder %s; end it with: LODGE_RUN=%s lodge down, or give this one a LODGE_STATE of its own"
              .formatted(state, otherRun));
    }
  }

  private final Path socket;
  private final FileChannel lockFile;
  private final ServerSocketChannel server;
  private final UserPrincipal owner;
  private final ClientCommands commands;

  /** The oldest first. */
  private final Queue<Client> clients = new ConcurrentLinkedQueue<>();

  private AdminServer(
      Path socket,
      FileChannel lockFile,
      ServerSocketChannel server,
      UserPrincipal owner,
      ClientCommands commands) {
    this.socket = socket;
    this.lockFile = lockFile;
    this.server = server;
    this.owner = owner;
    this.commands = commands;
  }

  /**
   * Binds and serves.
   *
   * @throws AlreadyRunningException if another process holds the run folder
   */
  static AdminServer open(Path run, ClientCommands commands) throws IOException {
    Files.createDirectories(run);
    Path socket = socket(run);
    FileChannel lockFile =
        FileChannel.open(
            run.resolve("admin.lock"),
            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
            PosixFilePermissions.asFileAttribute(OWNER_ONLY));
    ServerSocketChannel channel = null;
    try {
      lock(lockFile, socket);
      // For who waits for the end of this process.
      String pid = ProcessHandle.current().pid() + "\n";
      lockFile.truncate(0).write(StandardCharsets.US_ASCII.encode(pid));
      channel = bind(run, socket);
      AdminServer server =
          new AdminServer(socket, lockFile, channel, Files.getOwner(socket), commands);
      Accepting accepting = new Accepting(channel::accept, server::serve);
      Thread.ofVirtual().name("admin-accept").start(accepting);
      return server;
    } catch (IOException e) {
      if (channel != null) {
        channel.close();
      }
      lockFile.close();
      throw e;
    }
  }

  static Path socket(Path run) {
    return run.resolve("admin.sock");
  }

  /** Waits for a Lodge of this socket that is ending. */
  static void lock(FileChannel file, Path socket) throws IOException {
    if (file.tryLock() != null) {
      return;
    }
    if (answers(socket)) {
      throw new AlreadyRunningException(socket);
    }
    // It is ending: its socket is gone, its process not yet.
    CompletableFuture<FileLock> locked = new CompletableFuture<>();
    Thread waiting = Thread.ofPlatform().daemon().start(() -> complete(locked, file));
    try {
      locked.get(LOCK_WAIT_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw new AlreadyRunningException(socket);
    } catch (InterruptedException e) {
      waiting.interrupt();
      Thread.currentThread().interrupt();
      throw new IOException("Interrupted", e);
    }
  }

  private static void complete(CompletableFuture<FileLock> locked, FileChannel file) {
    try {
      locked.complete(file.lock());
    } catch (IOException e) {
      locked.completeExceptionally(e);
    }
  }

  private static boolean answers(Path socket) {
    try (SocketChannel probe = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      return probe.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  /** Bound where only the owner may look, and moved once its mode is set: never open to others. */
  private static ServerSocketChannel bind(Path run, Path socket) throws IOException {
    Path hidden =
        Files.createTempDirectory(
            run,
            "b",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path bound = hidden.resolve("s");
    ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    try {
      server.bind(UnixDomainSocketAddress.of(bound));
      Files.setPosixFilePermissions(bound, OWNER_ONLY);
      Files.move(
          bound, socket, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return server;
    } catch (IOException e) {
      server.close();
      throw new IOException("The admin socket " + socket + " can't be bound: " + e.getMessage(), e);
    } finally {
      Files.deleteIfExists(bound);
      Files.deleteIfExists(hidden);
    }
  }

  private void serve(SocketChannel channel) throws IOException {
    try {
      if (!mayUse(channel)) {
        channel.close();
        return;
      }
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    makeRoom();
    Client client = new Client(channel, this::run, clients::remove);
    clients.add(client);
    client.start();
  }

  /** Whoever connects and says nothing must keep nobody out. */
  private void makeRoom() {
    List<Client> silent = clients.stream().filter(Client::isSilent).toList();
    if (silent.size() >= MOST_SILENT && silent.getFirst().dropIfSilent()) {
      LOG.warn("Dropped the oldest of {} clients that have sent no command", silent.size());
    }
  }

  private int run(List<String> words, Io io, SocketTerminal terminal) {
    boolean ends = !words.isEmpty() && ENDING.contains(words.getFirst());
    int most = MOST_COMMANDS + (ends ? MOST_ENDING : 0);
    if (clients.stream().filter(client -> !client.isSilent()).count() > most) {
      io.err().println("lodge: %d commands run already; end one of them first".formatted(most));
      return ExitCode.FAILED;
    }
    return commands.run(words, io, terminal);
  }

  private boolean mayUse(SocketChannel channel) throws IOException {
    UserPrincipal peer = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user();
    if (peer.equals(owner) || peer.getName().equals("root")) {
      return true;
    }
    LOG.warn("Refused {} on the admin socket", peer.getName());
    return false;
  }

  /** Lets commands that are ending end, then drops the clients. */
  @Override
  public void close() throws IOException {
    try {
      Files.deleteIfExists(socket);
      server.close();
      long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(DRAIN_MILLIS);
      for (Client client : clients) {
        client.interrupt();
      }
      for (Client client : clients) {
        client.awaitEnd(Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime())));
        client.close();
      }
    } catch (NoSuchFileException e) {
      LOG.debug("The admin socket was gone already");
    } finally {
      lockFile.close();
    }
  }
}
