package org.lodge.device.blk.internal;

import java.util.concurrent.atomic.AtomicBoolean;
import org.lodge.blocks.BlockIo;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.RingException;
import org.lodge.virtio.Virtqueue;

/** Takes requests from one queue and asks a disk that is kept elsewhere; never waits. */
final class RemoteQueue implements Medium.QueueServer, BlockIo.Batch {
  private final Virtqueue queue;
  private final BlkCounters counters;
  private final Throttle throttle;
  private final RemoteIo[] ios;
  private final AtomicBoolean wakeDue = new AtomicBoolean();

  RemoteQueue(Virtqueue queue, RemoteMedium medium, BlkCounters counters, Throttle throttle) {
    this.queue = queue;
    this.counters = counters;
    this.throttle = throttle;
    ios = new RemoteIo[queue.size()];
    for (int slot = 0; slot < ios.length; slot++) {
      ios[slot] = new RemoteIo(this, medium, counters);
    }
  }

  Virtqueue queue() {
    return queue;
  }

  @Override
  public void serve() throws RingException {
    long now = System.nanoTime();
    while (throttle.lets(queue, wakeDue, now)) {
      DescriptorChain chain = queue.poll();
      if (chain == null) {
        return;
      }
      RemoteIo io = ios[chain.slot()];
      io.request.begin(chain, now);
      throttle.take(io.request.dataBytes, now);
      io.begin();
    }
  }

  @Override
  public void show() {
    queue.publish();
  }

  @Override
  public void close() {
    // Nothing is its own.
  }
}
