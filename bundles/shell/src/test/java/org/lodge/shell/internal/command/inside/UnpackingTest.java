package org.lodge.shell.internal.command.inside;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a guest's tar may do to the host: put things into one folder. */
class UnpackingTest {
  private static final String SECRET = "of the host";

  @TempDir Path host;
  private Path folder;
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes);

  @BeforeEach
  void prepare() throws IOException {
    folder = host.resolve("folder");
    Files.writeString(host.resolve("secret"), SECRET);
  }

  private UnpackingTest put(String name, byte type, String linkOrContent) throws IOException {
    TarArchiveEntry entry = new TarArchiveEntry(name, type, true);
    byte[] content = linkOrContent.getBytes(StandardCharsets.UTF_8);
    boolean file = type == TarConstants.LF_NORMAL;
    if (file) {
      entry.setSize(content.length);
      entry.setMode(06755);
    } else {
      entry.setLinkName(linkOrContent);
    }
    tar.putArchiveEntry(entry);
    if (file) {
      tar.write(content);
    }
    tar.closeArchiveEntry();
    return this;
  }

  private void unpack() throws IOException {
    tar.close();
    unpack(bytes.toByteArray());
  }

  private void unpack(byte[] untrusted) throws IOException {
    new Unpacking(folder, Meter.silent()).unpack(new ByteArrayInputStream(untrusted));
  }

  private void refuses(String why) {
    IOException e = assertThrows(IOException.class, this::unpack);
    assertTrue(e.getMessage().contains(why), e.getMessage());
  }

  private Set<String> outside() throws IOException {
    try (var files = Files.walk(host)) {
      return files
          .filter(file -> !file.startsWith(folder))
          .map(file -> host.relativize(file).toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }

  @Test
  void filesAndFoldersComeWithoutSpecialBits() throws IOException {
    put("./", TarConstants.LF_DIR, "").put("./a/b/c", TarConstants.LF_NORMAL, "text").unpack();
    assertEquals("text", Files.readString(folder.resolve("a/b/c")));
    assertEquals(
        "rwxr-xr-x",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("a/b/c"))));
    assertEquals(0, (int) Files.getAttribute(folder.resolve("a/b/c"), "unix:mode") & 07000);
  }

  @Test
  void aNameThatLeadsOutIsRefused() throws IOException {
    put("a/../../secret", TarConstants.LF_NORMAL, "taken");
    refuses("..");
    assertEquals(SECRET, Files.readString(host.resolve("secret")));
  }

  @Test
  void anAbsoluteNameStaysInside() throws IOException {
    put("/etc/passwd", TarConstants.LF_NORMAL, "mine").unpack();
    assertEquals("mine", Files.readString(folder.resolve("etc/passwd")));
  }

  @Test
  void nothingIsWrittenThroughALink() throws IOException {
    put("way", TarConstants.LF_SYMLINK, "..").put("way/secret", TarConstants.LF_NORMAL, "taken");
    refuses("nothing is written through it");
    assertEquals(SECRET, Files.readString(host.resolve("secret")));
  }

  @Test
  void aFileReplacesALinkInsteadOfFollowingIt() throws IOException {
    put("x", TarConstants.LF_SYMLINK, "../secret")
        .put("x", TarConstants.LF_NORMAL, "mine")
        .unpack();
    assertEquals(SECRET, Files.readString(host.resolve("secret")));
    assertEquals("mine", Files.readString(folder.resolve("x")));
  }

  @Test
  void aHardLinkReachesNothingOutside() throws IOException {
    put("way", TarConstants.LF_SYMLINK, "../secret").put("x", TarConstants.LF_LINK, "way");
    refuses("no file here");
    tar = new TarArchiveOutputStream(bytes);
    bytes.reset();
    put("x", TarConstants.LF_LINK, "../secret");
    refuses("..");
  }

  @Test
  void devicesAndPipesAreLeftOut() throws IOException {
    put("null", TarConstants.LF_CHR, "").put("pipe", TarConstants.LF_FIFO, "").unpack();
    try (var files = Files.list(folder)) {
      assertEquals(0, files.count());
    }
  }

  @Test
  void whateverBytesComeNothingOutsideChanges() throws IOException {
    for (String name : new String[] {"a", "a/b", "l", "l/x", "../secret", "d/"}) {
      byte type =
          name.equals("l")
              ? TarConstants.LF_SYMLINK
              : name.endsWith("/") ? TarConstants.LF_DIR : TarConstants.LF_NORMAL;
      put(name, type, name.equals("l") ? "../.." : "text of " + name);
    }
    tar.close();
    byte[] good = bytes.toByteArray();
    Set<String> before = outside();
    Random random = new Random(4);
    for (int round = 0; round < 400; round++) {
      byte[] bad = good.clone();
      int flips = 1 + random.nextInt(8);
      for (int i = 0; i < flips; i++) {
        // Mostly within a header's fields, and with a sum that is right often enough.
        int header = 512 * random.nextInt(12);
        bad[header + random.nextInt(345)] = (byte) random.nextInt(256);
        repairSum(bad, header);
      }
      try {
        unpack(bad);
      } catch (IOException e) {
        // Refused.
      }
      assertEquals(before, outside());
      assertEquals(SECRET, Files.readString(host.resolve("secret")));
    }
  }

  private static void repairSum(byte[] tar, int header) {
    int sum = 0;
    for (int i = 0; i < 512; i++) {
      sum += i >= 148 && i < 156 ? ' ' : tar[header + i] & 0xff;
    }
    byte[] text = String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(text, 0, tar, header + 148, text.length);
  }

  @Test
  void aLinkIsMadeAsItIs() throws IOException {
    put("l", TarConstants.LF_SYMLINK, "/etc/hostname").unpack();
    assertTrue(Files.exists(folder.resolve("l"), LinkOption.NOFOLLOW_LINKS));
    assertEquals(Path.of("/etc/hostname"), Files.readSymbolicLink(folder.resolve("l")));
  }

  /** The library would read all of it into memory. */
  @Test
  void aHeaderThatDoesNotEndIsRefused() throws IOException {
    for (byte type : new byte[] {TarConstants.LF_GNUTYPE_LONGNAME, 'x', 'g'}) {
      TarArchiveEntry entry = new TarArchiveEntry("long", type, true);
      entry.setSize(1L << 32);
      byte[] header = new byte[512];
      entry.writeEntryHeader(header);
      long[] read = {0};
      InputStream endless =
          new InputStream() {
            @Override
            public int read() {
              return read[0] < header.length ? header[(int) read[0]++] & 0xff : letter();
            }

            private int letter() {
              if (read[0]++ > 8 << 20) {
                throw new AssertionError("read without end");
              }
              return type == 'L' ? 'a' : '1';
            }
          };
      IOException e =
          assertThrows(
              IOException.class, () -> new Unpacking(folder, Meter.silent()).unpack(endless));
      assertTrue(read[0] < 4 << 20, "read " + read[0] + " before: " + e.getMessage());
    }
  }
}
