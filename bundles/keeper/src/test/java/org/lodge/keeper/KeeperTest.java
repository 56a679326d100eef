package org.lodge.keeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.linux.Fd;
import org.lodge.linux.MemFd;
import org.lodge.linux.ServiceManager;
import org.lodge.linux.UnixListener;
import org.lodge.linux.UnixStreamSocket;

/** The program is a shell: it writes a line at its start, and does what the test tells it. */
@Timeout(20)
class KeeperTest {
  private static final String PROGRAM =
      """
      echo $$ "$LISTEN_PID" "${LISTEN_FDS:-0}" "${LISTEN_FDNAMES:-}" >"$0/starts"
      read order <"$0/orders"
      eval "$order"
      """;

  @TempDir Path place;
  private final LinkedBlockingQueue<String> said = new LinkedBlockingQueue<>();
  private final List<AutoCloseable> open = new ArrayList<>();
  private Keeper keeper;
  private CompletableFuture<Integer> end;
  private ServiceManager told;

  private record Start(String pid, String listenPid, int count, List<String> names) {}

  @BeforeEach
  void begin() throws Exception {
    for (String fifo : List.of("starts", "orders")) {
      new ProcessBuilder("mkfifo", place.resolve(fifo).toString()).start().waitFor();
    }
    Path socket = place.resolve("notify.sock");
    Files.createFile(socket);
    start(socket, null);
  }

  private void start(Path socket, Fd lock) throws Exception {
    Keeper made =
        new Keeper(
            socket,
            lock,
            List.of("/bin/sh", "-c", PROGRAM, place.toString()),
            Map.of("PATH", System.getenv("PATH")),
            said::add);
    CompletableFuture<Integer> itsEnd = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try {
            itsEnd.complete(made.run());
          } catch (Throwable e) {
            itsEnd.completeExceptionally(e);
          }
        });
    keeper = made;
    end = itsEnd;
    told = ServiceManager.of(Map.of("NOTIFY_SOCKET", socket.toString()));
  }

  @AfterEach
  void close() throws Exception {
    keeper.stop();
    end.join();
    keeper.close();
    for (AutoCloseable each : open) {
      each.close();
    }
    assertFalse(Files.exists(place.resolve("notify.sock")));
  }

  private Start nextStart() throws Exception {
    String[] words = Files.readString(place.resolve("starts")).trim().split(" ", 4);
    List<String> names = words.length < 4 ? List.of() : List.of(words[3].split(":"));
    return new Start(words[0], words[1], Integer.parseInt(words[2]), names);
  }

  private void order(String order) throws Exception {
    Files.writeString(place.resolve("orders"), order + "\n");
  }

  private Fd file(String name) throws Exception {
    MemFd memory = MemFd.sealed(name, 16);
    open.add(memory);
    return memory;
  }

  @Test
  void whatIsStoredIsThereInTheNextStartUnderItsNameAndWorks() throws Exception {
    Start first = nextStart();
    assertEquals(0, first.count());
    assertEquals("rw-------", mode());
    Connection connection = connection();
    told.keep("vhost-user/work/data/memory/0", List.of(file("a")));
    told.keep("vhost-user/work/data/connection/1", List.of(connection.ours));

    order("kill -9 $$");
    Start second = nextStart();

    assertEquals(2, second.count());
    assertEquals(
        List.of("vhost-user/work/data/memory/0", "vhost-user/work/data/connection/1"),
        second.names());
    assertEquals(second.pid(), second.listenPid());
    assertFalse(first.pid().equals(second.pid()));
    assertTrue(said.take().contains("killed by signal 9"));
    order("echo through >&4; ls -v /proc/$$/fd >" + place.resolve("fds") + "; exit 0");
    assertEquals(0, end.join());
    MemorySegment read = Arena.ofAuto().allocate(8);
    assertEquals(8, connection.theirs.receive(read, Fd::close));
    assertEquals("through\n", new String(read.toArray(ValueLayout.JAVA_BYTE)));
    List<String> fds = Files.readAllLines(place.resolve("fds"));
    assertEquals(List.of("0", "1", "2", "3", "4"), fds.subList(0, 5));
    assertTrue(fds.stream().allMatch(fd -> Integer.parseInt(fd) < 12), "none of ours: " + fds);
  }

  private String mode() throws Exception {
    return PosixFilePermissions.toString(
        Files.getPosixFilePermissions(place.resolve("notify.sock")));
  }

  @Test
  void whatIsForgottenAndWhosePeerHangsUpIsGone() throws Exception {
    nextStart();
    Path path = place.resolve("peer.sock");
    UnixListener listener = UnixListener.bind(path);
    open.add(listener);
    UnixStreamSocket lives = UnixStreamSocket.connect(path);
    open.add(listener.accept());
    UnixStreamSocket hangsUp = UnixStreamSocket.connect(path);
    UnixStreamSocket peer = listener.accept();
    told.keep("lives", List.of(lives));
    told.keep("listens", List.of(listener));
    told.keep("hangs-up", List.of(hangsUp));
    told.keep("twice", List.of(file("a"), file("b")));
    told.keep("forgotten", List.of(file("c")));
    lives.close();
    hangsUp.close();

    peer.close();
    told.forget("forgotten");
    told.forget("unknown");
    order("exit 7");

    assertEquals(List.of("lives", "listens", "twice", "twice"), nextStart().names());
    assertTrue(said.take().contains("exited with 7"));
    order("exit 0");
    assertEquals(0, end.join());
  }

  @Test
  void aPeerThatHangsUpWhileNothingRunsIsNoticedToo() throws Exception {
    nextStart();
    Path path = place.resolve("peer.sock");
    UnixListener listener = UnixListener.bind(path);
    open.add(listener);
    UnixStreamSocket stored = UnixStreamSocket.connect(path);
    UnixStreamSocket peer = listener.accept();
    told.keep("hangs-up", List.of(stored));
    stored.close();
    order("exit 1");
    said.take();
    peer.close();
    assertEquals(0, nextStart().count());
  }

  @Test
  void aProgramThatNeverBecomesReadyIsGivenUpWithItsExitCodeAndTheWayOn() throws Exception {
    for (int i = 0; i < Restarts.LIMIT; i++) {
      nextStart();
      order("exit 3");
    }
    assertEquals(3, end.join());
    String last = said.stream().reduce((a, b) -> b).orElseThrow();
    assertTrue(last.contains("giving up") && last.contains("lodge up"), last);
  }

  @Test
  void aReadyProgramIsBroughtBackHoweverOftenItIsKilled() throws Exception {
    for (int i = 0; i < Restarts.LIMIT + 1; i++) {
      nextStart();
      if (i < Restarts.LIMIT - 1) {
        order("exit 3");
      } else {
        told.tell("READY=1", "STATUS=up");
        order(i < Restarts.LIMIT ? "kill -9 $$" : "exit 0");
      }
    }
    assertEquals(0, end.join());
  }

  @Test
  void aProgramThatIsAskedToEndHasEnded() throws Exception {
    nextStart();
    order("kill -TERM $$");
    assertEquals(143, end.join());
  }

  @Test
  void stoppingAsksTheProgramAndWaitsForItsOwnEnd() throws Exception {
    nextStart();
    order("trap 'exit 42' TERM; echo trapped >$0/starts; while :; do sleep 0.02; done");
    Files.readString(place.resolve("starts"));
    keeper.stop();
    assertEquals(42, end.join());
  }

  @Test
  void whatIsHeldWaitsForTheNextKeeperAndGoesOnThere() throws Exception {
    nextStart();
    Connection connection = connection();
    told.keep("connection/0", List.of(connection.ours));
    told.keep("memory/1", List.of(file("a")));
    told.tell("HOLD=connection/0");
    order("exit 0");
    assertTrue(said.take().contains("until the next lodge up"));
    Keeper waiting = keeper;
    CompletableFuture<Integer> itsEnd = end;
    assertFalse(itsEnd.isDone());

    start(place.resolve("notify.sock"), null);

    assertEquals(0, itsEnd.join());
    waiting.close();
    assertEquals(List.of("connection/0", "memory/1"), nextStart().names());
    told.keep("later/2", List.of(file("b")));
    order("kill -9 $$");
    assertEquals(List.of("connection/0", "memory/1", "later/2"), nextStart().names());
    order("exit 0");
    assertEquals(0, end.join(), "what the former program held is not held for this one");
  }

  /** As by Ctrl-C between the first word of a lodge up and its end. */
  @Test
  void aNextKeeperThatDiesBeforeItHasAllIsNotTheLast() throws Exception {
    nextStart();
    Connection connection = connection();
    told.keep("connection/0", List.of(connection.ours));
    told.tell("HOLD=connection/0");
    order("exit 0");
    assertTrue(said.take().contains("until the next lodge up"));
    told.tell("HAND_OVER=" + place.resolve("nobody.sock"));
    assertTrue(said.take().contains("the next is waited for"));
    told.tell("HAND_OVER=bad\0path");
    assertTrue(said.take().contains("the next is waited for"));
    Keeper waiting = keeper;
    CompletableFuture<Integer> itsEnd = end;

    start(place.resolve("notify.sock"), null);

    assertEquals(0, itsEnd.join());
    waiting.close();
    assertEquals(List.of("connection/0"), nextStart().names());
    order("exit 0");
    assertEquals(0, end.join());
  }

  @Test
  void waitingEndsWithWhatIsHeldAndItsLockIsFreeMeanwhile() throws Exception {
    nextStart();
    order("exit 0");
    end.join();
    keeper.close();
    MemFd lock = MemFd.sealed("lock", 16);
    start(place.resolve("notify.sock"), lock);
    nextStart();
    Connection connection = connection();
    told.keep("connection/0", List.of(connection.ours));
    told.tell("HOLD=connection/0");
    connection.ours.close();
    order("exit 0");
    while (lock.isOpen()) {
      Thread.onSpinWait();
    }
    assertFalse(end.isDone());
    connection.theirs.close();
    assertEquals(0, end.join());
  }

  private record Connection(UnixStreamSocket ours, UnixStreamSocket theirs) {}

  private Connection connection() throws Exception {
    Path path = place.resolve("peer.sock");
    try (UnixListener listener = UnixListener.bind(path)) {
      UnixStreamSocket ours = UnixStreamSocket.connect(path);
      UnixStreamSocket theirs = listener.accept();
      open.add(ours);
      open.add(theirs);
      return new Connection(ours, theirs);
    }
  }

  @Test
  void garbageIsNoReasonToEnd() throws Exception {
    nextStart();
    told.tell("");
    told.tell("=", "FDSTORE", "READY=", "BARRIER=1");
    told.tell("x".repeat(100_000));
    told.tell("FDSTORE=1", "FDNAME=bad:name");
    told.keep("kept", List.of(file("a")));
    order("kill -9 $$");
    assertEquals(List.of("kept"), nextStart().names());
  }
}
