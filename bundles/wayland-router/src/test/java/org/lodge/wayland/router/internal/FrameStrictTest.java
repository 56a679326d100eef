package org.lodge.wayland.router.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.wayland.protocol.Message;
import org.lodge.wayland.protocol.opcode.WlSurface;
import org.lodge.wayland.protocol.opcode.XdgSurface;
import org.lodge.wayland.protocol.opcode.XdgToplevel;
import org.lodge.wayland.protocol.opcode.ZxdgOutputV1;

/** A program that does all as it should: whatever frames do, the compositor is never told else. */
class FrameStrictTest extends FramedWindow {
  private static final int MAXIMIZED = 1;
  private static final int CHILD_SIDE = 50;
  private static final int STEPS = 400;

  private final StrictCompositor strict = new StrictCompositor();
  private final List<Integer> serials = new ArrayList<>();
  private final List<StrictCompositor.Told> told = new ArrayList<>();
  private StrictCompositor.Told applied = new StrictCompositor.Told(0, 0, false);
  private int serial = 10;
  private int child;
  private boolean hidden;

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4})
  void aProgramThatKeepsTheRulesBreaksNoneByItsFrame(int seed) throws Exception {
    Random random = new Random(seed);
    strict.tells(7, applied);
    open();
    tellScreens();
    show(root, 300, 200);
    rig.client.send(root, WlSurface.COMMIT);
    child = rig.surface(compositor);
    nest(child, root);
    for (int step = 0; step < STEPS; step++) {
      step(random);
    }
    rig.sync();
    assertEquals(0, rig.client.count(".error("));
    assertEquals(List.of(), strict.violations());
    assertEquals(List.of(), shown.violations());
    assertTrue(strict.commits() > 50, strict.commits() + " commits");
  }

  @Override
  void see(Message request) {
    super.see(request);
    strict.see(request);
  }

  private void step(Random random) throws Exception {
    switch (random.nextInt(9)) {
      case 0, 1 -> tell(random);
      case 2, 3 -> acknowledge(random);
      case 4 -> {
        show(child, 1 + random.nextInt(CHILD_SIDE), 1 + random.nextInt(CHILD_SIDE));
        rig.client.send(child, WlSurface.COMMIT);
      }
      case 5 -> {
        int logical = own("zxdg_output_v1");
        rig.compositor.send(logical, ZxdgOutputV1.EVENT_LOGICAL_SIZE, side(random), side(random));
        rig.compositor.send(logical, ZxdgOutputV1.EVENT_DONE);
      }
      case 6 ->
          rig.compositor.send(
              shown.wrapper(),
              random.nextBoolean() ? WlSurface.EVENT_ENTER : WlSurface.EVENT_LEAVE,
              own("wl_output"));
      case 7 -> {
        int least = side(random);
        rig.client.send(toplevel, XdgToplevel.SET_MIN_SIZE, least, least);
        rig.client.send(child, WlSurface.COMMIT);
        rig.client.send(toplevel, XdgToplevel.SET_MAX_SIZE, least + random.nextInt(99), least);
        commit(random);
      }
      default -> {
        if (random.nextInt(5) == 0 && !hidden) {
          hide(random);
        }
      }
    }
  }

  private static int side(Random random) {
    return 2 * CHILD_SIDE + random.nextInt(500);
  }

  private void tell(Random random) throws Exception {
    boolean filling = random.nextBoolean();
    boolean free = !filling && random.nextBoolean();
    int width = free ? 0 : side(random);
    int height = free ? 0 : side(random);
    StrictCompositor.Told state = new StrictCompositor.Told(width, height, filling);
    strict.tells(++serial, state);
    configureSize(serial, width, height, filling ? new int[] {MAXIMIZED} : new int[0]);
    serials.add(serial);
    told.add(state);
  }

  /** One of those that were told, which need not be the last. */
  private void acknowledge(Random random) {
    if (!serials.isEmpty()) {
      int chosen = random.nextInt(serials.size());
      rig.client.send(xdg, XdgSurface.ACK_CONFIGURE, serials.get(chosen));
      applied = told.get(chosen);
      serials.subList(0, chosen + 1).clear();
      told.subList(0, chosen + 1).clear();
      hidden = false;
      if (random.nextBoolean()) {
        rig.client.send(child, WlSurface.COMMIT);
      }
      commit(random);
    }
  }

  private void commit(Random random) {
    if (!hidden) {
      int both = 2 * BORDER;
      show(
          root,
          (applied.filling() ? applied.width() : side(random)) - both,
          (applied.filling() ? applied.height() : side(random)) - both);
      rig.client.send(root, WlSurface.COMMIT);
    }
  }

  private void hide(Random random) throws Exception {
    rig.client.send(root, WlSurface.ATTACH, 0, 0, 0);
    rig.client.send(root, WlSurface.COMMIT);
    rig.client.send(root, WlSurface.COMMIT);
    rig.sync();
    serials.clear();
    told.clear();
    hidden = true;
    tell(random);
  }
}
