package org.lodge.virtio.internal;

import java.util.ArrayList;
import java.util.List;
import org.lodge.virtio.DescriptorChain;
import org.lodge.virtio.fixture.EchoDevice;

/** Keeps every request until told to let go. */
class Keeper extends EchoDevice {
  final List<DescriptorChain> kept = new ArrayList<>();

  @Override
  protected void handle(DescriptorChain chain) {
    kept.add(chain);
  }

  void completeAll() {
    kept.forEach(super::handle);
    kept.clear();
  }
}
