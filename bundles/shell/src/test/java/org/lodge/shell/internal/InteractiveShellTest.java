package org.lodge.shell.internal;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class InteractiveShellTest {
  @Test
  void whatOnlyGogoUnderstandsGoesToGogo() {
    assertTrue(InteractiveShell.isPlain("device add work blk path=/srv/data.img", true));
    assertTrue(InteractiveShell.isPlain("ls", true));
    assertFalse(InteractiveShell.isPlain("ls | grep work", true));
    assertFalse(InteractiveShell.isPlain("device add work blk path='/a b'", true));
    assertFalse(InteractiveShell.isPlain("name = work", false));
  }
}
