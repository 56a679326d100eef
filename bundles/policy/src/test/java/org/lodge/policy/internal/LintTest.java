package org.lodge.policy.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lodge.policy.Finding;

class LintTest {
  private static final Guests GUESTS = Guests.of("work:app:dev", "vault:service");

  @Test
  void rulesThatAreNeverReachedAreNamed() {
    assertEquals(
        List.of("SHADOWED 2", "DUPLICATE 3", "SHADOWED 5"),
        lint(
            "sign @any vault deny",
            "sign work vault allow",
            "sign+x @tag:dev vault deny",
            "run @tag:dev vault allow",
            "run+ work vault deny"));
  }

  @Test
  void aNarrowerRuleBeforeAWiderOneIsFine() {
    assertEquals(
        List.of(),
        lint(
            "sign+x work vault deny", "sign work vault ask", "sign @any vault deny", "* * * deny"));
  }

  @Test
  void namesThatNobodyBearsAreNamed() {
    assertEquals(
        List.of(
            "UNKNOWN_GUEST 1",
            "UNKNOWN_TAG 2",
            "UNKNOWN_KIND 3",
            "UNKNOWN_GUEST 4",
            "UNKNOWN_SERVICE 5"),
        lint(
            "sign gone vault allow",
            "sign @tag:gone vault allow",
            "sign work @kind:gone allow",
            "sign work vault allow target=gone",
            "misspelt work vault allow"));
  }

  @Test
  void allowsThatDenyOrAllowAllAreNamed() {
    assertEquals(
        List.of("NO_TARGET 1", "ALLOWS_ALL 2", "ALLOWS_ALL 3", "NO_TARGET 4"),
        lint(
            "sign @tag:dev @default allow",
            "sign @any @any allow",
            "* @any @host allow",
            "run vault vault allow"));
  }

  @Test
  void servicesAreNotCheckedWhereNoneAreKnown() {
    assertEquals(
        List.of(), Lint.findings(Guests.rules("misspelt work vault allow"), GUESTS, Set.of()));
  }

  @Test
  void aFindingReadsAsAnEditorJumpsToIt() {
    Finding finding =
        Lint.findings(Guests.rules("sign gone vault allow"), GUESTS, Set.of()).getFirst();
    assertEquals("test.policy:1: no guest is called gone", finding.toString());
  }

  private static List<String> lint(String... lines) {
    return Lint.findings(Guests.rules(lines), GUESTS, Set.of("sign", "run")).stream()
        .map(finding -> finding.kind() + " " + finding.line())
        .toList();
  }
}
