package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.lodge.wayland.protocol.opcode.WlBuffer;

/** Where buffers of a program lie in the file that the compositor has. */
class PlacesTest {
  private static final int POOL_BYTES = 1 << 20;
  private static final int ROUNDS = 600;
  private static final Pattern MADE =
      Pattern.compile(
          "wl_shm_pool@\\d+\\.create_buffer\\(new id wl_buffer@(\\d+), (\\d+), \\d+, (\\d+), (\\d+), 1\\)");
  private static final Pattern GONE = Pattern.compile("wl_buffer@(\\d+)\\.destroy\\(\\)");

  /** From a first byte to the one after the last. */
  private record Place(long from, long to) {
    boolean overlaps(Place other) {
      return from < other.to && other.from < to;
    }
  }

  private final Rig rig = Rig.plain();
  private final Random random = new Random(20261127);

  @Test
  void buffersNeverShareAPlaceAndPlacesAreTakenAgain() throws Exception {
    int shm = rig.bind(rig.registry(), "wl_shm", 1);
    int pool = rig.pool(shm, rig.client.connection.new MemoryFile(POOL_BYTES), POOL_BYTES);
    List<Integer> buffers = new ArrayList<>();
    buffers.add(rig.buffer(pool, 0, 1, 1, 4, 1));
    for (int i = 0; i < ROUNDS; i++) {
      if (buffers.size() < 12 && random.nextBoolean()) {
        int offset = 4 * random.nextInt(5000);
        int width = 1 + random.nextInt(90);
        int stride = 4 * (width + random.nextInt(9));
        buffers.add(rig.buffer(pool, offset, width, 1 + random.nextInt(90), stride, 1));
      } else if (!buffers.isEmpty()) {
        destroy(buffers.remove(random.nextInt(buffers.size())));
      }
    }
    buffers.forEach(this::destroy);
    rig.buffer(pool, 0, 1, 1, 4, 1);
    rig.sync();
    assertEquals(0, rig.client.count(".error("), rig.client.log::toString);

    List<Place> ever = places();
    assertTrue(ever.size() > ROUNDS / 4);
    assertEquals(ever.getFirst(), ever.getLast(), "all of the file is free again");
    long most = ever.stream().mapToLong(Place::to).max().orElseThrow();
    assertEquals(Math.ceilDiv(most, 512L) * 512, rig.guest.account().pixelBytes());
  }

  private void destroy(int buffer) {
    rig.client.send(buffer, WlBuffer.DESTROY);
  }

  /** All places that the compositor was told of, of which no two overlap at any time. */
  private List<Place> places() {
    List<Place> ever = new ArrayList<>();
    Map<String, Place> now = new HashMap<>();
    for (String line : List.copyOf(rig.compositor.log)) {
      Matcher made = MADE.matcher(line);
      Matcher gone = GONE.matcher(line);
      if (made.matches()) {
        long from = Long.parseLong(made.group(2));
        long bytes = Long.parseLong(made.group(3)) * Long.parseLong(made.group(4));
        Place place = new Place(from, from + bytes);
        assertTrue(now.values().stream().noneMatch(place::overlaps), () -> line + " in " + now);
        now.put(made.group(1), place);
        ever.add(place);
      } else if (gone.matches()) {
        now.remove(gone.group(1));
      }
    }
    return ever;
  }
}
