package org.lodge.vm.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DiskUseTest {
  private static final String ROOT =
      "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,data=ordered\n";

  @TempDir Path root;

  @BeforeEach
  void aGuestWithTwoDisks() throws IOException {
    put("sys/block/vda/serial", "root");
    put("sys/block/vda/dev", "254:0\n");
    put("sys/block/vdb/serial", "data");
    put("sys/block/vdb/dev", "254:16\n");
    put("sys/block/vdb/vdb1/dev", "254:17\n");
    put("sys/block/sda/dev", "8:0\n");
    put("proc/self/mountinfo", ROOT);
    put("proc/swaps", "Filename Type Size Used Priority\n");
  }

  private void put(String name, String content) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, content);
  }

  private Optional<String> use() throws IOException, InterruptedException {
    Process shell =
        new ProcessBuilder("sh", "-c", DiskUse.SCRIPT, "disk-use", "data", root.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, shell.waitFor(), said);
    return DiskUse.sentence(said);
  }

  @Test
  void aDiskThatNobodyUsesIsFree() throws Exception {
    assertEquals(Optional.empty(), use());
  }

  @Test
  void aMountedDiskIsInUse() throws Exception {
    put("proc/self/mountinfo", ROOT + "30 22 254:16 / /mnt\\0402 rw - ext4 /dev/vdb rw\n");
    assertEquals(Optional.of("is mounted at /mnt\\0402"), use());
  }

  @Test
  void aMountedPartitionIsInUse() throws Exception {
    put("proc/self/mountinfo", ROOT + "30 22 254:17 / /mnt rw - ext4 /dev/vdb1 rw\n");
    assertEquals(Optional.of("is mounted at /mnt"), use());
  }

  /** Such as btrfs has it. */
  @Test
  void aFileSystemWithANumberOfItsOwnIsKnownByName() throws Exception {
    put("proc/self/mountinfo", ROOT + "30 22 0:40 / /mnt rw - btrfs /dev/vdb rw,subvol=/\n");
    assertEquals(Optional.of("is mounted at /mnt"), use());
  }

  @Test
  void swapIsUse() throws Exception {
    put("proc/swaps", "Filename Type Size Used Priority\n/dev/vdb1 partition 1024 0 -2\n");
    assertEquals(Optional.of("is swapped to"), use());
  }

  @Test
  void whatLiesOnThePartitionUsesIt() throws Exception {
    put("sys/block/vdb/vdb1/holders/dm-0/dev", "253:0\n");
    assertEquals(Optional.of("is part of dm-0"), use());
  }

  @Test
  void whatAGuestSaysDoesNothingToATerminal() {
    for (String untrusted : List.of("mount /\u001b[2J", "mount /" + "x".repeat(9999), "\u0000")) {
      String sentence = DiskUse.sentence(untrusted).orElseThrow();
      assertEquals(sentence.replaceAll("[^ -~]", "?"), sentence);
      assertEquals(true, sentence.length() < 250, sentence);
    }
  }
}
