package org.lodge.agent.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.lodge.agent.GuestSocket;

class GatewayTest {
  private static GuestSocket socket(String path, int mode, String service) {
    return new GuestSocket(path, mode, service, "", "vault", false);
  }

  @Test
  void aServiceIsKeptFromUsersWhereNoSocketForItIsForAll() {
    assertEquals(
        Set.of("db"),
        AttachedGuest.keptFromUsers(
            List.of(
                socket("/run/db", 0660, "db"),
                socket("/run/db2", 0600, "db"),
                socket("/run/log", 0660, "log"),
                socket("/run/log-of-all", 0666, "log"),
                socket("/run/open", 0666, "open"))));
  }
}
