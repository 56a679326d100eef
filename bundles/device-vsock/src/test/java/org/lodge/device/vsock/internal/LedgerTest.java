package org.lodge.device.vsock.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.device.vsock.internal.Ledger.Known;
import org.lodge.vsock.VsockType;

class LedgerTest {
  private static final int MOST = 40;

  @TempDir Path folder;

  private Connections connections() {
    return new Connections(new Ledger(Optional.of(folder.resolve("ledger")), MOST));
  }

  private static Connection open(Connections connections, int guestPort, VsockType type) {
    return connections.add(null, guestPort, 5100, type, Connection.Phase.OPEN, null);
  }

  @Test
  void whoeverComesAfterADeathFindsWhatWasOpenThen() throws Exception {
    Random random = new Random(7);
    for (int round = 0; round < 50; round++) {
      Connections died = connections();
      died.openLedger();
      List<Connection> present = new ArrayList<>();
      Set<Known> expected = new HashSet<>();
      for (int step = 0; step < 200; step++) {
        if (present.size() == MOST || !present.isEmpty() && random.nextInt(3) == 0) {
          Connection gone = present.remove(random.nextInt(present.size()));
          expected.remove(known(gone));
          died.remove(gone);
        } else {
          VsockType type = random.nextBoolean() ? VsockType.STREAM : VsockType.SEQPACKET;
          Connection opened = open(died, 1000 * round + step, type);
          present.add(opened);
          expected.add(known(opened));
        }
      }
      Connections next = connections();
      List<Known> found = next.openLedger();
      assertEquals(present.size(), found.size());
      assertEquals(expected, new HashSet<>(found));
      found.forEach(each -> next.settled(each.entry()));
    }
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("ledger"))));
  }

  private static Known known(Connection connection) {
    return new Known(
        connection.guestPort, connection.hostPort, connection.type.wire(), connection.ledgerEntry);
  }

  @Test
  void aSuccessorKeepsAccountOfWhatItTookOver() {
    Connections former = connections();
    former.openLedger();
    open(former, 1, VsockType.STREAM);
    open(former, 2, VsockType.STREAM);
    former.leaveLedger();

    Connections successor = connections();
    open(successor, 1, VsockType.STREAM);
    List<Known> lost = successor.openLedger();
    assertEquals(List.of(2), lost.stream().map(Known::guestPort).toList());
    former.clear();
    successor.settled(lost.getFirst().entry());
    assertEquals(List.of(1), connections().openLedger().stream().map(Known::guestPort).toList());
  }

  @Test
  void moreConnectionsThanEntriesAreOnlyNotOnAccount() {
    Connections connections = connections();
    connections.openLedger();
    for (int i = 0; i < MOST + 5; i++) {
      open(connections, i, VsockType.STREAM);
    }
    connections.snapshot().forEach(connections::remove);
    assertEquals(List.of(), connections().openLedger());
  }

  @Test
  void withoutAFileNothingIsOnAccount() {
    Connections connections = new Connections(new Ledger(Optional.empty(), MOST));
    assertEquals(List.of(), connections.openLedger());
    connections.remove(open(connections, 1, VsockType.STREAM));
  }
}
