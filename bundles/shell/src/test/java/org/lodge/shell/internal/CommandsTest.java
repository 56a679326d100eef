package org.lodge.shell.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import jakarta.json.JsonValue;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.lodge.shell.Command;
import org.lodge.shell.Description;
import org.lodge.shell.ExitCode;
import org.lodge.shell.Invocation;
import org.lodge.vm.Definitions;
import org.lodge.vm.Definitions.Problem;
import org.lodge.vm.GuestException;
import org.lodge.vm.GuestStatus;

class CommandsTest {
  private final Shell shell = new Shell();

  static Stream<Description> descriptions() {
    return new Shell().registry.all().stream().map(Command::description);
  }

  @ParameterizedTest
  @MethodSource("descriptions")
  void everyCommandIsDescribedInFull(Description description) {
    assertFalse(description.summary().isBlank());
    assertFalse(description.summary().endsWith("."));
    assertFalse(description.examples().isEmpty());
    assertTrue(HelpText.exitCodes(description).keySet().containsAll(Set.of(0, 1, 2, 3, 130)));
    for (Description.Example example : description.examples()) {
      assertTrue(example.commandLine().contains("lodge "), example.commandLine());
      assertFalse(example.what().isBlank());
    }
    String arities =
        description.arguments().stream()
            .map(argument -> argument.arity().name())
            .collect(Collectors.joining(" "));
    assertTrue(arities.matches("(ONE ?)*((MANY|ANY) ?(ONE ?)*|(OPTIONAL ?)*)"), arities);
    String page = ManPages.page(description);
    for (String section : List.of("NAME", "SYNOPSIS", "OPTIONS", "EXAMPLES", "EXIT STATUS")) {
      assertTrue(page.contains(".SH " + section + "\n"), section);
    }
    assertTrue(HelpText.of(description, 80).lines().allMatch(line -> line.length() <= 100));
  }

  @ParameterizedTest
  @MethodSource("descriptions")
  void helpNeverActsWhateverElseIsTyped(Description description) {
    Random random = new Random(description.name().hashCode());
    List<String> words =
        List.of("work", "display", "--all", "--json", "-n", "3", "--keep", "--force", "--nonsense");
    for (int round = 0; round < 50; round++) {
      List<String> line = new ArrayList<>(List.of(description.name().split(" ")));
      int count = random.nextInt(5);
      int help = random.nextInt(count + 1);
      for (int i = 0; i <= count; i++) {
        line.add(
            i == help
                ? random.nextBoolean() ? "--help" : "-h"
                : words.get(random.nextInt(words.size())));
      }
      assertEquals(ExitCode.OK, shell.run(line.toArray(String[]::new)), line.toString());
      assertTrue(shell.out().contains("usage: lodge " + description.name()), line.toString());
      assertEquals(List.of(), shell.guests.asked, line.toString());
    }
  }

  @ParameterizedTest
  @MethodSource("descriptions")
  void helpAndTheOptionSayTheSame(Description description) {
    String[] name = description.name().split(" ");
    List<String> line = new ArrayList<>(List.of(name));
    line.addFirst("help");
    shell.run(line.toArray(String[]::new));
    String help = shell.out();
    line.removeFirst();
    line.add("--help");
    shell.run(line.toArray(String[]::new));
    assertEquals(help, shell.out());
  }

  @ParameterizedTest
  @MethodSource("descriptions")
  void anUnknownOptionIsRefusedWithoutActing(Description description) {
    List<String> line = new ArrayList<>(List.of(description.name().split(" ")));
    line.addAll(List.of("work", "--jsn"));
    assertEquals(ExitCode.USAGE, shell.run(line.toArray(String[]::new)));
    assertTrue(shell.err().contains("did you mean --json?"), shell.err());
    assertEquals(List.of(), shell.guests.asked);
  }

  @Test
  void theJsonOfLsHasTheDocumentedKeys() {
    assertEquals(ExitCode.OK, shell.run("ls", "--json"));
    Set<String> documented = documented("ls", "guests[].");
    for (JsonValue guest : shell.json().getJsonArray("guests")) {
      assertTrue(documented.containsAll(guest.asJsonObject().keySet()), guest.toString());
    }
    JsonObject work = shell.json().getJsonArray("guests").getJsonObject(2);
    assertEquals("failed", work.getString("state"));
    assertEquals("exec", work.getJsonObject("failure").getString("stage"));
    assertEquals(5310, work.getJsonObject("startMillis").getInt("ready"));
  }

  @Test
  void theJsonOfTopHasTheDocumentedKeys() {
    assertEquals(ExitCode.OK, shell.run("top", "--json", "-i", "100ms"));
    Set<String> documented = documented("top", "guests[].");
    for (JsonValue guest : shell.json().getJsonArray("guests")) {
      assertTrue(documented.containsAll(guest.asJsonObject().keySet()), guest.toString());
    }
  }

  private Set<String> documented(String command, String prefix) {
    Set<String> keys = new TreeSet<>();
    for (Description.Key key : shell.registry.find(command).orElseThrow().description().json()) {
      if (key.name().startsWith(prefix)) {
        keys.add(key.name().substring(prefix.length()));
      }
    }
    return keys;
  }

  @Test
  void errorsAreJsonToo() {
    assertEquals(ExitCode.FAILED, shell.run("show", "nobody", "--json"));
    JsonObject error = Shell.parse(shell.err()).getJsonObject("error");
    assertEquals("nobody", error.getString("guest"));
    assertEquals("lookup", error.getString("stage"));
    assertEquals(1, error.getInt("exitCode"));
    assertEquals(ExitCode.USAGE, shell.run("shw", "--json"));
    String message = Shell.parse(shell.err()).getJsonObject("error").getString("message");
    assertTrue(message.contains("did you mean show?"), message);
  }

  @Test
  void whatAGuestWroteCantSteerTheTerminal() {
    shell.run("ls");
    assertFalse(shell.out().contains("\033"), shell.out());
    shell.run("show", "-v", "work");
    assertFalse(shell.out().contains("\033"), shell.out());
    assertTrue(shell.out().contains("^[[2J"), shell.out());
  }

  @Test
  void aTableNeverExceedsTheTerminal() {
    for (int columns : List.of(40, 60, 80, 132, 200)) {
      shell.columns = columns;
      shell.run("ls");
      for (String line : shell.out().split("\n")) {
        assertTrue(SafeText.width(line) <= columns, columns + ": " + line);
      }
    }
  }

  @Test
  void severalGuestsAreActedOnAtOnceAndAFailureHoldsUpNone() {
    GuestException failure = new GuestException("work", "exec", "no qemu", List.of("bad"), null);
    CompletableFuture<GuestStatus> failed = CompletableFuture.failedFuture(failure);
    shell.guests.answers.put("work", failed);
    assertEquals(ExitCode.FAILED, shell.run("start", "--json", "work", "storage", "work"));
    assertEquals(List.of("start work", "start storage"), shell.guests.asked);
    JsonObject json = shell.json();
    assertEquals("storage", json.getJsonArray("guests").getJsonObject(0).getString("name"));
    assertEquals("no qemu", json.getJsonArray("errors").getJsonObject(0).getString("message"));
  }

  @Test
  void theCommandLineIsShownWithTheStartThatFailedAndNoOtherFailure() {
    GuestException failure = new GuestException("work", "exec", "qemu said \033[2J no");
    shell.guests.answers.put("work", CompletableFuture.failedFuture(failure));
    shell.run("start", "work");
    assertTrue(shell.err().contains("command line: qemu -m 512"), shell.err());
    GuestException idle = new GuestException("work", "state", "is not running");
    shell.guests.answers.put("work", CompletableFuture.failedFuture(idle));
    shell.run("pause", "work");
    assertFalse(shell.err().contains("command line"), shell.err());
  }

  @Test
  void aDefinitionThatIsRefusedIsSeenWithItsGuest() {
    Path file = shell.guests.list().getFirst().definitionFile().orElseThrow();
    Problem problem = new Problem(file, "memory", "x", "must be 32M to 1024G");
    Problem other = new Problem(file.resolveSibling("mail.json"), "", "", "is not JSON");
    shell.services.bindDefinitions(
        (Definitions)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Definitions.class},
                (_, _, _) -> List.of(problem, other)));
    shell.columns = 200;
    shell.run("ls");
    assertTrue(shell.out().contains("definition refused, see: lodge check"), shell.out());
    assertTrue(shell.err().contains("no guest for now: mail; see: lodge check"), shell.err());
    shell.run("show", "display");
    assertTrue(shell.out().contains("memory: must be 32M to 1024G"), shell.out());
    shell.run("show", "storage");
    assertFalse(shell.out().contains("memory: must be"), shell.out());
  }

  @Test
  void allMeansThoseToWhichTheCommandApplies() {
    shell.run("start", "--all", "--json");
    assertEquals(List.of("start storage", "start work"), shell.guests.asked);
    shell.guests.asked.clear();
    shell.run("stop", "--all", "--json", "--limit", "3s");
    assertEquals(List.of("stop PT3S display"), shell.guests.asked);
  }

  @Test
  void oneUnknownNameStopsTheWholeCommand() {
    assertEquals(ExitCode.FAILED, shell.run("start", "--json", "storage", "nobody"));
    assertEquals(List.of(), shell.guests.asked);
  }

  @Test
  void neitherNamesNorAllIsAUsageError() {
    assertEquals(ExitCode.USAGE, shell.run("kill"));
    assertEquals(ExitCode.USAGE, shell.run("kill", "work", "--all"));
    assertEquals(List.of(), shell.guests.asked);
  }

  @Test
  void aMissingServiceIsNamedWithItsBundle() {
    shell.services.unbindGuests(shell.guests);
    assertEquals(ExitCode.FAILED, shell.run("ls"));
    assertTrue(shell.err().contains("org.lodge.vm"), shell.err());
  }

  @Test
  void anInterruptedStartSaysThatItGoesOn() {
    shell.guests.answers.put("work", new CompletableFuture<>());
    Thread.currentThread().interrupt();
    assertEquals(ExitCode.INTERRUPTED, shell.run("start", "--json", "work"));
    assertTrue(shell.err().contains("goes on in the background"), shell.err());
  }

  @Test
  void aFamilyWithoutAMemberNamesItsMembers() {
    assertEquals(ExitCode.USAGE, shell.run("image"));
    assertTrue(shell.err().contains("build, import, ls"), shell.err());
    assertEquals(ExitCode.USAGE, shell.run("image", "biuld"));
    assertTrue(shell.err().contains("did you mean build?"), shell.err());
  }

  @Test
  void aWordThatSeveralCommandsBeginWithIsSuggestedToo() {
    assertEquals(ExitCode.USAGE, shell.run("imgae"));
    assertTrue(shell.err().contains("did you mean image?"), shell.err());
    assertEquals(ExitCode.USAGE, shell.run("help", "imgae"));
    assertTrue(shell.err().contains("did you mean image?"), shell.err());
  }

  @Test
  void helpOfACommandIsJsonWhereThatIsAskedFor() {
    assertEquals(ExitCode.OK, shell.run("help", "image", "--json"));
    assertEquals(3, shell.json().getJsonArray("commands").size());
    assertEquals(ExitCode.OK, shell.run("help", "image", "build", "--json"));
    JsonObject build = shell.json().getJsonArray("commands").getJsonObject(0);
    assertTrue(documented("help", "commands[].").containsAll(Set.of("name", "summary", "usage")));
    assertEquals("lodge image build [OPTION...] [IMAGE...]", build.getString("usage"));
    assertEquals("IMAGE", build.getJsonArray("arguments").getJsonObject(0).getString("name"));
    assertTrue(build.getJsonArray("options").toString().contains("--update-lock"));
    assertEquals(0, build.getJsonArray("exitCodes").getJsonObject(0).getInt("code"));
    assertEquals(ExitCode.USAGE, shell.run("help", "bogus", "--json"));
  }

  @Test
  @Timeout(20)
  void nobodyWaitsForEventsOfAGuestThatIsNotThere() {
    assertEquals(ExitCode.FAILED, shell.run("events", "display", "nobody"));
    assertTrue(shell.err().contains("no such guest"), shell.err());
  }

  @Test
  void completionFollowsTheDescription() {
    ShellCompleter completer =
        new ShellCompleter(shell.registry, shell.services, null, java.nio.file.Path.of("/"));
    assertTrue(completer.candidates(List.of(), "").containsKey("image"));
    assertTrue(completer.candidates(List.of("image"), "").containsKey("build"));
    assertEquals(
        Set.of("storage", "work"), completer.candidates(List.of("start", "display"), "").keySet());
    assertTrue(completer.candidates(List.of("logs"), "-").containsKey("--follow"));
    assertEquals(Set.of(), completer.candidates(List.of("show", "work"), "").keySet());
  }

  @Test
  void aCommandOfAnotherBundleIsTreatedLikeTheShellsOwn() {
    Command greet =
        new Command() {
          @Override
          public Description description() {
            return Description.of("greet", "Greet").example("lodge greet", "Greets.");
          }

          @Override
          public int run(Invocation invocation) {
            invocation.out().print("hello");
            return 9;
          }
        };
    shell.registry.bindCommand(greet);
    assertEquals(9, shell.run("greet"));
    assertEquals("hello", shell.out());
    assertEquals(ExitCode.OK, shell.run("greet", "--help"));
    assertTrue(shell.out().contains("usage: lodge greet"));
    assertEquals(ExitCode.USAGE, shell.run("greet", "you"));
    shell.registry.unbindCommand(greet);
    assertEquals(ExitCode.USAGE, shell.run("greet"));
  }
}
