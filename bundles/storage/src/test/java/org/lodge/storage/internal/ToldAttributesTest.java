package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.FileSystem;

/** What may be believed of a directory after a change. */
class ToldAttributesTest {
  private static final long ROOT = FileSystem.ROOT;
  private static final long LONG_AGO = 3_600_000_000_000L;

  private final ToldAttributes told = new ToldAttributes(node -> {});
  private final Link link = new Link(0, "boot", new PlainGuest(true), 1_000_000_000L);
  private final Exchange answer = new Exchange();
  private final Attributes attributes = new Attributes();

  @AfterEach
  void end() {
    link.end("the test is over");
  }

  private void answer(int mode) {
    answer.request(Op.UNLINK, ROOT, 0, 0, 0, 0);
    answer.begin(link, 1);
    answer.memory().set(ValueLayout.JAVA_INT_UNALIGNED, 60, mode);
    answer.complete(0, Replies.ATTRIBUTES_BYTES);
  }

  private void change() {
    told.told(ROOT, told.begin(ROOT), true, answer);
    told.end(ROOT);
  }

  private boolean isKnown(int epoch) {
    return told.get(ROOT, epoch, LONG_AGO, attributes);
  }

  @Test
  void changesThatOverlapTellNothing() {
    answer(PlainGuest.FOLDER);
    long first = told.begin(ROOT);
    long second = told.begin(ROOT);
    told.told(ROOT, second, true, answer);
    told.end(ROOT);
    told.told(ROOT, first, true, answer);
    told.end(ROOT);
    assertFalse(isKnown(0));
    change();
    assertTrue(isKnown(0));
  }

  @Test
  void anotherConnectionKnowsNothingOfIt() {
    answer(PlainGuest.FOLDER);
    change();
    assertFalse(isKnown(1));
  }

  @Test
  void aNumberThatIsForgottenIsNobodys() {
    answer(PlainGuest.FOLDER);
    change();
    told.forget(ROOT + 256);
    assertTrue(isKnown(0));
    told.forget(ROOT);
    assertFalse(isKnown(0));
  }

  @Test
  void whatIsNoDirectoryIsNotBelieved() {
    answer(PlainGuest.FILE);
    change();
    assertFalse(isKnown(0));
  }

  @Test
  void aRenameEndsAllThatIsKnownAndUnderWay() {
    answer(PlainGuest.FOLDER);
    change();
    told.forgetAll();
    assertFalse(isKnown(0));
    long begun = told.begin(ROOT);
    told.forgetAll();
    told.told(ROOT, begun, true, answer);
    told.end(ROOT);
    assertFalse(isKnown(0));
  }
}
