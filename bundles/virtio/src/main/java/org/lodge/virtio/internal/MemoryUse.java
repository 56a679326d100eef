package org.lodge.virtio.internal;

/** A ring's hold on guest memory; lasts as long as requests taken under it. Guarded by the ring. */
final class MemoryUse {
  final Memory memory;
  int requests;
  boolean retired;

  MemoryUse(Memory memory) {
    memory.retain();
    this.memory = memory;
  }

  /** Whether the hold ends now. */
  boolean over() {
    return retired && requests == 0;
  }
}
