package org.lodge.shell.internal.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.lodge.storage.ShareStatus;
import org.lodge.storage.ShareStatus.State;

class ShareLsTest {
  private static ShareStatus share(State state, Optional<String> trouble) {
    return new ShareStatus(
        "docs",
        "work",
        "host",
        "/srv",
        false,
        "auto",
        Optional.empty(),
        state,
        true,
        trouble,
        List.of());
  }

  @Test
  void whatWasTakenBackSaysWhyItIsListed() {
    assertEquals(
        "comes back with the guest's next start, or: lodge share add work docs",
        ShareLs.note(share(State.REVOKED, Optional.empty())));
    assertEquals("it is busy", ShareLs.note(share(State.REVOKED, Optional.of("it is busy"))));
    assertEquals(
        "files of the host itself: for development",
        ShareLs.note(share(State.MOUNTED, Optional.empty())));
  }
}
