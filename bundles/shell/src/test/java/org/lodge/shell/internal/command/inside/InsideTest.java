package org.lodge.shell.internal.command.inside;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.agent.ExecRequest;
import org.lodge.agent.ExecRequest.TerminalSize;
import org.lodge.shell.Terminal;
import org.lodge.shell.internal.Shell;
import org.lodge.vm.DeviceStatus;
import org.lodge.vm.Devices;
import org.lodge.vm.GuestState;
import org.lodge.wayland.router.Marking;
import org.lodge.wayland.router.Windows;

@Timeout(30)
class InsideTest {
  @TempDir Path folder;
  private final Shell shell = new Shell();
  private HostAgent agent;
  private Path root;
  private volatile boolean gone;

  @BeforeEach
  void connect() throws IOException {
    root = Files.createDirectory(folder.resolve("guest"));
    agent = new HostAgent("display", root);
    shell.services.bindAgents(agent);
    shell.folder = folder;
  }

  private void type(String text) {
    shell.in = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void aProgramHasItsOwnStreamsAndItsExitCodeIsTheCommands() {
    type("typed");
    assertEquals(7, shell.run("exec", "display", "--", "sh", "-c", "cat; echo no >&2; exit 7"));
    assertEquals("typed", shell.out());
    assertEquals("no\n", shell.err());
  }

  @Test
  void theEndBySignalIsToldAsAShellDoes() {
    assertEquals(137, shell.run("exec", "display", "--", "sh", "-c", "kill -9 $$"));
  }

  @Test
  void theWordsAfterTwoDashesAreTheProgramsOwn() {
    assertEquals(0, shell.run("exec", "display", "--", "echo", "--json", "-h", "", "a b"));
    assertEquals("--json -h  a b\n", shell.out());
  }

  @Test
  void anOptionOfTheProgramBeforeThemIsRefusedWithTheRemedy() {
    assertEquals(2, shell.run("exec", "display", "ls", "-x"));
    assertTrue(shell.err().contains("options of the program itself come after --"), shell.err());
  }

  @Test
  void whoWhereAndWithWhichEnvironmentIsSaid() throws Exception {
    String[] words = "exec -u 1000 -C /tmp -e A=1 --env B=x=y display -- env".split(" ");
    assertEquals(0, shell.run(words));
    ExecRequest request = agent.requests.take();
    assertEquals(1000, request.uid());
    assertEquals("/tmp", request.folder());
    assertEquals("1", request.environment().get("A"));
    assertEquals("x=y", request.environment().get("B"));
    assertEquals(0, shell.run("exec", "-u", "alice", "display", "--", "true"));
    assertEquals(Optional.of("alice"), agent.requests.take().user());
    assertEquals(2, shell.run("exec", "-e", "novalue", "display", "--", "true"));
  }

  @Test
  void asJsonTheOutputIsKeptAndNothingElsePrinted() {
    assertEquals(3, shell.run("exec", "--json", "display", "--", "sh", "-c", "echo a; exit 3"));
    assertEquals("a\n", shell.json().getString("stdout"));
    assertEquals(3, shell.json().getInt("exitCode"));
    assertFalse(shell.json().getBoolean("truncated"));
    shell.run("exec", "--json", "display", "--", "sh", "-c", "head -c 5000000 /dev/zero");
    assertTrue(shell.json().getBoolean("truncated"));
    assertEquals(4 << 20, shell.json().getString("stdout").length());
  }

  @Test
  void whatCantBeRunIsToldApart() {
    assertEquals(127, shell.run("exec", "display", "--", "no-such-program"));
    assertTrue(shell.err().contains("display has no program no-such-program"), shell.err());
    assertEquals(125, shell.run("exec", "storage", "--", "true"));
    assertTrue(shell.err().contains("storage is stopped; start it with: lodge start storage"));
    assertEquals(125, shell.run("exec", "nobody", "--", "true"));
    assertTrue(shell.err().contains("no such guest"), shell.err());
  }

  @Test
  void aPausedGuestIsNotWaitedFor() {
    shell.guests.become("display", GuestState.PAUSED);
    String resume = "display is paused; let it run on with: lodge resume display";
    for (String words :
        List.of("exec display -- true", "shell display", "cp /etc/fstab display:x")) {
      assertEquals(125, shell.run(words.split(" ")), words);
      assertTrue(shell.err().contains(resume), words + ": " + shell.err());
    }
    assertEquals(125, shell.run("exec", "--json", "display", "--", "true"));
    assertTrue(shell.err().contains(resume), shell.err());
    assertTrue(agent.requests.isEmpty());
  }

  @Test
  void aProgramForWindowsThatIsMissingIsToldFromOneThatEndsAsIfItWere() {
    shell.services.bindWindows(noWindows());
    assertEquals(127, shell.run("run", "display", "no-such-program"));
    assertTrue(shell.err().contains("display has no program no-such-program"), shell.err());
    assertEquals(1, shell.run("run", "display", "--", "sh", "-c", "exit 127"));
    assertTrue(shell.err().contains("sh has ended with 127 before"), shell.err());
  }

  @Test
  void aGuestThatGoesBeforeAWindowHasComeIsTold() {
    shell.services.bindWindows(noWindows());
    agent.isLost = true;
    assertEquals(125, shell.run("run", "display", "true"));
    assertTrue(
        shell.err().startsWith("lodge: how true ended is not known: the agent has gone"),
        shell.err());
  }

  private static Windows noWindows() {
    return (Windows)
        Proxy.newProxyInstance(
            Windows.class.getClassLoader(),
            new Class<?>[] {Windows.class},
            (proxy, method, arguments) -> List.of());
  }

  @Test
  void aGuestWithoutAnAgentIsWaitedForSoLongAndNoLonger() {
    shell.services.unbindAgents(agent);
    shell.services.bindAgents(new HostAgent("other", root));
    assertEquals(125, shell.run("exec", "-l", "50ms", "display", "--", "true"));
    assertTrue(shell.err().contains("has not connected within 0.05 s"), shell.err());
    Devices devices =
        (Devices)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Devices.class},
                (_, _, _) -> List.of(lostSocket()));
    shell.services.bindDevices(devices);
    assertEquals(125, shell.run("exec", "-l", "50ms", "display", "--", "true"));
    assertTrue(shell.err().contains("can't be reached: start the guest again"), shell.err());
    shell.run("ls", "display");
    assertTrue(shell.out().contains("cut off, see:"), shell.out());
  }

  private static DeviceStatus lostSocket() {
    return new DeviceStatus(
        "display",
        "vsock",
        "vsock",
        Map.of(),
        DeviceStatus.State.CLOSED,
        Optional.empty(),
        List.of(),
        Optional.of("start the guest again"),
        0,
        Optional.empty());
  }

  @Test
  void twoRunsAtOnceTellOfAWindowEach() throws Exception {
    List<?> both = List.of(window(5), window(6));
    // Each has looked at the windows of before when it starts its program.
    Windows windows =
        (Windows)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Windows.class},
                (_, _, _) -> agent.requests.size() < 2 ? List.of() : both);
    shell.services.bindWindows(windows);
    String[] command = {"run", "--json", "display", "--", "sleep", "20"};
    CompletableFuture<Integer> other = new CompletableFuture<>();
    Shell beside = shell.beside();
    Thread.ofPlatform().start(() -> other.complete(beside.run(command)));
    assertEquals(0, shell.run(command));
    assertEquals(0, other.get());
    assertEquals(
        Set.of(5, 6), Set.of(shell.json().getInt("window"), beside.json().getInt("window")));
  }

  @Test
  void aUserForWhomNoFolderCanBeMadeGetsOneOfItsOwn() throws Exception {
    Path no = Files.writeString(folder.resolve("mkdir"), "#!/bin/sh\nexit 1\n");
    Files.setPosixFilePermissions(no, PosixFilePermissions.fromString("rwx------"));
    Path said = folder.resolve("said");
    String program = "ls -ld \"$XDG_RUNTIME_DIR\" >" + said;
    ProcessBuilder builder =
        new ProcessBuilder("/bin/sh", "-c", RunWindow.SCRIPT, "run", "sh", "-c", program);
    builder.environment().put("PATH", folder + ":/usr/bin:/bin");
    builder.environment().put("TMPDIR", folder.toString());
    assertEquals(0, builder.start().waitFor());
    assertTrue(Files.readString(said).startsWith("drwx------"), Files.readString(said));
    assertTrue(Files.readString(said).contains(folder.toString()), Files.readString(said));
  }

  private static org.lodge.wayland.router.Window window(long id) {
    return new org.lodge.wayland.router.Window(
        id, "display", "display", Marking.values()[0], "", "", 1, 1, 1, 1);
  }

  @Test
  void ctrlCIsASignalForTheProgramWhichMayAnswerIt() throws Exception {
    // It says that it waits, so that the signal does not come before its trap. What was ignored
    // when
    // a shell began can't be trapped, as Ctrl-C is in the background of a script.
    String script = "trap 'echo caught; exit 9' INT; echo ready; while :; do sleep 0.05; done";
    String[] command = {"exec", "display", "--", "env", "--default-signal=INT", "sh", "-c", script};
    PipedOutputStream keys = new PipedOutputStream();
    shell.in = new PipedInputStream(keys);
    CompletableFuture<Integer> code = new CompletableFuture<>();
    Thread person = Thread.ofPlatform().start(() -> code.complete(shell.run(command)));
    while (!shell.out().contains("ready")) {
      Thread.onSpinWait();
    }
    person.interrupt();
    assertEquals(9, code.get());
    assertTrue(shell.out().contains("caught"));
    assertEquals("signal 2", agent.said.take());
  }

  @Test
  void aPersonWhoGoesAwayHangsUpOnTheProgram() throws Exception {
    shell.terminal = new Window();
    shell.in = new PipedInputStream(new PipedOutputStream());
    CompletableFuture<Integer> code = new CompletableFuture<>();
    Thread person =
        Thread.ofPlatform()
            .start(() -> code.complete(shell.run("exec", "display", "--", "sleep", "1000")));
    agent.requests.take();
    gone = true;
    person.interrupt();
    assertEquals(130, code.get());
    assertEquals("signal 1", agent.said.take());
    assertEquals("close", agent.said.take());
  }

  @Test
  void aTerminalHasTheSizeAndTypeOfThePersons() throws Exception {
    shell.terminal = new Window();
    assertEquals(0, shell.run("exec", "-t", "display", "--", "true"));
    ExecRequest request = agent.requests.take();
    assertEquals(Optional.of(new TerminalSize(33, 99)), request.terminal());
    assertEquals("xterm", request.environment().get("TERM"));
    assertEquals("resize 33 99", agent.said.take());
  }

  @Test
  void aLoginShellIsTheOneInThePasswordFile() throws Exception {
    Files.createDirectories(root.resolve("etc"));
    Files.writeString(
        root.resolve("etc/passwd"),
        "bad line\nroot:x:0:0::/tmp:/bin/sh\nann:x:7:8:A:/tmp:/bin/bash\n");
    type("echo $HOME; exit 4");
    assertEquals(4, shell.run("shell", "display"));
    assertEquals("/tmp\n", shell.out());
    agent.requests.take();
    shell.run("shell", "-u", "ann", "display");
    ExecRequest request = agent.requests.take();
    assertEquals(List.of("/bin/bash", "-l"), request.arguments());
    assertEquals(Optional.of("ann"), request.user());
    assertEquals(125, shell.run("shell", "-u", "eve", "display"));
    assertTrue(shell.err().contains("display has no user eve"), shell.err());
  }

  @Test
  void filesGoInAndOutWithTheirModes() throws Exception {
    Files.createDirectory(root.resolve("tmp"));
    Path file = Files.writeString(folder.resolve("a"), "content");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-x---"));
    assertEquals(0, shell.run("cp", "a", "display:/tmp"));
    assertEquals(0, shell.run("cp", "a", "display:/tmp/b"));
    assertEquals("content", Files.readString(root.resolve("tmp/a")));
    assertEquals(0, shell.run("cp", "display:/tmp/a", "display:/tmp/b", "."));
    assertEquals("content", Files.readString(folder.resolve("b")));
    assertEquals(
        "rwxr-x---",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("b"))));
    assertEquals(0, shell.run("cp", "--json", "display:/tmp/a", "display:/tmp/c"));
    assertEquals("content", Files.readString(root.resolve("tmp/c")));
    assertEquals(7, shell.json().getInt("bytes"));
  }

  @Test
  void aFolderNeedsItsFlagAndKeepsItsLinks() throws Exception {
    Files.createDirectories(folder.resolve("d/sub"));
    Files.writeString(folder.resolve("d/sub/a"), "x".repeat(100_000));
    Files.createSymbolicLink(folder.resolve("d/link"), Path.of("sub/a"));
    Files.createDirectories(folder.resolve("in"));
    assertEquals(1, shell.run("cp", "d", "display:/x"));
    assertTrue(shell.err().contains("d is a folder; copy it with: lodge cp -r"), shell.err());
    // The fake guest's tar sees this host's own paths.
    assertEquals(0, shell.run("cp", "-r", "d", "display:" + folder.resolve("in")));
    assertEquals(100_000, Files.size(folder.resolve("in/d/sub/a")));
    Files.createDirectories(root.resolve(folder.toString().substring(1) + "/in"));
    assertEquals(
        0, shell.run("cp", "-r", "--json", "display:" + folder.resolve("in"), "out"), shell.err());
    assertEquals(1, shell.json().getInt("files"));
    assertEquals(100_000, Files.size(folder.resolve("out/d/sub/a")));
    assertEquals(Path.of("sub/a"), Files.readSymbolicLink(folder.resolve("out/d/link")));
  }

  /** Such as a guest makes in a folder that was copied before. */
  @Test
  void aLinkInTheTargetIsNotFollowed() throws Exception {
    Files.createDirectories(folder.resolve("work"));
    Path secret = Files.writeString(folder.resolve("secret"), "of the host");
    Files.createSymbolicLink(folder.resolve("work/a"), secret);
    Files.writeString(root.resolve("a"), "of the guest");
    assertEquals(0, shell.run("cp", "display:/a", "work"));
    assertEquals("of the host", Files.readString(secret));
    assertFalse(Files.isSymbolicLink(folder.resolve("work/a")));
    assertEquals("of the guest", Files.readString(folder.resolve("work/a")));

    Path tree = Files.createDirectories(folder.resolve("tree"));
    Files.writeString(tree.resolve("b"), "of the guest");
    Files.createDirectories(root.resolve(tree.toString().substring(1)));
    Path home = Files.createDirectories(folder.resolve("home"));
    Files.createSymbolicLink(folder.resolve("work/tree"), home);
    assertEquals(1, shell.run("cp", "-r", "display:" + tree, "work"));
    assertTrue(shell.err().contains("nothing is written through it"), shell.err());
    assertFalse(Files.exists(home.resolve("b")));
    Files.createSymbolicLink(folder.resolve("mine"), secret);
    assertEquals(0, shell.run("cp", "display:/a", "mine"));
    assertEquals("of the guest", Files.readString(secret));
  }

  @Test
  void aCopyThatCantBeMadeSaysWhichFileAndWhy() throws Exception {
    Files.writeString(folder.resolve("a"), "x");
    assertEquals(2, shell.run("cp", "a", "b"));
    assertTrue(shell.err().contains("neither a nor b is in a guest"), shell.err());
    assertEquals(1, shell.run("cp", "nothing", "display:/"));
    assertTrue(shell.err().contains("there is no file " + folder.resolve("nothing")), shell.err());
    assertEquals(1, shell.run("cp", "a", "display:/nowhere/a"));
    assertTrue(shell.err().contains("display:/nowhere/a: No such file"), shell.err());
    assertEquals(1, shell.run("cp", "display:/nothing", "."));
    assertEquals(1, shell.run("cp", "display:/a", "display:/b", "missing"));
    assertTrue(shell.err().contains("missing is not a folder here"), shell.err());
    assertEquals(List.of(), leftOvers());
  }

  /** As where the agent dies. */
  @Test
  void aFileThatComesInPartDoesNotReplaceTheOneBefore() throws Exception {
    Files.writeString(root.resolve("a"), "half");
    Path before = Files.writeString(folder.resolve("a"), "the one before");
    agent.missing = 4;
    assertEquals(1, shell.run("cp", "display:/a", "."));
    assertTrue(shell.err().contains("display:/a: it ended 4 bytes before its size of 8"));
    assertEquals("the one before", Files.readString(before));
    assertEquals(List.of(), leftOvers());
  }

  /** Such files say that they have a page of bytes. */
  @Test
  void aFileOfSysMayBeShorterThanItSays() throws Exception {
    Files.createDirectory(root.resolve("sys"));
    Files.writeString(root.resolve("sys/a"), "few");
    agent.missing = 4093;
    assertEquals(0, shell.run("cp", "display:/sys/a", "."));
    assertEquals("few", Files.readString(folder.resolve("a")));
  }

  private List<String> leftOvers() throws IOException {
    try (var files = Files.walk(folder)) {
      return files.map(Path::toString).filter(name -> name.endsWith(".part")).toList();
    }
  }

  @Test
  void aDeviceOfTheHostIsWrittenAndNotReplaced() throws Exception {
    Files.writeString(root.resolve("a"), "x");
    assertEquals(0, shell.run("cp", "display:/a", "/dev/null"));
    assertFalse(Files.isRegularFile(Path.of("/dev/null")));
  }

  @Test
  void whatTheGuestSaysOfItselfIsShown() {
    assertEquals(0, shell.run("show", "display"));
    assertTrue(shell.out().contains("state         running, ready, for "), shell.out());
    assertTrue(shell.out().contains("load          0.50 0.25 0.13, 42 programs"), shell.out());
    assertTrue(shell.out().contains("used memory   384M of 512M, 75 %"), shell.out());
    assertTrue(shell.out().contains("addresses     eth0 192.168.7.2/24"), shell.out());
    assertEquals(0, shell.run("show", "display", "--json"));
    JsonObject agent = shell.json().getJsonObject("guest").getJsonObject("agent");
    assertEquals("6.12", agent.getString("kernel"));
    assertEquals(
        "192.168.7.2", agent.getJsonArray("addresses").getJsonObject(0).getString("address"));
    shell.run("ls");
    assertTrue(shell.out().lines().toList().get(1).startsWith("display  running  yes"));
    shell.run("show", "storage");
    assertFalse(shell.out().contains("agent "), shell.out());
  }

  @Test
  void aConnectionEndsEachWayByItself() throws Exception {
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Thread.startVirtualThread(() -> echoWhole(server));
      type("there and back");
      assertEquals(0, shell.run("connect", "display:" + server.getLocalPort()));
      assertEquals("there and back", shell.out());
    }
    assertEquals(1, shell.run("connect", "display:/run/none"));
    assertTrue(shell.err().contains("there is no socket /run/none in display"), shell.err());
    for (String wrong : new String[] {"display", "display:", "display:0", "display:99999", ":1"}) {
      assertEquals(2, shell.run("connect", wrong), wrong);
    }
  }

  private static void echoWhole(ServerSocket server) {
    try (Socket socket = server.accept()) {
      // All of it first: it has to have an end.
      byte[] all = socket.getInputStream().readAllBytes();
      socket.getOutputStream().write(all);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private final class Window implements Terminal {

    @Override
    public boolean inputIsTty() {
      return false;
    }

    @Override
    public boolean outputIsTty() {
      return true;
    }

    @Override
    public int columns() {
      return 99;
    }

    @Override
    public int rows() {
      return 33;
    }

    @Override
    public boolean colors() {
      return false;
    }

    @Override
    public boolean isGone() {
      return gone;
    }

    @Override
    public String type() {
      return "xterm";
    }

    @Override
    public Raw raw() {
      throw new IllegalStateException("standard input is no terminal");
    }
  }
}
