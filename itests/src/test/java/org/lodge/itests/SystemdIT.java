package org.lodge.itests;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Lodge as a service of the real systemd, which starts it again and keeps its descriptors. */
@Timeout(value = 300, unit = TimeUnit.SECONDS)
class SystemdIT {
  private static final int KILLS = 3;

  /** What a user's manager has no use for, or that names folders of the machine. */
  private static final List<String> OF_THE_MACHINE =
      List.of("RuntimeDirectory", "StateDirectory", "CacheDirectory", "Protect", "Restrict");

  private LodgeHost host;
  private UserManager systemd;

  @BeforeEach
  void lodgeAsAService() throws Exception {
    Optional<String> lacking = UserManager.lacking();
    assumeTrue(lacking.isEmpty(), () -> "no systemd of our own: " + lacking.get());
    host = new LodgeHost();
    host.image("fio");
    host.define(
        "work",
        "{'image': 'fio', 'memory': '256M', 'devices': [{'id': 'random', 'type': 'rng'},"
            + " {'id': 'data', 'type': 'blk', 'path': '"
            + host.disk("data", 32)
            + "'}]}");
    systemd = UserManager.start(host.place);
    systemd.define("lodge.service", unit());
    systemd.ok("start", "lodge");
    host.lodge("start", "work").ok();
  }

  @AfterEach
  void allEnds() throws Exception {
    if (systemd != null) {
      systemd.close();
    }
    if (host != null) {
      host.close();
    }
  }

  /** The unit that ships, with the folders of this test. */
  private String unit() throws IOException {
    StringBuilder unit = new StringBuilder();
    for (String line : Files.readAllLines(Distribution.home().resolve("systemd/lodge.service"))) {
      if (OF_THE_MACHINE.stream().noneMatch(line::startsWith)) {
        unit.append(line.replace("/opt/lodge", Distribution.home().toString())).append('\n');
      }
      if (line.equals("[Service]")) {
        host.environment()
            .forEach((name, value) -> unit.append("Environment=%s=%s\n".formatted(name, value)));
        unit.append("Environment=JAVA_HOME=%s\n".formatted(System.getProperty("java.home")));
      }
    }
    return unit.toString();
  }

  @Test
  void aLodgeThatIsKilledOrEndsIsAPauseToAGuestAndNothingElse() throws Exception {
    VerifiedDisk disk = new VerifiedDisk(host, "work", "data");
    long guest = host.pid("work");
    disk.begin();
    for (int i = 0; i < KILLS; i++) {
      host.killSupervisor();
      disk.awaitProgress();
    }
    assertEquals(KILLS, systemd.number("lodge", "NRestarts"));

    long former = host.supervisor();
    host.lodge("down", "--keep").ok();
    LodgeHost.until("systemd has started the next", () -> host.isBackFrom(former));
    disk.awaitProgress();
    String seen = disk.end();
    assertEquals(guest, host.pid("work"));
    assertTrue(systemd.number("lodge", "NFileDescriptorStore") > 0);
    System.out.printf(
        "%d times killed under systemd: the guest's longest request %.0f ms%n",
        KILLS, VerifiedDisk.longestMillis(seen));

    systemd.ok("stop", "lodge");
    LodgeHost.until("nothing is left", () -> host.processes().isEmpty());
    assertEquals(0, systemd.number("lodge", "NFileDescriptorStore"));
  }
}
