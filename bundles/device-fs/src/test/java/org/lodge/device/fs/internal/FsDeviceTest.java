package org.lodge.device.fs.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.lodge.device.fs.internal.FsDriver.args;
import static org.lodge.device.fs.internal.FsDriver.name;
import static org.lodge.device.fs.internal.FsDriver.with;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lodge.device.fs.internal.FsDriver.Answer;
import org.lodge.filesystem.DirectorySettings;
import org.lodge.filesystem.DirectorySink;
import org.lodge.filesystem.Errno;
import org.lodge.filesystem.FileSystem;
import org.lodge.filesystem.FileSystems;
import org.lodge.filesystem.Ledger;
import org.lodge.filesystem.Rules;
import org.lodge.virtio.DeviceConfig;
import org.lodge.virtio.DeviceException;

/** The device as a guest's driver sees it, over a directory of the host. */
class FsDeviceTest {
  private static final long ROOT = 1;
  private static final int O_RDWR = 2;
  private static final int O_CREAT = 0x40;

  @TempDir Path folder;
  private Path shared;
  private final FsDriver driver = new FsDriver();

  @BeforeEach
  void aSharedDirectory() throws Exception {
    shared = Files.createDirectory(folder.resolve("shared"));
    Files.writeString(shared.resolve("a"), "content of a");
    Files.writeString(folder.resolve("secret"), "secret");
  }

  @AfterEach
  void theDriverEnds() {
    driver.close();
  }

  @Test
  void aFileIsFoundReadAndWritten() throws Exception {
    driver.start(shared, Map.of());
    long node = driver.lookup(ROOT, "a");
    long handle = driver.open(node, O_RDWR).body().getLong(0);
    assertEquals("content", FsDriver.text(driver.read(node, handle, 0, 7)));
    assertEquals("a", FsDriver.text(driver.read(node, handle, 11, 4096)));
    assertEquals(4, driver.write(node, handle, 11, "text").body().getInt(0));
    assertEquals("content of text", Files.readString(shared.resolve("a")));
    assertEquals(0, driver.call(Opcode.FSYNC, node, args(16).putLong(handle)).error());
    assertEquals(0, driver.call(Opcode.RELEASE, node, args(24).putLong(handle)).error());
    assertEquals(-Errno.EBADF, driver.read(node, handle, 0, 1).error());
  }

  @Test
  void aNewFileCanBeMadeRenamedAndRemoved() throws Exception {
    driver.start(shared, Map.of());
    Answer created = driver.create(ROOT, "new", O_CREAT | O_RDWR);
    long node = created.body().getLong(0);
    driver.write(node, created.body().getLong(Reply.ENTRY_BYTES), 0, "x");
    Answer renamed =
        driver.call(Opcode.RENAME2, ROOT, with(args(16).putLong(ROOT), "new", "renamed"));
    assertEquals(0, renamed.error());
    assertEquals("x", Files.readString(shared.resolve("renamed")));
    assertEquals(0, driver.call(Opcode.UNLINK, ROOT, name("renamed")).error());
    assertFalse(Files.exists(shared.resolve("renamed")));
  }

  @Test
  void namesThatLeadElsewhereAreNotFollowed() throws Exception {
    Files.createSymbolicLink(shared.resolve("out"), folder.resolve("secret"));
    Files.createSymbolicLink(shared.resolve("up"), Path.of(".."));
    driver.start(shared, Map.of());
    for (String bad : List.of("..", ".", "", "../secret", "/etc/passwd", "a/b")) {
      assertTrue(driver.lookup(ROOT, bad) < 0, bad);
      assertTrue(driver.create(ROOT, bad, O_CREAT | O_RDWR).error() < 0, bad);
    }
    long link = driver.lookup(ROOT, "out");
    assertEquals(-Errno.EACCES, driver.open(link, 0).error());
    assertTrue(driver.lookup(driver.lookup(ROOT, "up"), "secret") < 0);
    assertTrue(driver.create(ROOT, "out", O_CREAT | O_RDWR).error() < 0);
    assertEquals("secret", Files.readString(folder.resolve("secret")));
  }

  @Test
  void whatIsNeitherFileNorDirectoryIsNeverOpened() throws Exception {
    driver.start(shared, Map.of());
    ByteBuffer fifo = with(args(16).putInt(0010644), "fifo");
    long node = driver.call(Opcode.MKNOD, ROOT, fifo).body().getLong(0);
    assertEquals(-Errno.EACCES, driver.open(node, 0).error(), "would wait for a writer");
    assertEquals(-Errno.EACCES, driver.create(ROOT, "fifo", O_CREAT).error());
    ByteBuffer device = with(args(16).putInt(0020644).putInt(0x103), "device");
    assertEquals(-Errno.EPERM, driver.call(Opcode.MKNOD, ROOT, device).error());
  }

  @Test
  void aReadOnlyShareRefusesEveryChange() throws Exception {
    driver.start(shared, Map.of("readOnly", true));
    long node = driver.lookup(ROOT, "a");
    assertEquals(-Errno.EROFS, driver.open(node, O_RDWR).error());
    assertEquals(-Errno.EROFS, driver.create(ROOT, "new", O_CREAT).error());
    assertEquals(-Errno.EROFS, driver.call(Opcode.UNLINK, ROOT, name("a")).error());
    assertEquals(-Errno.EROFS, driver.call(Opcode.SETATTR, node, args(88).putInt(8)).error());
    long handle = driver.open(node, 0).body().getLong(0);
    assertTrue(driver.write(node, handle, 0, "x").error() < 0);
    assertEquals("content of a", Files.readString(shared.resolve("a")));
  }

  @Test
  void aDirectoryIsListedWhollyInSmallPieces() throws Exception {
    for (int i = 0; i < 300; i++) {
      Files.createFile(shared.resolve("file-" + i));
    }
    driver.start(shared, Map.of());
    long handle = driver.call(Opcode.OPENDIR, ROOT, args(8)).body().getLong(0);
    for (Opcode opcode : List.of(Opcode.READDIR, Opcode.READDIRPLUS)) {
      List<String> names = list(handle, opcode, 1000);
      assertEquals(303, names.size(), opcode + " " + names);
      assertEquals(303, names.stream().distinct().count());
    }
  }

  private List<String> list(long handle, Opcode opcode, int size) throws Exception {
    List<String> names = new ArrayList<>();
    long offset = 0;
    while (true) {
      ByteBuffer arguments = args(40).putLong(handle).putLong(offset).putInt(size);
      Answer answer = driver.call(opcode, ROOT, arguments);
      assertEquals(0, answer.error());
      ByteBuffer body = answer.body();
      if (!body.hasRemaining()) {
        return names;
      }
      while (body.hasRemaining()) {
        int entry = body.position() + (opcode == Opcode.READDIRPLUS ? Reply.ENTRY_BYTES : 0);
        offset = body.getLong(entry + 8);
        byte[] name = new byte[body.getInt(entry + 16)];
        body.get(entry + 24, name);
        names.add(new String(name, StandardCharsets.UTF_8));
        body.position(entry + 24 + name.length + 7 & ~7);
      }
    }
  }

  @Test
  void noRoomForAnAnswerIsNoneForADirectory() throws Exception {
    List<Integer> rooms = new ArrayList<>();
    try (FsDriver guest = new FsDriver(new ListedOnly(rooms), "work")) {
      guest.start(shared, Map.of());
      ByteBuffer arguments = args(40).putLong(1).putLong(0).putInt(4096);
      guest.callWithRoom(Opcode.READDIR, ROOT, arguments, 8);
      guest.callWithRoom(Opcode.READDIRPLUS, ROOT, arguments, 8);
    }
    assertEquals(List.of(0, 0), rooms);
  }

  /** Has one file system, which only keeps how much a listing may take. */
  private record ListedOnly(List<Integer> rooms) implements FileSystems {
    @Override
    public Lease open(String guest, String device, String share) {
      throw new UnsupportedOperationException(share);
    }

    @Override
    public Lease open(String guest, String device, DirectorySettings settings, Rules rules) {
      Class<?>[] types = {FileSystem.class};
      Object files = Proxy.newProxyInstance(getClass().getClassLoader(), types, this::called);
      return new Lease() {
        @Override
        public FileSystem fileSystem() {
          return (FileSystem) files;
        }

        @Override
        public void close() {}
      };
    }

    private Object called(Object proxy, Method method, Object[] arguments) {
      if (method.getName().equals("readDirectory")) {
        rooms.add(((DirectorySink) arguments[5]).sizeBytes());
      }
      Class<?> type = method.getReturnType();
      return type == int.class ? (Object) 0 : type == boolean.class ? (Object) false : null;
    }

    @Override
    public FileSystem directory(DirectorySettings settings, Ledger ledger) {
      throw new UnsupportedOperationException(settings.toString());
    }

    @Override
    public void revoke(String guest, String share) {}
  }

  @Test
  void moreFilesThanDescriptorsAreFoundAgain() throws Exception {
    for (int i = 0; i < 200; i++) {
      Files.writeString(shared.resolve("file-" + i), "content " + i);
    }
    driver.start(shared, Map.of("descriptorsMax", 64));
    List<Long> nodes = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      long node = driver.lookup(ROOT, "file-" + i);
      if (node == -Errno.ENFILE) {
        return; // a file system without handles: the limit holds, which is the other promise
      }
      nodes.add(node);
    }
    assertTrue(driver.counter("nodes.held") <= 33);
    for (int i = 0; i < 200; i++) {
      long node = nodes.get(i);
      long handle = driver.open(node, 0).body().getLong(0);
      assertEquals("content " + i, FsDriver.text(driver.read(node, handle, 0, 100)));
      driver.call(Opcode.RELEASE, node, args(24).putLong(handle));
    }
    Files.delete(shared.resolve("file-7"));
    assertEquals(-Errno.ESTALE, driver.open(nodes.get(7), 0).error());
  }

  @Test
  void openFilesAreLimited() throws Exception {
    driver.start(shared, Map.of("descriptorsMax", 64));
    long node = driver.lookup(ROOT, "a");
    Answer answer = driver.open(node, 0);
    int open = 0;
    while (answer.error() == 0) {
      open++;
      answer = driver.open(node, 0);
    }
    assertEquals(32, open);
    assertEquals(-Errno.ENFILE, answer.error());
  }

  @Test
  void aForgottenFileIsUnknownAndItsNumberMayMeanAnother() throws Exception {
    driver.start(shared, Map.of());
    long node = driver.lookup(ROOT, "a");
    assertEquals(node, driver.lookup(ROOT, "a"));
    driver.call(Opcode.FORGET, node, args(8).putLong(1));
    assertEquals(0, driver.call(Opcode.GETATTR, node, args(16)).error());
    driver.call(Opcode.FORGET, node, args(8).putLong(1));
    assertEquals(-Errno.ESTALE, driver.call(Opcode.GETATTR, node, args(16)).error());
    driver.call(Opcode.FORGET, ROOT, args(8).putLong(-1));
    assertEquals(0, driver.call(Opcode.GETATTR, ROOT, args(16)).error(), "the root stays");
  }

  @Test
  void newLogicGoesOnWithTheFilesThatAreOpen() throws Exception {
    driver.start(shared, Map.of());
    long node = driver.lookup(ROOT, "a");
    long handle = driver.open(node, O_RDWR).body().getLong(0);
    driver.transport.swap(driver.create(shared, Map.of()), FsDriver.LIMIT);
    assertEquals("content", FsDriver.text(driver.read(node, handle, 0, 7)));
  }

  @Test
  void attributesOfUsersAreKeptAndOthersRefused() throws Exception {
    driver.start(shared, Map.of());
    long node = driver.lookup(ROOT, "a");
    assertEquals(0, setXattr(node, "user.colour", "blue"));
    Answer answer = driver.call(Opcode.GETXATTR, node, with(args(8).putInt(100), "user.colour"));
    assertEquals("blue", FsDriver.text(answer));
    assertEquals(-Errno.EOPNOTSUPP, setXattr(node, "security.capability", "x"));
    assertEquals(-Errno.EOPNOTSUPP, setXattr(node, "trusted.overlay.opaque", "y"));
    Answer list = driver.call(Opcode.LISTXATTR, node, args(8).putInt(100));
    assertEquals("user.colour\0", FsDriver.text(list));
  }

  private int setXattr(long node, String name, String value) throws Exception {
    ByteBuffer head = with(args(16).putInt(value.length()), name);
    ByteBuffer whole = args(head.capacity() + value.length()).put(head.array());
    return driver
        .call(Opcode.SETXATTR, node, whole.put(value.getBytes(StandardCharsets.UTF_8)))
        .error();
  }

  /** {@code linux/posix_acl_xattr.h}: user and group all, user 1234 reads, others nothing. */
  private static byte[] accessList() {
    ByteBuffer list = args(4 + 5 * 8).putInt(2);
    int[][] entries = {{1, 7, -1}, {2, 5, 1234}, {4, 5, -1}, {16, 7, -1}, {32, 0, -1}};
    for (int[] each : entries) {
      list.putShort((short) each[0]).putShort((short) each[1]).putInt(each[2]);
    }
    return list.array();
  }

  @Test
  void whatIsMadeTakesItsListFromTheDirectoryOrItsModeFromTheMask() throws Exception {
    driver.start(shared, Map.of("acl", true));
    assertEquals(0644, mode("plain") & 0777, "masked by the guest's 022");
    byte[] list = accessList();
    ByteBuffer head = with(args(16).putInt(list.length), "system.posix_acl_default");
    ByteBuffer whole = args(head.capacity() + list.length).put(head.array()).put(list);
    assertEquals(0, driver.call(Opcode.SETXATTR, ROOT, whole).error());
    assertEquals(0660, mode("listed") & 0777, "the list says so, not the mask");
    ByteBuffer get = with(args(8).putInt(100), "system.posix_acl_access");
    Answer answer = driver.call(Opcode.GETXATTR, driver.lookup(ROOT, "listed"), get);
    assertEquals(list.length, answer.body().remaining());
    assertEquals(1234, answer.body().getInt(4 + 8 + 4));
  }

  private int mode(String name) throws Exception {
    ByteBuffer in = args(16).putInt(O_CREAT | O_RDWR).putInt(0100666).putInt(022);
    Answer created = driver.call(Opcode.CREATE, ROOT, with(in, name));
    assertEquals(0, created.error());
    return created.body().getInt(40 + 60);
  }

  @Test
  void listsAreRefusedUnlessTheShareHasThem() throws Exception {
    driver.start(shared, Map.of("xattrs", "all"));
    long node = driver.lookup(ROOT, "a");
    assertEquals(-Errno.EOPNOTSUPP, setXattr(node, "system.posix_acl_access", "x"));
    assertEquals(-Errno.EOPNOTSUPP, setXattr(node, "security.capability", "a privilege"));
  }

  @Test
  void aWrongConfigurationIsToldByKeyAndWhatIsAllowed() {
    assertFault(Map.of(), "share or path");
    assertFault(Map.of("path", "/x", "share", "y"), "not both");
    assertFault(Map.of("path", "relative"), "path must be absolute");
    assertFault(Map.of("path", "/x", "cache", "some"), "none, auto or always");
    assertFault(Map.of("path", "/x", "locks", "some"), "shared or guest");
    assertFault(Map.of("path", "/x", "acl", true, "uid", 5), "owners as they are");
    assertFault(Map.of("path", "/x", "tag", "t".repeat(37)), "1 to 36 bytes");
  }

  private static void assertFault(Map<String, Object> values, String part) {
    DeviceConfig config = new DeviceConfig("work", "docs", values);
    String message =
        assertThrows(DeviceException.class, () -> FsSettings.read(config)).getMessage();
    assertTrue(message.contains(part), message);
  }
}
