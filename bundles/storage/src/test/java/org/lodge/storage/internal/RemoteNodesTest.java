package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;

/** What is known of files across connections and boots of their guest. */
class RemoteNodesTest {
  private static final Name NAME = new Name().of(Arena.ofAuto().allocateFrom("file"), 0, 4);
  private static final Name OTHER = new Name().of(Arena.ofAuto().allocateFrom("other"), 0, 5);

  private final List<Link> links = new ArrayList<>();
  private Ledger ledger;
  private RemoteNodes nodes;
  private Link first;
  private long file;

  @BeforeEach
  void begin() throws Exception {
    ledger = Ledger.create();
    nodes = new RemoteNodes(ledger);
    first = link(1, "boot");
    nodes.follow(first);
    file = found(first, 7);
  }

  @AfterEach
  void end() {
    links.forEach(each -> each.end("the test is over"));
    ledger.close();
  }

  private Link link(int epoch, String boot) {
    Link link = new Link(epoch, boot, new PlainGuest(true), Long.MAX_VALUE);
    links.add(link);
    return link;
  }

  private long found(Link link, long remote) {
    return nodes.found(link, FileSystem.ROOT, NAME, remote, 0, 99, Attributes.REGULAR);
  }

  @Test
  void aSyncConfirmsNothingThatIsWrittenWhileItGoesOn() {
    nodes.written(first, file);
    int before = nodes.writes();
    nodes.written(first, file);
    nodes.synced(file, before);
    nodes.follow(link(2, "next"));
    assertTrue(nodes.takeLost(file));
    assertFalse(nodes.takeLost(file));
  }

  @Test
  void whatIsSyncedIsNotLost() {
    nodes.written(first, file);
    nodes.synced(file, nodes.writes());
    nodes.follow(link(2, "next"));
    assertFalse(nodes.takeLost(file));
  }

  @Test
  void aWriteThatIsToldOnlyAfterTheNextBootMayBeLost() {
    nodes.follow(link(2, "next"));
    nodes.written(first, file);
    assertTrue(nodes.takeLost(file));
  }

  @Test
  void aWriteOfTheSameBootIsNotLost() {
    Link second = link(2, "boot");
    nodes.follow(second);
    nodes.written(first, file);
    nodes.written(second, file);
    assertFalse(nodes.takeLost(file));
  }

  @Test
  void aSyncOfAllConfirmsWhatWasWrittenBefore() {
    nodes.written(first, file);
    int before = nodes.writes();
    long other = nodes.found(first, FileSystem.ROOT, OTHER, 8, 0, 98, Attributes.REGULAR);
    nodes.written(first, other);
    nodes.syncedAll(before);
    nodes.follow(link(2, "next"));
    assertFalse(nodes.takeLost(file));
    assertTrue(nodes.takeLost(other));
  }

  @Test
  void anEarlierConnectionThatIsUsedLateChangesNothing() {
    Link second = link(2, "boot");
    nodes.follow(second);
    assertEquals(file, found(second, 9));
    nodes.follow(first);
    nodes.follow(second);
    assertEquals(file, found(second, 9));
  }

  @Test
  void whatAnEarlierConnectionFindsLateIsNoUseOnThePresentOne() {
    Link second = link(2, "boot");
    nodes.follow(second);
    assertEquals(file, found(second, 9));
    assertEquals(file, found(first, 7));
    nodes.rebind(first, file, 7);
    assertEquals(1, nodes.forget(file, 3, second));
  }
}
