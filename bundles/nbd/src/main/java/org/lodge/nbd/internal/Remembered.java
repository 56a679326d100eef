package org.lodge.nbd.internal;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.Properties;
import org.lodge.blocks.BlockLimits;
import org.lodge.blocks.BlockRequest;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is known of the disks that guests have, in the run directory: a Lodge that comes back while
 * a disk is away can tell its guest's driver what it was told before, and let it wait. Thread-safe.
 */
final class Remembered {
  private static final Logger LOG = LoggerFactory.getLogger(Remembered.class);

  private final Path folder;

  Remembered(Path folder) {
    this.folder = folder;
  }

  private Path file(BlockRequest of) {
    return folder.resolve(of.guest() + "." + of.device());
  }

  synchronized void write(BlockRequest of, BlockLimits limits) {
    Properties all = new Properties();
    all.setProperty("what", of.toString());
    all.setProperty("size", Long.toString(limits.sizeBytes()));
    all.setProperty("block", Integer.toString(limits.blockBytes()));
    all.setProperty("preferred", Integer.toString(limits.preferredBytes()));
    all.setProperty("transfer", Integer.toString(limits.transferBytes()));
    all.setProperty("readOnly", Boolean.toString(limits.readOnly()));
    all.setProperty("flushes", Boolean.toString(limits.flushes()));
    all.setProperty("durableWrites", Boolean.toString(limits.durableWrites()));
    all.setProperty("discards", Boolean.toString(limits.discards()));
    all.setProperty("zeroes", Boolean.toString(limits.zeroes()));
    try {
      Files.createDirectories(folder);
      Path partial = folder.resolve("." + file(of).getFileName());
      try (Writer out = Files.newBufferedWriter(partial)) {
        all.store(out, null);
      }
      Files.move(partial, file(of), StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      LOG.warn("A later Lodge can't serve {} before it is there: {}", of.device(), e.toString());
    }
  }

  /** Empty where nothing is known of exactly this. */
  synchronized Optional<BlockLimits> read(BlockRequest of) {
    try (Reader in = Files.newBufferedReader(file(of))) {
      Properties all = new Properties();
      all.load(in);
      if (!of.toString().equals(all.getProperty("what"))) {
        return Optional.empty();
      }
      return Optional.of(
          new BlockLimits(
              Long.parseLong(all.getProperty("size")),
              Boolean.parseBoolean(all.getProperty("readOnly")),
              Integer.parseInt(all.getProperty("block")),
              Integer.parseInt(all.getProperty("preferred")),
              Integer.parseInt(all.getProperty("transfer")),
              Boolean.parseBoolean(all.getProperty("flushes")),
              Boolean.parseBoolean(all.getProperty("durableWrites")),
              Boolean.parseBoolean(all.getProperty("discards")),
              Boolean.parseBoolean(all.getProperty("zeroes"))));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | IllegalArgumentException e) {
      LOG.warn("{} can't be understood: {}", file(of), e.toString());
      return Optional.empty();
    }
  }

  synchronized void forget(BlockRequest of) {
    try {
      Files.deleteIfExists(file(of));
    } catch (IOException e) {
      LOG.warn("{} stays: {}", file(of), e.toString());
    }
  }
}
