package org.lodge.shell.internal.command.rules;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jakarta.json.JsonObject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.connect.ByteStream;
import org.lodge.connect.ConnectException;
import org.lodge.policy.GuestDirectory;
import org.lodge.policy.Party;
import org.lodge.policy.internal.PolicyService;
import org.lodge.shell.internal.Shell;
import org.osgi.framework.BundleContext;

/** The commands over the real policy, and a broker in memory. */
class RulesTest {
  @TempDir Path config;
  private final Shell shell = new Shell();
  private final ScriptedBroker broker = new ScriptedBroker();
  private PolicyService policy;

  @BeforeEach
  void read() throws IOException {
    Path folder = Files.createDirectory(config.resolve("policy.d"));
    Files.writeString(
        folder.resolve("50-own.policy"),
        """
        # comment
        sign  display  storage  allow
        open  display  @any     ask
        nonsense
        """);
    BundleContext context =
        (BundleContext)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {BundleContext.class},
                (_, _, arguments) -> arguments[0].equals("lodge.config") ? "" + config : null);
    policy = new PolicyService(context);
    shell.services.bindPolicy(policy);
    shell.services.bindBroker(broker);
    shell.services.bindGuestDirectory(new Three());
    shell.folder = config;
  }

  @AfterEach
  void close() throws Exception {
    var deactivate = PolicyService.class.getDeclaredMethod("close");
    deactivate.setAccessible(true);
    deactivate.invoke(policy);
  }

  @Test
  void aBadLineIsToldWithFileAndLineAndFailsTheCheck() {
    assertEquals(1, shell.run("policy", "check"));
    assertTrue(shell.out().contains("error: 50-own.policy:4: "), shell.out());
    assertEquals(1, shell.run("policy", "check", "--json"));
    JsonObject finding = shell.json().getJsonArray("findings").getJsonObject(0);
    assertEquals("bad-line", finding.getString("kind"));
    assertEquals(4, finding.getInt("line"));
    assertEquals(2, shell.json().getInt("rules"));
  }

  @Test
  void theCheckOfAFolderReadsItsRulesToo() throws IOException {
    Path other = config.resolve("other");
    Files.createDirectories(other.resolve("policy.d"));
    Files.writeString(
        other.resolve("policy.d/9-new.policy"), "sign work vault allow\nsign a b allow bogus=1\n");
    assertEquals(1, shell.run("check", "other"));
    assertTrue(
        shell.out().startsWith("policy.d/9-new.policy: line 2: option bogus is not known; there"),
        shell.out());
    assertTrue(shell.out().endsWith("other: 1 file, 1 problem\n"), shell.out());
    assertEquals(1, shell.run("check", "other", "--json"));
    JsonObject problem = shell.json().getJsonArray("problems").getJsonObject(0);
    assertEquals("line 2", problem.getString("key"));
    assertEquals(2, policy.rules().size(), "those in force");
  }

  /** Standard error is one document then. */
  @Test
  void aRuleThatIsRefusedSaysNothingElse() {
    assertEquals(2, shell.run("policy", "allow", "sign", "nobody", "storage", "bogus=1", "--json"));
    assertTrue(shell.err().startsWith("{\"error\""), shell.err());
    assertEquals(0, shell.run("policy", "allow", "sign", "nobody", "storage"));
    assertTrue(shell.err().startsWith("warning: there is no guest nobody"), shell.err());
  }

  @Test
  void anOptionThatNobodyReadsIsRefused() {
    assertEquals(2, shell.run("policy", "allow", "sign", "display", "storage", "bogus=1"));
    assertTrue(shell.err().contains("option bogus is not known; there are"), shell.err());
    assertEquals(2, policy.rules().size());
  }

  @Test
  void aDecisionIsExplainedWithTheRuleThatMadeIt() {
    assertEquals(0, shell.run("policy", "explain", "sign", "display", "storage"));
    assertTrue(shell.out().contains("sign display storage: allowed, to storage"), shell.out());
    assertTrue(shell.out().contains("*  50-own.policy:2"), shell.out());
    shell.run("policy", "explain", "sign", "work", "storage");
    assertTrue(shell.out().contains("the source work is not display"), shell.out());
    shell.run("policy", "explain", "sign", "work", "storage", "--json");
    assertEquals("deny", shell.json().getString("action"));
    assertFalse(shell.json().containsKey("rule"));
    shell.run("policy", "explain", "open", "display", "--json");
    assertEquals("ask", shell.json().getString("action"));
    assertEquals(2, shell.json().getJsonArray("candidates").size());
    assertEquals(2, shell.run("policy", "explain", "a b", "display", "storage"));
  }

  @Test
  void whatTheHostsShellMayWithoutAnyRuleIsTold() {
    assertEquals(0, shell.run("policy", "explain", "exec", "@host", "work"));
    assertTrue(shell.out().startsWith("exec @host work: allowed, as a command"), shell.out());
    assertTrue(shell.out().contains("lodge exec asks no rule: whoever may use"), shell.out());
    assertTrue(shell.out().contains("by lodge call, would be denied"), shell.out());
    shell.run("policy", "explain", "exec", "@host", "work", "--json");
    assertEquals("allow", shell.json().getString("action"));
    assertEquals("exec", shell.json().getString("command"));
    shell.run("policy", "explain", "exec", "host", "work");
    assertTrue(shell.out().contains("The host itself is written @host"), shell.out());
    shell.run("policy", "explain", "exec", "@host", "nobody");
    assertTrue(shell.out().contains("denied: no guest is called nobody"), shell.out());
  }

  @Test
  void rulesForAServiceThatIsCalledAsACommandIsAreExplained() {
    shell.run("policy", "deny", "exec", "@host", "work");
    shell.run("policy", "explain", "exec", "@host", "work");
    assertTrue(shell.out().startsWith("exec @host work: denied"), shell.out());
    shell.run("policy", "explain", "sign", "@host", "work");
    assertTrue(shell.out().startsWith("sign @host work: denied"), shell.out());
  }

  @Test
  void aTemporaryRuleDecidesUntilItIsForgotten() {
    assertEquals(0, shell.run("policy", "deny", "*", "display", "*"));
    shell.run("policy", "explain", "sign", "display", "storage", "--json");
    assertEquals("temporary", shell.json().getJsonObject("rule").getString("file"));
    shell.run("policy", "rules");
    assertTrue(shell.out().lines().toList().get(1).startsWith("temporary:1"), shell.out());
    assertEquals(0, shell.run("policy", "forget", "1"));
    shell.run("policy", "explain", "sign", "display", "storage", "--json");
    assertEquals("allow", shell.json().getString("action"));
    assertEquals(1, shell.run("policy", "forget", "1"));
    assertTrue(shell.err().contains("there is no temporary rule 1; there are none"));
  }

  @Test
  void aRuleForAGuestThatIsNotThereIsMadeWithAWarning() {
    assertEquals(0, shell.run("policy", "allow", "sign", "dispaly", "storage"));
    assertTrue(shell.err().contains("there is no guest dispaly; there are "), shell.err());
    assertEquals(1, policy.temporary().size());
    assertEquals(0, shell.run("policy", "allow", "sign", "@any", "storage"));
    assertEquals("", shell.err());
  }

  @Test
  void aRuleThatCantBeReadIsRefused() {
    assertEquals(2, shell.run("policy", "allow", "sign", "display", "storage", "tagret=x"));
    assertTrue(shell.err().contains("target"), shell.err());
    assertEquals(2, shell.run("policy", "allow", "sign allow", "display", "storage"));
    assertTrue(shell.err().contains("has a space in it"), shell.err());
    assertEquals(List.of(), policy.temporary());
  }

  @Test
  void theGraphIsTextOrADrawing() throws IOException {
    assertEquals(0, shell.run("policy", "graph"));
    assertTrue(shell.out().contains("display -> storage"), shell.out());
    assertEquals(0, shell.run("policy", "graph", "--svg", "reach.svg"));
    assertTrue(Files.readString(config.resolve("reach.svg")).contains("<svg"));
    assertEquals(1, shell.run("policy", "graph", "--svg", "/nosuch/reach.svg"));
    assertEquals("there is no folder /nosuch; make it first\n", shell.err().replace("lodge: ", ""));
    shell.run("policy", "graph", "--json");
    JsonObject edge = shell.json().getJsonArray("edges").getJsonObject(0);
    assertTrue(edge.getString("rule").startsWith("50-own.policy:"), edge.toString());
  }

  @Test
  void anAskIsAnsweredWithTheTargetThatThePersonPicks() {
    broker.ask(12, "storage", "storage", "vault");
    shell.run("asks", "--json");
    JsonObject ask = shell.json().getJsonArray("asks").getJsonObject(0);
    assertEquals("storage", ask.getString("preferred"));
    assertEquals(0, shell.run("asks", "12", "yes", "vault"));
    assertEquals("open of display goes to vault\n", shell.out());
    broker.ask(13, "storage", "storage", "vault");
    shell.run("asks", "13", "yes");
    assertEquals("open of display goes to storage\n", shell.out());
    broker.ask(14, "@default", "storage", "vault");
    assertEquals(2, shell.run("asks", "14", "yes"));
    assertTrue(shell.err().contains("to whom? pick one of: storage, vault"), shell.err());
    assertEquals(2, shell.run("asks", "14", "yes", "eve"));
    assertEquals(2, shell.run("asks", "14", "maybe"));
    assertEquals(0, shell.run("asks", "14", "no"));
    assertEquals(List.of("12 vault", "13 storage", "14 no"), broker.answers);
    assertEquals(1, shell.run("asks", "14", "no"));
    assertTrue(shell.err().contains("nothing with the id 14 waits"), shell.err());
  }

  @Test
  void connectionsAreListedAndEnded() {
    assertEquals(0, shell.run("connections"));
    assertEquals("Nothing is connected\n", shell.out());
    broker.connection(7, "display", "storage");
    shell.run("connections");
    assertTrue(shell.out().contains("display  storage  open"), shell.out());
    shell.run("connections", "--json", "work");
    assertEquals(0, shell.json().getJsonArray("connections").size());
    assertEquals(1, shell.run("connections", "--end", "8"));
    assertEquals(0, shell.run("connections", "--end", "7"));
    assertEquals(List.of("7 reset"), broker.answers);
  }

  @Test
  void aCallFromTheHostThatIsDeniedSaysWhyAndHow() {
    broker.refusal = new ConnectException(ConnectException.Reason.DENIED, "denied by a rule");
    assertEquals(126, shell.run("call", "storage", "sign"));
    assertTrue(shell.err().contains("storage sign: denied by a rule"), shell.err());
    assertTrue(shell.err().contains("lodge policy explain sign @host storage"), shell.err());
    broker.refusal = new ConnectException(ConnectException.Reason.UNREACHABLE, "no agent is there");
    assertEquals(126, shell.run("call", "storage", "sign"));
    assertTrue(shell.err().contains("see: lodge ls"), shell.err());
  }

  @Test
  void aCallOfAGuestThatIsNotThereSaysWhichThereAre() {
    broker.refusal = new ConnectException(ConnectException.Reason.DENIED, "no guest is called it");
    assertEquals(126, shell.run("call", "it", "sign"));
    assertTrue(shell.err().contains("there are display, storage, work"), shell.err());
    assertFalse(shell.err().contains("policy allow"), shell.err());
  }

  @Test
  void noRuleIsSaidToBeOfAnotherGuestThanTheOneThatIsNotThere() {
    assertEquals(0, shell.run("policy", "deny", "sign", "nobody", "storage"));
    shell.run("policy", "explain", "sign", "nobody", "storage");
    assertTrue(shell.out().contains("no guest is called nobody"), shell.out());
    assertFalse(shell.out().contains("nobody is not nobody"), shell.out());
  }

  @Test
  void aCallFromTheHostEndsAsTheProgramThatServedIt() {
    broker.stream = new Served(CompletableFuture.completedFuture(9));
    assertEquals(9, shell.run("call", "storage", "sign"));
    broker.stream = new Served(null);
    assertEquals(0, shell.run("call", "storage", "sign"));
    broker.stream = new Served(CompletableFuture.failedFuture(new IOException("storage is gone")));
    assertEquals(125, shell.run("call", "storage", "sign"));
    assertTrue(shell.err().contains("storage is gone"), shell.err());
  }

  /** As one does whose output is a file. */
  @Test
  @Timeout(30)
  void aProgramThatEndsItsOutputFirstStillGetsAllInput() {
    CompletableFuture<Integer> outcome = new CompletableFuture<>();
    AtomicInteger stored = new AtomicInteger();
    shell.in = new ByteArrayInputStream(new byte[1_000_000]);
    broker.stream =
        new Served(outcome) {
          @Override
          public void write(ByteBuffer from) {
            stored.addAndGet(from.remaining());
          }

          @Override
          public void shutdownOutput() {
            outcome.complete(4);
          }
        };
    assertEquals(4, shell.run("call", "storage", "sign"));
    assertEquals(1_000_000, stored.get());
  }

  /** Says nothing, and then ends. */
  private static class Served implements ByteStream {
    private final CompletableFuture<Integer> end;

    Served(CompletableFuture<Integer> end) {
      this.end = end;
    }

    @Override
    public Optional<CompletionStage<Integer>> outcome() {
      return Optional.ofNullable(end);
    }

    @Override
    public int read(ByteBuffer into) {
      return -1;
    }

    @Override
    public void write(ByteBuffer from) {}

    @Override
    public void shutdownOutput() {}

    @Override
    public void reset() {}

    @Override
    public void close() {}
  }

  @Test
  void servicesAreThoseThatAreOfferedNow() {
    assertEquals(0, shell.run("services"));
    assertTrue(shell.out().contains("storage   sign"), shell.out());
  }

  private record Three() implements GuestDirectory {

    @Override
    public Optional<Party> find(String name) {
      return all().stream().filter(party -> party.name().equals(name)).findAny();
    }

    @Override
    public Collection<Party> all() {
      return Stream.of("display", "storage", "work")
          .map(name -> new Party(name, "image", Set.of()))
          .toList();
    }
  }
}
