package org.lodge.device.fs.internal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;

/**
 * A hostile guest: every opcode with likely and senseless nodes, handles, names, numbers and
 * lengths, in requests cut short or too long. Each must get one well-formed reply or, where the
 * driver expects none, none; nothing beside the shared directory may change or be read.
 *
 * <p>As a program: {@code FsFuzz SECONDS FOLDER [FIRST_SEED]}.
 */
public final class FsFuzz {
  private static final int REQUESTS = 400;
  private static final String SECRET = "never to be seen by a guest";
  private static final String[] NAMES = {
    "a", "b", "dir", "link", "fifo", "..", ".", "", "../secret", "/etc", "x/y", "n".repeat(300)
  };

  private final Random random;
  private final FsDriver driver = new FsDriver();
  private final Path folder;
  private final Path shared;
  private final List<Long> nodes = new ArrayList<>(List.of(1L));
  private final List<Long> handles = new ArrayList<>(List.of(0L));

  private FsFuzz(long seed, Path folder) throws IOException {
    random = new Random(seed);
    this.folder = folder;
    shared = Files.createDirectories(folder.resolve("shared"));
    Files.writeString(folder.resolve("secret"), SECRET);
    Files.createSymbolicLink(shared.resolve("link"), folder.resolve("secret"));
    Files.createDirectory(shared.resolve("dir"));
    Files.writeString(shared.resolve("a"), "a".repeat(5000));
  }

  static void live(long seed, Path parent) {
    Path folder = parent.resolve("fuzz-" + seed);
    try {
      Files.createDirectory(folder);
      FsFuzz fuzz = new FsFuzz(seed, folder);
      try {
        fuzz.live();
      } finally {
        fuzz.driver.close();
        delete(folder);
      }
    } catch (Exception | AssertionError e) {
      throw new AssertionError("seed " + seed, e);
    }
  }

  private void live() throws Exception {
    Map<String, Object> config = new HashMap<>();
    config.put("descriptorsMax", 64);
    config.put("workers", 2);
    config.put("readOnly", random.nextInt(8) == 0);
    config.put("acl", random.nextInt(3) == 0);
    config.put("cache", List.of("none", "auto", "always").get(random.nextInt(3)));
    driver.start(shared, config);
    for (int i = 0; i < REQUESTS; i++) {
      if (random.nextInt(50) == 0) {
        driver.transport.swap(driver.create(shared, config), FsDriver.LIMIT);
      }
      request();
    }
    check(Files.readString(folder.resolve("secret")).equals(SECRET), "the secret has changed");
    try (Stream<Path> files = Files.list(folder)) {
      check(files.count() == 2, "something was made beside the share");
    }
  }

  private void request() throws Exception {
    Opcode opcode = Opcode.values()[random.nextInt(Opcode.values().length)];
    int number = opcode == Opcode.UNKNOWN ? random.nextInt() : opcode.number;
    byte[] body = body(opcode);
    ByteBuffer whole =
        ByteBuffer.allocate(Fuse.IN_HEADER_BYTES + body.length).order(ByteOrder.LITTLE_ENDIAN);
    int length = random.nextInt(30) == 0 ? random.nextInt() : whole.capacity();
    whole.putInt(length).putInt(number).putLong(random.nextLong()).putLong(node());
    whole.putInt(random.nextInt(3)).putInt(random.nextInt(3)).putInt(1).putInt(0).put(body);
    byte[] bytes = whole.array();
    if (random.nextInt(30) == 0) {
      bytes = java.util.Arrays.copyOf(bytes, 1 + random.nextInt(bytes.length));
    }
    int room = random.nextInt(10) == 0 ? random.nextInt(200) : FsDriver.ROOM;
    FsDriver.Answer answer = driver.send(bytes, room);
    if (answer != null && answer.error() == 0) {
      learn(opcode, answer.body());
    }
  }

  private long node() {
    return random.nextInt(20) == 0 ? random.nextLong() : any(nodes);
  }

  private long any(List<Long> from) {
    return from.get(random.nextInt(from.size()));
  }

  private byte[] body(Opcode opcode) {
    ByteBuffer numbers =
        ByteBuffer.allocate(fixedBytes(opcode) + random.nextInt(2) * random.nextInt(3000))
            .order(ByteOrder.LITTLE_ENDIAN);
    while (numbers.remaining() >= 8) {
      numbers.putLong(
          switch (random.nextInt(6)) {
            case 0 -> any(handles);
            case 1 -> any(nodes);
            case 2 -> random.nextInt(5000);
            case 3 -> random.nextLong();
            default -> random.nextInt(4);
          });
    }
    String[] names = {NAMES[random.nextInt(NAMES.length)], NAMES[random.nextInt(NAMES.length)]};
    return random.nextInt(8) == 0 ? numbers.array() : FsDriver.with(numbers, names).array();
  }

  private static int fixedBytes(Opcode opcode) {
    return switch (opcode) {
      case LOOKUP, SYMLINK, UNLINK, RMDIR, REMOVEXATTR, UNKNOWN -> 0;
      default -> opcode.leastBytes & ~7;
    };
  }

  private void learn(Opcode opcode, ByteBuffer body) {
    switch (opcode) {
      case LOOKUP, MKNOD, MKDIR, SYMLINK, LINK -> nodes.add(body.getLong(0));
      case CREATE, TMPFILE -> {
        nodes.add(body.getLong(0));
        handles.add(body.getLong(Reply.ENTRY_BYTES));
      }
      case OPEN, OPENDIR -> handles.add(body.getLong(0));
      case READ ->
          check(!FsDriver.text(new FsDriver.Answer(0, body)).contains(SECRET), "the secret is out");
      default -> {}
    }
  }

  private static void check(boolean holds, String otherwise) {
    if (!holds) {
      throw new AssertionError(otherwise);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  public static void main(String[] arguments) {
    long end = System.nanoTime() + Duration.ofSeconds(Long.parseLong(arguments[0])).toNanos();
    Path folder = Path.of(arguments[1]);
    long first = arguments.length > 2 ? Long.parseLong(arguments[2]) : System.nanoTime();
    long seed = first;
    for (; System.nanoTime() < end; seed++) {
      live(seed, folder);
    }
    System.out.printf("seeds %d to %d: every reply is sound%n", first, seed - 1);
  }
}
