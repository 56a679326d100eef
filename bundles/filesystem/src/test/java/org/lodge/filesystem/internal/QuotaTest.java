package org.lodge.filesystem.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Call;
import org.lodge.filesystem.Change;
import org.lodge.filesystem.Data;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.Entry;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Name;
import org.lodge.filesystem.Opened;
import org.lodge.filesystem.Rules;
import org.lodge.linux.IoVector;

/**
 * Whatever a guest does, what it may still add is what it might, less all that is there: by name,
 * or known, or open.
 */
class QuotaTest {
  private static final int BYTES = 5000;
  private static final int FILES = 6;
  private static final int WORD_BYTES = 2;
  private static final int WORD_FILES = 3;
  private static final int O_RDWR = 2;
  private static final int O_EXCL = 0x80;
  private static final int O_TRUNC = 0x200;
  private static final int INSERT_RANGE = 32;
  private static final long ROOT = FileSystem.ROOT;

  private final Call call = new Call().of(0, 0, 1);
  private final Entry entry = new Entry();
  private final Opened opened = new Opened();
  private final Attributes attributes = new Attributes();

  @TempDir Path folder;
  private Ledger ledger;
  private Ruled files;

  /** Of a step: whether the one behind fails, although it has done or half done what it should. */
  private Random failing;

  /** What another thread of the guest does while a length has been changed, and is not counted. */
  private Runnable meanwhile = () -> {};

  private Random random;
  private final Map<Long, Integer> uses = new HashMap<>();
  private final List<long[]> handles = new ArrayList<>();

  /** What was open and is not known any more. */
  private final Map<Long, Long> lengths = new HashMap<>();

  private void serve() throws Exception {
    ledger = Ledger.create();
    open();
  }

  private void open() throws Exception {
    HostDirectory directory = new HostDirectory(DirectorySettings.of(folder), ledger);
    FileSystem behind =
        (FileSystem)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {FileSystem.class},
                (proxy, method, arguments) -> called(directory, method, arguments));
    files =
        new Ruled(
            behind,
            new Rules(false, false, Rules.Xattrs.USER, false, List.of(), BYTES, FILES, 0),
            new LockTable().open(ledger),
            ledger);
  }

  private Object called(HostDirectory directory, Method method, Object[] arguments)
      throws Throwable {
    boolean fails = failing != null && failing.nextInt(8) == 0;
    try {
      return switch (method.getName()) {
        case "write", "setAttributes", "unlink", "rename", "allocate" -> {
          if (fails && method.getName().equals("write")) {
            Data data = (Data) arguments[4];
            arguments[4] = new Zeros(failing.nextInt(data.sizeBytes()));
            yield method.invoke(directory, arguments);
          }
          boolean done = !fails || failing.nextBoolean();
          Object result = done ? method.invoke(directory, arguments) : 0;
          meanwhile.run();
          yield fails ? -Errno.EIO : result;
        }
        default -> method.invoke(directory, arguments);
      };
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  @AfterEach
  void lodgeEnds() {
    files.close();
    ledger.close();
  }

  private static Name name(String text) {
    return new Name().of(Arena.ofAuto().allocateFrom(text), 0, text.length());
  }

  private int create(String name) {
    return files.create(call, ROOT, name(name), O_RDWR, 0644, entry, opened);
  }

  private int write(int size) {
    return files.write(call, entry.node, opened.handle, 0, new Zeros(size), false);
  }

  private int resize(long node, long handle, long size) {
    Change change = new Change();
    change.valid = Change.SIZE;
    change.sizeBytes = size;
    return files.setAttributes(call, node, handle, change, attributes);
  }

  private void letGo() {
    files.release(entry.node, opened.handle);
    files.forget(entry.node, 1);
  }

  @Test
  void aFileWithoutANameCountsOnceAndUntilItIsGone() throws Exception {
    serve();
    for (int i = 0; i < 5; i++) {
      assertTrue(create("x") >= 0);
      assertEquals(BYTES, write(BYTES));
      assertEquals(0, files.unlink(call, ROOT, name("x")));
      long kept = entry.node;
      long handle = opened.handle;
      assertTrue(create("y") >= 0);
      assertEquals(-Errno.EDQUOT, write(1), "the other one is still there");
      letGo();
      assertEquals(0, files.unlink(call, ROOT, name("y")));
      assertEquals(0, resize(kept, handle, 0));
      files.forget(kept, 1);
      files.release(kept, handle);
    }
    assertTrue(create("x") >= 0);
    assertEquals(-Errno.EDQUOT, write(BYTES + 1));
    assertEquals(BYTES, write(BYTES));
  }

  @Test
  void whatIsForgottenWhileItChangesIsGivenBackOnce() throws Exception {
    serve();
    assertTrue(create("x") >= 0);
    assertEquals(BYTES, write(BYTES));
    files.release(entry.node, opened.handle);
    assertEquals(0, files.unlink(call, ROOT, name("x")));
    meanwhile = () -> files.forget(entry.node, 1);
    assertEquals(0, resize(entry.node, 0, 0));
    check("in the end");
  }

  @Test
  void aFileThatAnotherReplacesIsGivenBack() throws Exception {
    serve();
    for (int i = 0; i < 3 * FILES; i++) {
      assertTrue(create("new") >= 0, "time " + i);
      assertEquals(BYTES / 2, write(BYTES / 2));
      letGo();
      assertEquals(0, files.rename(call, ROOT, name("new"), ROOT, name("old"), 0));
    }
  }

  @Test
  void nothingIsInsertedIntoAFileOrReservedBehindIt() throws Exception {
    serve();
    assertTrue(create("x") >= 0);
    assertEquals(BYTES, write(BYTES));
    long node = entry.node;
    long handle = opened.handle;
    assertEquals(-Errno.EOPNOTSUPP, files.allocate(call, node, handle, INSERT_RANGE, 0, BYTES / 2));
    assertEquals(-Errno.EOPNOTSUPP, files.allocate(call, node, handle, 1, 0, 10 * BYTES));
    assertEquals(0, files.allocate(call, node, handle, 1, 0, BYTES));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6})
  void whateverIsDoneNothingIsLostAndNothingWon(int seed) throws Exception {
    random = new Random(seed);
    serve();
    for (int i = 0; i < 300; i++) {
      int kind = random.nextInt(22);
      if (kind == 21 && random.nextInt(5) == 0) {
        restart();
      } else if (kind < 21) {
        failing = seed % 2 == 0 ? random : null;
        step(kind);
        failing = null;
      }
      check("seed %d, step %d of kind %d".formatted(seed, i, kind));
    }
    files.reset();
    uses.clear();
    handles.clear();
    lengths.clear();
    check("seed %d, in the end".formatted(seed));
  }

  @Test
  void whoeverRacesWinsNothing() throws Exception {
    serve();
    List<long[]> known = new CopyOnWriteArrayList<>();
    List<Thread> guests = new ArrayList<>();
    AtomicReference<Throwable> failed = new AtomicReference<>();
    for (int i = 0; i < 3; i++) {
      Random own = new Random(i);
      Thread.UncaughtExceptionHandler told = (thread, error) -> failed.set(error);
      guests.add(Thread.ofPlatform().uncaughtExceptionHandler(told).start(() -> race(own, known)));
    }
    for (Thread each : guests) {
      each.join();
    }
    assertNull(failed.get());
    files.reset();
    check("in the end");
  }

  /** Nodes and handles are everybody's, so that each ends under somebody's hands. */
  private void race(Random own, List<long[]> known) {
    Call call = new Call().of(0, 0, 1);
    Entry entry = new Entry();
    Opened opened = new Opened();
    Change change = new Change();
    Attributes attributes = new Attributes();
    for (int i = 0; i < 700; i++) {
      Name name = name(own.nextBoolean() ? "a" : "b");
      long[] at = known.isEmpty() ? new long[2] : known.get(own.nextInt(Math.min(6, known.size())));
      switch (own.nextInt(9)) {
        case 0, 1 -> {
          if (files.create(call, ROOT, name, O_RDWR, 0644, entry, opened) >= 0) {
            known.addFirst(new long[] {opened.handle, entry.node});
          }
        }
        case 2, 3 -> files.write(call, at[1], at[0], own.nextInt(2000), new Zeros(500), false);
        case 4 -> {
          change.valid = Change.SIZE;
          change.sizeBytes = own.nextInt(BYTES);
          files.setAttributes(call, at[1], own.nextBoolean() ? at[0] : 0, change, attributes);
        }
        case 5 -> files.unlink(call, ROOT, name);
        case 6 -> files.rename(call, ROOT, name("a"), ROOT, name("b"), own.nextInt(3));
        case 7 -> files.release(at[1], at[0]);
        default -> files.forget(at[1], 1);
      }
    }
  }

  private String any() {
    return List.of("a", "b", "c", "d").get(random.nextInt(4));
  }

  private long anyNode() {
    List<Long> all = new ArrayList<>(uses.keySet());
    return all.isEmpty() ? ROOT : all.get(random.nextInt(all.size()));
  }

  private long[] anyHandle() {
    return handles.isEmpty() ? new long[] {99, 99} : handles.get(random.nextInt(handles.size()));
  }

  private void step(int kind) {
    Name name = name(any());
    long node = anyNode();
    long[] at = anyHandle();
    long length = random.nextInt(BYTES);
    int mode = random.nextInt(3);
    switch (kind) {
      case 0, 1, 2 -> {
        int flags = O_RDWR | random.nextInt(2) * O_TRUNC | random.nextInt(2) * O_EXCL;
        found(files.create(call, ROOT, name, flags, 0644, entry, opened), true);
      }
      case 3, 4, 5 ->
          files.write(
              call,
              random.nextInt(5) == 0 ? node : at[1],
              at[0],
              length,
              new Zeros(1 + random.nextInt(2000)),
              false);
      case 6 -> resize(node, 0, length);
      case 7 -> resize(at[1], at[0], length);
      case 8 -> opened(files.open(call, node, O_RDWR | random.nextInt(2) * O_TRUNC, opened), node);
      case 9, 10 -> {
        files.release(at[1], at[0]);
        handles.removeIf(each -> each[0] == at[0]);
      }
      case 11, 12 -> forget(node);
      case 13 -> found(files.lookup(call, ROOT, name, entry), false);
      case 14, 15 -> files.unlink(call, ROOT, name);
      case 16 -> files.rename(call, ROOT, name, ROOT, name(any()), random.nextInt(3));
      case 17 -> found(files.link(call, node, ROOT, name, entry), false);
      case 18 -> found(files.temporaryFile(call, ROOT, O_RDWR, 0644, entry, opened), true);
      case 19 -> {
        switch (mode) {
          case 0 -> found(files.makeDirectory(call, ROOT, name, 0755, entry), false);
          case 1 -> files.removeDirectory(call, ROOT, name);
          default -> found(files.symlink(call, ROOT, name, name("target"), entry), false);
        }
      }
      default -> {
        long[] from = anyHandle();
        long size = 1 + random.nextInt(3000);
        if (mode == 0) {
          files.copy(call, from[1], from[0], 0, at[1], at[0], length, size);
        } else {
          files.allocate(call, at[1], at[0], mode == 1 ? 0 : 3, length, size);
        }
      }
    }
  }

  private void found(int result, boolean isOpen) {
    if (result >= 0) {
      uses.merge(entry.node, 1, Integer::sum);
    }
    if (isOpen) {
      opened(result, entry.node);
    }
  }

  private void opened(int result, long node) {
    if (result >= 0) {
      handles.add(new long[] {opened.handle, node});
    }
  }

  private void forget(long node) {
    if (node == ROOT) {
      return;
    }
    attributes.links = 1;
    int known = files.getAttributes(call, node, 0, attributes);
    if (uses.merge(node, -1, Integer::sum) == 0) {
      uses.remove(node);
      if (known >= 0 && attributes.links == 0) {
        lengths.put(node, attributes.isRegularFile() ? attributes.sizeBytes : 0);
      }
    }
    files.forget(node, 1);
  }

  /** All that is left is what somebody else keeps; what has no name goes with the process. */
  private void restart() throws Exception {
    for (long node : List.copyOf(uses.keySet())) {
      if (files.getAttributes(call, node, 0, attributes) < 0 || attributes.links == 0) {
        uses.remove(node);
      }
    }
    lengths.clear();
    handles.removeIf(each -> !uses.containsKey(each[1]));
    Ledger left = Ledger.restore(ledger.file().duplicate());
    lodgeEnds();
    ledger = left;
    open();
  }

  private void check(String where) throws IOException {
    Map<Object, Long> there = new HashMap<>();
    try (Stream<Path> all = Files.list(folder)) {
      for (Path each : all.toList()) {
        boolean regular = Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS);
        Object inode = Files.getAttribute(each, "unix:ino", LinkOption.NOFOLLOW_LINKS);
        there.put("inode " + inode, regular ? Files.size(each) : 0);
      }
    }
    for (long node : uses.keySet()) {
      if (files.getAttributes(call, node, 0, attributes) >= 0 && attributes.links == 0) {
        there.put(node, attributes.isRegularFile() ? attributes.sizeBytes : 0);
      }
    }
    lengths.keySet().removeIf(node -> handles.stream().noneMatch(each -> each[1] == node));
    there.putAll(lengths);
    long bytes = there.values().stream().mapToLong(Long::longValue).sum();
    assertTrue(bytes <= BYTES && there.size() <= FILES, where + ": too much: " + there);
    assertEquals(BYTES - bytes, ledger.word(WORD_BYTES), where + ": bytes left beside " + there);
    assertEquals(FILES - there.size(), ledger.word(WORD_FILES), where + ": files left");
  }

  private record Zeros(MemorySegment bytes) implements Data {
    Zeros(int size) {
      this(Arena.ofAuto().allocate(Math.max(1, size)).asSlice(0, size));
    }

    @Override
    public int sizeBytes() {
      return (int) bytes.byteSize();
    }

    @Override
    public boolean ranges(IoVector into, int sizeBytes) {
      into.add(bytes.address(), sizeBytes);
      return true;
    }

    @Override
    public ByteBuffer from(int offset) {
      return bytes.asByteBuffer().position(offset);
    }
  }
}
