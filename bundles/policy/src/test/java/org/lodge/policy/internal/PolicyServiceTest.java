package org.lodge.policy.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.policy.Action;
import org.lodge.policy.PolicySyntaxException;
import org.lodge.policy.Request;
import org.lodge.policy.TemporaryRule;

class PolicyServiceTest {
  private static final Guests GUESTS = Guests.of("work", "vault");
  private static final Request REQUEST = new Request("sign", "", "work", "vault");

  @TempDir Path config;
  private Path folder;
  private PolicyService policy;

  @BeforeEach
  void open() throws IOException {
    folder = Files.createDirectory(config.resolve("policy.d"));
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    policy = new PolicyService(folder);
  }

  @AfterEach
  void close() {
    policy.close();
  }

  @Test
  void changedFilesCountFromThenOn() throws IOException {
    assertEquals(Action.DENY, decide());
    Path file = Files.writeString(folder.resolve("a.policy"), "sign work vault allow\n");
    policy.reload();
    assertEquals(Action.ALLOW, decide());
    Files.delete(file);
    policy.reload();
    assertEquals(Action.DENY, decide());
  }

  @Test
  void aForeignFileDeniesAllUntilItIsPutRight() throws Exception {
    Path file = Files.writeString(folder.resolve("a.policy"), "sign work vault allow\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-rw-rw-"));
    policy.addTemporary("sign work vault allow");
    policy.reload();
    assertEquals(Action.DENY, decide());
    assertTrue(policy.distrust().isPresent());
    assertEquals("Nobody can reach anybody.\n", policy.graph(GUESTS).text());
    assertTrue(policy.lint(GUESTS, Set.of()).getFirst().kind().isError());
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
    policy.reload();
    assertEquals(Action.ALLOW, decide());
  }

  @Test
  void theNewestTemporaryRuleComesFirstAndEndsWhenClosed() throws Exception {
    Files.writeString(folder.resolve("a.policy"), "sign work vault ask\n");
    policy.reload();
    TemporaryRule allow = policy.addTemporary("sign work vault allow # for today");
    assertEquals(Action.ALLOW, decide());
    TemporaryRule deny = policy.addTemporary("sign work vault deny");
    assertEquals(Action.DENY, decide());
    assertEquals(List.of(deny, allow), policy.temporary());
    assertEquals("temporary:2", deny.rule().place());
    policy.reload();
    deny.close();
    deny.close();
    assertEquals(Action.ALLOW, decide());
    allow.close();
    assertEquals(Action.ASK, decide());
  }

  @Test
  void aTemporaryRuleThatCannotBeReadIsRefused() {
    assertThrows(PolicySyntaxException.class, () -> policy.addTemporary("sign work"));
    assertThrows(PolicySyntaxException.class, () -> policy.addTemporary("# nothing"));
    assertEquals(List.of(), policy.rules());
  }

  @Test
  void everyChangeInTheFolderIsHeardOfEvenWhereTheFolderComesLater() throws Exception {
    Path late = config.resolve("late.d");
    Semaphore heard = new Semaphore(0);
    FolderWatch watch = new FolderWatch(late, heard::release);
    try {
      Files.createDirectory(late);
      assertTrue(heard.tryAcquire(20, TimeUnit.SECONDS));
      Files.writeString(late.resolve("a.policy"), "x");
      assertTrue(heard.tryAcquire(20, TimeUnit.SECONDS));
      heard.drainPermits();
      Files.delete(late.resolve("a.policy"));
      assertTrue(heard.tryAcquire(20, TimeUnit.SECONDS));
    } finally {
      watch.close();
    }
  }

  private Action decide() {
    return policy.decide(REQUEST, GUESTS).action();
  }
}
