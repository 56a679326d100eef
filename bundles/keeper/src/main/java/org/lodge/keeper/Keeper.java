package org.lodge.keeper;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.lodge.linux.ChildProcess;
import org.lodge.linux.Epoll;
import org.lodge.linux.EventFd;
import org.lodge.linux.Fd;
import org.lodge.linux.LinuxException;
import org.lodge.linux.UnixDatagramListener;

/**
 * What systemd is to Lodge elsewhere, as far as Lodge needs it: takes descriptors by {@code
 * sd_notify(3)}, starts the program with them by {@code sd_listen_fds(3)}, and does so again when
 * it dies.
 *
 * <p>A program that exits with 0, or by a signal that asks it to end, has ended and takes the
 * descriptors with it, unless it has said {@code HOLD=NAME}: the keeper then waits for its own
 * successor as long as a descriptor of that name lives, and hands all of them to it ({@link
 * Succession}).
 */
final class Keeper implements AutoCloseable {
  private static final long MESSAGE = -1;
  private static final long DEATH = -2;
  private static final long STOP = -3;
  private static final int WAIT_MILLIS = 100;
  private static final int MESSAGE_BYTES = 4096;
  private static final int SIGHUP = 1;
  private static final int SIGINT = 2;
  private static final int SIGTERM = 15;

  /** What a shell, and a JVM, add to the signal that ended them. */
  private static final int BY_SIGNAL = 128;

  private final Succession succession;
  private final Path path;
  private final Fd lock;
  private final List<String> command;
  private final Map<String, String> environment;
  private final Consumer<String> say;
  private final Epoll epoll = Epoll.create();
  private final EventFd stop = EventFd.create();
  private final FdStore store = new FdStore(epoll);
  private final UnixDatagramListener socket;
  private final MemorySegment buffer = Arena.ofAuto().allocate(MESSAGE_BYTES);
  private final Restarts restarts = new Restarts();
  private ChildProcess child;
  private final Set<String> held = new HashSet<>();
  private boolean ready;
  private boolean stopping;

  /** Where a successor takes what is kept; empty while none has come. */
  private String successor = "";

  /**
   * @param path of the socket; a file of that name is replaced. What a keeper keeps that waits
   *     there is taken over.
   * @param lock let go of while this waits for a successor; null for none
   * @param environment what the program gets, beside the variables of the protocol
   */
  Keeper(
      Path path,
      Fd lock,
      List<String> command,
      Map<String, String> environment,
      Consumer<String> say)
      throws IOException {
    this.path = path;
    this.lock = lock;
    this.command = new ArrayList<>(List.of("/bin/sh", "-c", "LISTEN_PID=$$ exec \"$@\"", "sh"));
    this.command.addAll(command);
    this.environment = environment;
    this.say = say;
    succession = new Succession(path);
    this.socket = succession.bind();
    epoll.add(socket, Epoll.READABLE, MESSAGE);
    epoll.add(stop, Epoll.READABLE, STOP);
    if (!succession.takeOver(() -> attend(WAIT_MILLIS))) {
      say.accept("lodge: the keeper that waited did not hand over all that it kept");
    }
  }

  /** Has the program end, and {@link #run} with it; from any thread. */
  void stop() {
    stop.signal();
  }

  /**
   * Runs the program until it ends or there is no use in starting it again.
   *
   * @return its exit code, or 128 and the number of the signal that ended it
   */
  int run() throws LinuxException {
    while (true) {
      long startedNanos = System.nanoTime();
      int status = runOnce();
      int exitCode = status < 0 ? BY_SIGNAL - status : status;
      if (!stopping && hasEnded(exitCode) && store.hasAny(held)) {
        awaitSuccessor();
        return exitCode;
      }
      if (stopping || hasEnded(exitCode)) {
        return exitCode;
      }
      String death =
          "Lodge " + (status < 0 ? "was killed by signal " + -status : "exited with " + status);
      int pauseMillis = restarts.pauseMillis(startedNanos, System.nanoTime(), ready);
      if (pauseMillis == Restarts.GIVE_UP) {
        say.accept(
            "lodge: "
                + death
                + ", as "
                + Restarts.LIMIT
                + " times in a row before it was ready;"
                + " giving up. Its log says why. To try again: lodge up");
        return exitCode;
      }
      say.accept("lodge: " + death + "; it starts again in " + pauseMillis + " ms");
      rest(pauseMillis);
      if (stopping) {
        return exitCode;
      }
    }
  }

  private void awaitSuccessor() throws LinuxException {
    say.accept(
        "lodge: Lodge has ended and its guests go on; this process keeps their devices until the"
            + " next lodge up");
    if (lock != null) {
      lock.close();
    }
    boolean handedOver = false;
    while (!handedOver && !stopping && store.hasAny(held)) {
      attend(-1);
      handedOver = !successor.isEmpty() && handOver();
    }
  }

  /** One that has died meanwhile, or hears nothing, is not the last that comes. */
  private boolean handOver() {
    String to = successor;
    successor = "";
    try {
      succession.handOver(Path.of(to), store);
      return true;
    } catch (LinuxException | InvalidPathException e) {
      say.accept(
          "lodge: a keeper could not be handed what is kept, and the next is waited for: "
              + e.getMessage());
      return false;
    }
  }

  private static boolean hasEnded(int exitCode) {
    return exitCode == 0
        || exitCode == BY_SIGNAL + SIGHUP
        || exitCode == BY_SIGNAL + SIGINT
        || exitCode == BY_SIGNAL + SIGTERM;
  }

  private int runOnce() throws LinuxException {
    ready = false;
    held.clear();
    try (ChildProcess started = ChildProcess.start(command, environment(), store.fds())) {
      child = started;
      epoll.add(started.pidfd(), Epoll.READABLE, DEATH);
      boolean dead = false;
      while (!dead) {
        dead = attend(-1);
      }
      epoll.remove(started.pidfd());
      child = null;
      // What it said before it died counts: a descriptor is safe once it has been sent.
      takeMessages();
      return started.reap();
    }
  }

  private Map<String, String> environment() {
    Map<String, String> all = new HashMap<>(environment);
    all.put("NOTIFY_SOCKET", path.toString());
    List<String> names = store.names();
    if (!names.isEmpty()) {
      all.put("LISTEN_FDS", Integer.toString(names.size()));
      all.put("LISTEN_FDNAMES", String.join(":", names));
    }
    return all;
  }

  private void rest(int pauseMillis) throws LinuxException {
    long endNanos = System.nanoTime() + pauseMillis * 1_000_000L;
    long leftNanos = endNanos - System.nanoTime();
    while (leftNanos > 0 && !stopping) {
      attend((int) (leftNanos / 1_000_000) + 1);
      leftNanos = endNanos - System.nanoTime();
    }
  }

  /** Waits for something to happen; returns whether the program has died. */
  private boolean attend(int timeoutMillis) throws LinuxException {
    boolean dead = false;
    int count = epoll.await(timeoutMillis);
    for (int i = 0; i < count; i++) {
      long token = epoll.token(i);
      if (token == MESSAGE) {
        takeMessages();
      } else if (token == STOP) {
        forwardStop();
      } else if (token == DEATH) {
        dead = true;
      } else {
        store.hungUp(token);
      }
    }
    return dead;
  }

  private void forwardStop() throws LinuxException {
    stop.drain();
    stopping = true;
    if (child != null) {
      child.pidfd().sendSignal(SIGTERM);
    }
  }

  private void takeMessages() {
    while (true) {
      List<Fd> fds = new ArrayList<>();
      try {
        int count = socket.receive(buffer, fds::add);
        if (count == UnixDatagramListener.NOTHING_YET) {
          return;
        }
        take(buffer.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE), fds);
      } catch (LinuxException e) {
        say.accept("lodge: a message of Lodge to its keeper was lost: " + e.getMessage());
      } finally {
        fds.forEach(Fd::close);
      }
    }
  }

  /** Obeys a message; takes from the list what it keeps. */
  private void take(byte[] bytes, List<Fd> fds) {
    Map<String, String> message = new HashMap<>();
    for (String line : new String(bytes, StandardCharsets.UTF_8).split("\n")) {
      int equals = line.indexOf('=');
      if (equals > 0) {
        message.put(line.substring(0, equals), line.substring(equals + 1));
      }
    }
    String name = name(message.getOrDefault("FDNAME", ""));
    if ("1".equals(message.get("READY"))) {
      ready = true;
    }
    if (message.containsKey(Succession.HOLD)) {
      held.add(message.get(Succession.HOLD));
    }
    successor = message.getOrDefault(Succession.HAND_OVER, successor);
    succession.heard(message);
    if ("1".equals(message.get("FDSTOREREMOVE"))) {
      store.forget(name);
    } else if ("1".equals(message.get("FDSTORE"))) {
      for (Fd fd : fds) {
        if (!store.keep(name, fd)) {
          say.accept("lodge: no room to keep " + name + "; at most " + FdStore.MAX + " are kept");
        }
      }
      fds.clear();
    }
  }

  /** As systemd: what can't be a name is called "stored". */
  private static String name(String untrustedName) {
    boolean valid = !untrustedName.isEmpty() && untrustedName.length() <= 255;
    for (int i = 0; valid && i < untrustedName.length(); i++) {
      char c = untrustedName.charAt(i);
      valid = c >= ' ' && c <= '~' && c != ':';
    }
    return valid ? untrustedName : "stored";
  }

  @Override
  public void close() throws IOException {
    store.close();
    epoll.close();
    socket.close();
    stop.close();
    succession.close();
  }
}
