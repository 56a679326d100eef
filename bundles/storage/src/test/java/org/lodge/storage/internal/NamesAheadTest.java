package org.lodge.storage.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;

/** What is kept of listings, and how long. */
@Timeout(value = 20, unit = TimeUnit.SECONDS)
class NamesAheadTest {
  private static final int NAMES = 100;

  private final RemoteHandle handle = new RemoteHandle(Ledger.NONE, 1, 1, 0, true, 0, 0);
  private final int before = NamesAhead.allBytes();

  private static NamesAhead names() {
    NamesAhead names = new NamesAhead(0);
    names.end();
    Name name = new Name().of(MemorySegment.ofArray(new byte[] {'a', 0}), 0, 1);
    names.passed(1, true);
    for (int next = 2; next < 2 + NAMES; next++) {
      names.add(name, next, 8, next);
    }
    return names;
  }

  @AfterEach
  void end() {
    handle.release();
    assertEquals(before, NamesAhead.allBytes());
  }

  private static final class Counting implements DirectorySink {
    private int count;

    @Override
    public int sizeBytes() {
      return 1 << 16;
    }

    @Override
    public boolean wants(Name name, long nextOffset) {
      return true;
    }

    @Override
    public boolean fits(int nameBytes) {
      return true;
    }

    @Override
    public void add(Name name, long inode, int type, long nextOffset, Entry entry) {
      count++;
    }
  }

  @Test
  void whatIsReadToItsEndTakesNoMemory() {
    handle.keepAhead(names());
    NamesAhead ahead = handle.takeAhead(1);
    assertTrue(ahead.sizeBytes() > NAMES);
    Counting sink = new Counting();
    assertEquals(NAMES, ahead.give(sink, null));
    assertEquals(NAMES, sink.count);
    handle.keepAhead(ahead);
    assertEquals(0, ahead.sizeBytes());
    NamesAhead again = handle.takeAhead(1 + NAMES);
    assertNotNull(again);
    assertTrue(again.isOver());
    assertEquals(0, again.give(sink, null));
  }

  @Test
  void whatIsKeptOfAllIsBounded() {
    RemoteHandle[] many = new RemoteHandle[4000];
    for (int i = 0; i < many.length; i++) {
      many[i] = new RemoteHandle(Ledger.NONE, 1, 1, 0, true, 0, 0);
      many[i].keepAhead(names());
      assertTrue(NamesAhead.allBytes() <= 4 << 20);
    }
    assertNull(many[many.length - 1].takeAhead(1));
    for (RemoteHandle each : many) {
      each.release();
    }
  }

  /** The whole share waits for whoever lets one go. */
  @Test
  void itIsLetGoWhileItsGuestIsAsked() throws Exception {
    handle.keepAhead(names());
    synchronized (handle) {
      Thread other = Thread.startVirtualThread(handle::release);
      other.join();
    }
    assertEquals(before, NamesAhead.allBytes());
  }
}
