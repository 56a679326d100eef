package org.lodge.itests.wayland;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.lodge.linux.UnixStreamSocket;
import org.lodge.wayland.protocol.opcode.WlDisplay;

/** How a program comes and dies; each leaves its connection in another state. */
enum Death {
  AT_ONCE {
    @Override
    void die(Sway sway, Path display, Random random) throws IOException {
      UnixStreamSocket.connect(display).close();
    }
  },
  AMID_A_MESSAGE {
    @Override
    void die(Sway sway, Path display, Random random) throws IOException {
      say(display, 1 + random.nextInt(11), 1, 12 << 16 | WlDisplay.GET_REGISTRY, 2);
    }
  },
  WITHOUT_READING {
    @Override
    void die(Sway sway, Path display, Random random) throws IOException {
      int[] words = new int[3 * (1 + random.nextInt(900))];
      for (int i = 0; i < words.length; i += 3) {
        words[i] = 1;
        words[i + 1] = 12 << 16 | WlDisplay.GET_REGISTRY;
        words[i + 2] = 2 + i / 3;
      }
      say(display, words.length * Integer.BYTES, words);
    }
  },
  BY_AN_OFFENCE {
    @Override
    void die(Sway sway, Path display, Random random) throws IOException {
      say(display, 12, 1, 12 << 16 | 77, 2);
    }
  },
  BEFORE_ITS_FIRST_PICTURE {
    @Override
    void die(Sway sway, Path display, Random random) throws IOException {
      window(display, random).close();
    }
  },
  AMID_ITS_PICTURES {
    @Override
    void die(Sway sway, Path display, Random random) throws IOException {
      try (PaintingClient client = window(display, random)) {
        for (int i = random.nextInt(4); i > 0; i--) {
          client.show(client.freeBuffer());
        }
        client.commit(client.freeBuffer());
        client.push();
      }
    }
  },
  WITH_ITS_MEMORY_CUT {
    @Override
    void die(Sway sway, Path display, Random random) throws IOException {
      try (PaintingClient client = window(display, random)) {
        client.cutMemory();
        client.commit(client.freeBuffer());
        client.push();
      }
    }
  },
  KILLED_WITH_A_WINDOW {
    @Override
    void die(Sway sway, Path display, Random random) throws IOException, InterruptedException {
      kill(sway.program(display, "weston-simple-damage"), random);
    }
  },
  KILLED_WITH_A_SELECTION {
    @Override
    void die(Sway sway, Path display, Random random) throws IOException, InterruptedException {
      kill(sway.program(display, "wl-copy", "--foreground", "text"), random);
    }
  };

  private static final int MOST_PIXELS = 400;
  private static final int MOST_MILLIS = 300;

  abstract void die(Sway sway, Path display, Random random)
      throws IOException, InterruptedException;

  private static PaintingClient window(Path display, Random random) throws IOException {
    int width = 1 + random.nextInt(MOST_PIXELS);
    return new PaintingClient(display, width, 1 + random.nextInt(MOST_PIXELS), 2, false);
  }

  /** Sends the first bytes of some words, and hangs up without a look at the answer. */
  private static void say(Path display, int count, int... words) throws IOException {
    try (UnixStreamSocket socket = UnixStreamSocket.connect(display);
        Arena arena = Arena.ofConfined()) {
      socket.send(
          arena.allocateFrom(ValueLayout.JAVA_INT, words).asSlice(0, count), 5_000, List.of());
    }
  }

  private static void kill(ProcessBuilder program, Random random)
      throws IOException, InterruptedException {
    Process process =
        program.redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    Thread.sleep(random.nextInt(MOST_MILLIS));
    process.destroyForcibly().waitFor();
  }
}
