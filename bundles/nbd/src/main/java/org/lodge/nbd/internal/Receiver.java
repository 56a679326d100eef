package org.lodge.nbd.internal;

import java.io.IOException;
import org.lodge.blocks.BlockIo;
import org.lodge.connect.ByteStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the replies of one connection until it ends, on a thread of its own, and shows answers in
 * batches: a driver is called once for all that came together.
 */
final class Receiver implements Replies.Requests {
  private static final Logger LOG = LoggerFactory.getLogger(Receiver.class);
  private static final int BATCHES_MOST = 64;

  private final NbdDisk disk;
  private final ByteStream stream;
  private final Replies replies;
  private final BlockIo.Batch[] batches = new BlockIo.Batch[BATCHES_MOST];
  private int batchCount;

  Receiver(NbdDisk disk, ByteStream stream, boolean structured) {
    this.disk = disk;
    this.stream = stream;
    replies = new Replies(stream, structured, this);
  }

  void run() {
    String why;
    try {
      replies.takeAll();
      why = "it has ended";
    } catch (IOException e) {
      why = e.getMessage() == null ? "the connection was cut" : e.getMessage();
    } catch (RuntimeException | InternalError e) {
      LOG.warn("An answer of the disk {} could not be taken", disk.place(), e);
      why = "its answer could not be taken";
    }
    stream.reset();
    quiet();
    disk.lost(stream, why);
  }

  @Override
  public Slot find(long untrustedCookie) {
    return disk.find(untrustedCookie);
  }

  @Override
  public void answered(Slot slot, int errno) {
    BlockIo.Batch batch = disk.answered(slot, errno);
    if (batch != null) {
      later(batch);
    }
  }

  private void later(BlockIo.Batch batch) {
    for (int i = 0; i < batchCount; i++) {
      if (batches[i] == batch) {
        return;
      }
    }
    if (batchCount == batches.length) {
      quiet();
    }
    batches[batchCount++] = batch;
  }

  @Override
  public void quiet() {
    for (int i = 0; i < batchCount; i++) {
      batches[i].show();
    }
    batchCount = 0;
  }
}
