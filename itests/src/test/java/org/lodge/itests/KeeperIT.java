package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.itests.LodgeHost.Result;

/** What brings Lodge back where no service manager does: the process that {@code up} leaves. */
@Timeout(value = 400, unit = TimeUnit.SECONDS)
class KeeperIT {
  private LodgeHost host;

  @BeforeEach
  void aHostOfItsOwn() throws Exception {
    host = new LodgeHost();
  }

  @AfterEach
  void theHostEnds() throws Exception {
    host.close();
  }

  @Test
  void aLodgeThatIsKilledAgainAndAgainComesBackToItsGuestAndDownEndsAll() throws Exception {
    host.define("work", "{'image': 'storage', 'memory': '256M'}");
    host.up();
    host.lodge("start", "work").ok();
    long guest = host.pid("work");

    for (int i = 0; i < 5; i++) {
      host.killSupervisor();
      host.await("work", "running", it -> it.getString("state").equals("running"));
      assertEquals(guest, host.pid("work"));
    }
    Result up = host.lodge("up", "--detach");
    assertEquals(1, up.exit());
    assertTrue(up.err().contains("already runs"), up.err());

    host.lodge("down").ok();
    LodgeHost.until("nothing is left", () -> host.processes().isEmpty());
    assertEquals(3, host.lodge("ls").exit());
  }

  @Test
  void inTheForegroundItPrintsTheLogAndEndsOnASignalWithLodge() throws Exception {
    Path err = host.place.resolve("up.err");
    Process up = host.begin(host.place.resolve("up.out"), err, "up");
    LodgeHost.until("Lodge is up", () -> Files.readString(err).contains("Lodge is up"));
    // What one of them is about to run has its words for an instant.
    LodgeHost.until("it is two processes", () -> host.processes().size() == 2);
    assertTrue(host.processes().contains(up.pid()), "the keeper is what was started");

    up.destroy();

    assertTrue(up.waitFor(60, TimeUnit.SECONDS));
    assertNotEquals(0, up.exitValue());
    LodgeHost.until("nothing is left", () -> host.processes().isEmpty());
  }

  @Test
  void afterBothWereKilledTheNextUpStartsAnew() throws Exception {
    host.up();
    for (long pid : host.processes().reversed()) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
    LodgeHost.until("nothing is left", () -> host.processes().isEmpty());
    host.up();
    LodgeHost.until("it is two processes", () -> host.processes().size() == 2);
    host.lodge("down").ok();
  }
}
