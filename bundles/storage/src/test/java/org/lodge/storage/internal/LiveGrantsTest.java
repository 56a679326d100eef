package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LiveGrantsTest {
  private static final Grant MORE =
      LiveGrants.granted(
          "more", "vault", "storage", "/srv/docs", false, true, Optional.of("/more"), "none");
  private static final Grant BARE =
      LiveGrants.granted(
          "bare", "vault", "storage", "/srv/notes", true, false, Optional.empty(), "auto");

  @TempDir Path run;

  private LiveGrants comeBack() {
    return new LiveGrants(run.resolve("share"));
  }

  @Test
  void aLodgeThatComesBackKnowsWhatWasGrantedAndRevoked() {
    LiveGrants before = comeBack();
    before.grant(MORE);
    before.grant(BARE);
    before.revoke("vault", "docs");
    LiveGrants after = comeBack();
    assertEquals(List.of(BARE, MORE), after.granted("vault"));
    assertTrue(after.isRevoked("vault", "docs"));
    assertFalse(after.isRevoked("work", "docs"));
    assertEquals(List.of(), after.granted("work"));
  }

  @Test
  void whatIsGrantedAgainIsRevokedNoMoreAndTheOtherWayRound() {
    LiveGrants live = comeBack();
    live.revoke("vault", "more");
    live.grant(MORE);
    assertFalse(comeBack().isRevoked("vault", "more"));
    live.revoke("vault", "more");
    assertEquals(List.of(), comeBack().granted("vault"));
    assertTrue(comeBack().isRevoked("vault", "more"));
  }

  @Test
  void aGuestThatBeginsAnewHasOnlyWhatIsDeclared() {
    LiveGrants live = comeBack();
    live.grant(MORE);
    live.revoke("vault", "docs");
    live.forget("vault");
    assertEquals(List.of(), comeBack().granted("vault"));
    assertFalse(comeBack().isRevoked("vault", "docs"));
  }

  @Test
  void aBrokenFileHarmsNoOtherGuest() throws IOException {
    comeBack().grant(MORE);
    Files.writeString(run.resolve("share/work.json"), "{\"granted\": 7}");
    assertEquals(List.of(MORE), comeBack().granted("vault"));
    assertEquals(List.of(), comeBack().granted("work"));
  }

  @Test
  void aGuestOfABrokenFileGetsNothingButWhatIsGrantedAgain() throws IOException {
    comeBack().grant(MORE);
    Files.write(run.resolve("share/work.json"), new byte[] {'"', (byte) 0xff, '"'});
    Files.writeString(run.resolve("share/vault.json"), "{\"granted\": []}");
    assertTrue(comeBack().isRevoked("work", "docs"));
    comeBack().grant(MORE);
    LiveGrants after = comeBack();
    assertTrue(after.isRevoked("vault", "docs"));
    assertFalse(after.isRevoked("vault", "more"));
    assertFalse(after.isRevoked("third", "docs"));
    after.forget("vault");
    assertFalse(comeBack().isRevoked("vault", "docs"));
  }
}
