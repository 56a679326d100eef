package org.lodge.vhostuser.internal;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.vhostuser.internal.MockFrontEnd.GUEST;
import static org.lodge.vhostuser.internal.MockFrontEnd.MODERN;
import static org.lodge.vhostuser.internal.MockFrontEnd.USER;
import static org.lodge.vhostuser.internal.MockFrontEnd.bytes;
import static org.lodge.vhostuser.internal.MockFrontEnd.u64;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.linux.EventFd;
import org.lodge.linux.MemFd;
import org.lodge.linux.internal.LibC;
import org.lodge.vhostuser.Backend;
import org.lodge.vhostuser.BackendSpec;
import org.lodge.virtio.fixture.SplitDriver;

/** Two guests of one Lodge, over the real transport: what the one does is nothing to the other. */
@Timeout(60)
class NeighboursTest {
  private static final int ROUNDS = 40;
  private static final int PROGRESS = 200;

  @TempDir Path directory;

  private interface Mischief {
    void doTo(Path socket, int round) throws Exception;
  }

  @Test
  void ringsOfGarbageStallNobodyElse() throws Exception {
    beside((socket, round) -> {
      try (MockFrontEnd hostile = new MockFrontEnd(socket)) {
        hostile.start(16, MODERN);
        SplitDriver driver = (SplitDriver) hostile.queues.getFirst();
        if (round % 2 == 0) {
          driver.setAvailableIndex(12345 + round);
        } else {
          driver.add(new long[] {-8}, new int[] {-1}, 0, 1);
        }
        for (int kick = 0; kick < 1000; kick++) {
          hostile.kicks.getFirst().signal();
        }
        hostile.ask(Request.GET_QUEUE_NUM);
      }
    });
  }

  @Test
  void memoryThatGoesStallsNobodyElse() throws Exception {
    beside((socket, round) -> {
      try (MockFrontEnd hostile = new MockFrontEnd(socket);
          MemFd file = MemFd.resizable("guest", 65536)) {
        hostile.tell(Request.SET_FEATURES, u64(MODERN));
        byte[] region = hostile.region(GUEST, 65536, USER, 0);
        hostile.tell(
            Request.SET_MEM_TABLE, bytes(40).putInt(1).putInt(0).put(region).array(), file);
        hostile.newQueue(16, MODERN);
        hostile.sendNum(0);
        hostile.sendAddresses(0);
        hostile.sendBase(0, 0);
        hostile.sendKick(0);
        hostile.ask(Request.GET_QUEUE_NUM);
        file.resize(0);
        hostile.kicks.getFirst().signal();
        hostile.ask(Request.GET_QUEUE_NUM);
      }
    });
  }

  @Test
  void aFrontEndThatAsksWithoutReadingAndADriverThatNeverRestsStallNobodyElse() throws Exception {
    beside((socket, round) -> {
      try (MockFrontEnd hostile = new MockFrontEnd(socket)) {
        hostile.start(64, MODERN);
        Load endless = new Load(hostile);
        endless.start();
        for (int question = 0; question < 200; question++) {
          hostile.raw(Request.GET_FEATURES.id, 1, 0, new byte[0]);
        }
        while (endless.done < PROGRESS && endless.isRunning()) {
          Thread.onSpinWait();
        }
        endless.finish();
      }
    });
  }

  @Test
  void aMonitorThatMakesCallsBlockHoldsNoThreadForLong() throws Exception {
    try (Bench bench = new Bench(directory)) {
      bench.deploy("1.0.0");
      Backend backend = bench.open();
      try (MockFrontEnd hostile = bench.connect()) {
        hostile.start(16, MODERN);
        hostile.ask(Request.GET_QUEUE_NUM);
        EventFd calls = hostile.calls.getFirst();
        fillAndMakeBlocking(calls);
        hostile.queues.getFirst().add(new long[] {GUEST, GUEST + 64}, new int[] {8, 8}, 1, 1);
        hostile.kicks.getFirst().signal();
        while (backend.status().trouble().isEmpty()) {
          Thread.onSpinWait();
        }
        hostile.stop(0);
      }
      bench.backends.deactivate();
      assertTrue(bench.backends.backends().isEmpty());
    }
  }

  private static void fillAndMakeBlocking(EventFd event) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment most = arena.allocate(8, 8);
      most.set(ValueLayout.JAVA_LONG, 0, -2);
      event.drain();
      LibC.write(event.number(), most.address(), 8);
      LibC.fcntl(event.number(), LibC.F_SETFL, 0);
    }
  }

  /** The neighbour's driver goes on in each round, and finds nothing amiss in the end. */
  private void beside(Mischief mischief) throws Exception {
    try (Bench bench = new Bench(directory)) {
      bench.deploy("1.0.0");
      bench.open();
      Path hostile = directory.resolve("hostile");
      bench.backends.open(new BackendSpec("play", "echo0", "echo", Map.of(), hostile, Set.of()));
      try (MockFrontEnd good = bench.connect()) {
        good.start(64, MODERN);
        Load load = new Load(good);
        load.start();
        for (int round = 0; round < ROUNDS; round++) {
          long before = load.done;
          mischief.doTo(hostile, round);
          while (load.done < before + PROGRESS && load.isRunning()) {
            Thread.onSpinWait();
          }
        }
        assertTrue(load.isRunning(), "the good guest's driver has seen no fault");
        load.finish();
      }
    }
  }
}
