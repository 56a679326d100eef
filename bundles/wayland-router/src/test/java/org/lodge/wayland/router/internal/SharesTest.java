package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.lodge.agent.handles.Handle;

class SharesTest {
  private final Shares shares = new Shares();
  private final Shares.Share work = shares.of("work");
  private final Shares.Share vault = shares.of("vault");
  private final Shares.Share mail = shares.of("mail");

  private static int all(BooleanSupplier take) {
    int taken = 0;
    while (take.getAsBoolean()) {
      taken++;
    }
    return taken;
  }

  @Test
  void whoTakesAllThereIsLeavesSomeForTheNext() {
    assertEquals(56, all(work::takeConnection));
    assertEquals(28, all(vault::takeConnection));
    assertEquals(14, all(mail::takeConnection));
    assertTrue(all(() -> work.take(Handle.Kind.PIPE)) < 100);
    assertTrue(vault.take(Handle.Kind.PIPE));
    assertTrue(all(() -> work.take(Handle.Kind.FILE)) >= 4096);
    assertTrue(all(() -> vault.take(Handle.Kind.FILE)) >= 2048);
  }

  @Test
  void whatIsGivenBackIsTheOthersToo() {
    int most = all(work::takeConnection);
    for (int i = 0; i < most; i++) {
      work.giveConnection();
    }
    assertEquals(most, all(vault::takeConnection));
    assertFalse(shares.of("vault").takeConnection());
  }

  @Test
  void whoHasItsShareHearsThat() throws Exception {
    Rig rig = Rig.plain();
    int shm = rig.bind(rig.registry(), "wl_shm", 1);
    rig.sync();
    rig.compositor.connection.full = true;
    rig.pool(shm, rig.client.connection.new MemoryFile(100), 100);
    rig.refused("too many handles are open");
  }
}
