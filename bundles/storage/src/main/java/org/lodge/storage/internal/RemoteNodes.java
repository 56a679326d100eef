package org.lodge.storage.internal;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.FileSystem;

/**
 * The files that a client guest knows, by a number of ours that stays the same whatever the storage
 * guest calls them after its next start. Thread-safe.
 */
final class RemoteNodes {
  static final int NODES_MAX = 1_000_000;

  private final Map<Long, RemoteNode> byId = new HashMap<>();
  private final Map<Long, RemoteNode> byRemote = new HashMap<>();
  private final Map<Key, RemoteNode> byName = new HashMap<>();
  private int epoch;
  private String bootId = "";
  private long lastId = FileSystem.ROOT;

  /**
   * @param name a character for each byte
   */
  private record Key(long parent, String name) {
    static Key of(RemoteNode parent, byte[] name) {
      return new Key(parent.id, new String(name, StandardCharsets.ISO_8859_1));
    }
  }

  RemoteNodes() {
    RemoteNode root = new RemoteNode(FileSystem.ROOT, 0, 0, Attributes.DIRECTORY);
    root.uses = 1;
    byId.put(root.id, root);
  }

  synchronized RemoteNode get(long id) {
    return byId.get(id);
  }

  /** A connection is used for the first time. */
  synchronized void follow(Link link) {
    if (epoch == link.epoch) {
      return;
    }
    boolean bootedAgain = !bootId.isEmpty() && !bootId.equals(link.bootId);
    epoch = link.epoch;
    bootId = link.bootId;
    byRemote.clear();
    if (bootedAgain) {
      for (RemoteNode node : byId.values()) {
        node.lost |= node.dirty;
        node.dirty = false;
      }
    }
  }

  /** What the guest calls the node on this connection, or 0 where it must be looked up. */
  synchronized long remote(RemoteNode node, Link link) {
    if (node.id == FileSystem.ROOT) {
      return FileSystem.ROOT;
    }
    return node.epoch == link.epoch ? node.remote : 0;
  }

  /**
   * A lookup's answer; the node is in use once more.
   *
   * @return null where the answer contradicts earlier ones, or there are too many nodes
   */
  synchronized RemoteNode found(
      Link link, RemoteNode parent, byte[] name, long remote, long device, long inode, int type) {
    RemoteNode node = remote == FileSystem.ROOT ? null : byRemote.get(remote);
    if (node == null) {
      if (byId.size() >= NODES_MAX || remote == FileSystem.ROOT) {
        return null;
      }
      node = new RemoteNode(++lastId, device, inode, type);
      byId.put(node.id, node);
      bind(link, node, remote);
    }
    if (node.inode != inode || node.type != type) {
      return null;
    }
    node.uses++;
    node.remoteUses++;
    place(node, parent, name);
    return node;
  }

  private void place(RemoteNode node, RemoteNode parent, byte[] name) {
    unplace(node);
    node.parent = parent;
    node.name = name;
    byName.put(Key.of(parent, name), node);
  }

  private void unplace(RemoteNode node) {
    if (node.parent != null) {
      byName.remove(Key.of(node.parent, node.name), node);
    }
  }

  private void bind(Link link, RemoteNode node, long remote) {
    node.epoch = link.epoch;
    node.remote = remote;
    node.remoteUses = 0;
    if (link.epoch == epoch) {
      byRemote.put(remote, node);
    }
  }

  /** Found again on a new connection. */
  synchronized void rebind(Link link, RemoteNode node, long remote) {
    if (node.epoch != link.epoch) {
      bind(link, node, remote);
    }
    node.remoteUses++;
  }

  /**
   * Whose names have changed by a rename.
   *
   * @param exchanged whether what had the new name has the old one now
   */
  synchronized void moved(
      RemoteNode from, byte[] name, RemoteNode to, byte[] toName, boolean exchanged) {
    RemoteNode node = byName.get(Key.of(from, name));
    RemoteNode other = exchanged ? byName.get(Key.of(to, toName)) : null;
    if (node != null) {
      place(node, to, toName);
    }
    if (other != null) {
      place(other, from, name);
    }
  }

  synchronized List<Long> ids() {
    return List.copyOf(byId.keySet());
  }

  /**
   * Takes back uses.
   *
   * @return how often the guest must be told to forget it on this connection; 0 where not at all
   */
  synchronized long forget(RemoteNode node, long uses, Link link) {
    if (node.id == FileSystem.ROOT || byId.get(node.id) != node) {
      return 0;
    }
    node.uses = Long.compareUnsigned(uses, node.uses) >= 0 ? 0 : node.uses - uses;
    if (node.uses > 0) {
      return 0;
    }
    byId.remove(node.id);
    byRemote.remove(node.remote, node);
    unplace(node);
    return link != null && node.epoch == link.epoch ? node.remoteUses : 0;
  }

  synchronized void written(RemoteNode node) {
    node.dirty = true;
  }

  synchronized void synced(RemoteNode node) {
    node.dirty = false;
  }

  /** Whether writes may be lost of which nobody was told yet; tells it once. */
  synchronized boolean takeLost(RemoteNode node) {
    boolean lost = node.lost;
    node.lost = false;
    return lost;
  }

  /** As {@link #takeLost}, of any file. */
  synchronized boolean takeAnyLost() {
    List<RemoteNode> lost = new ArrayList<>();
    byId.values().stream().filter(node -> node.lost).forEach(lost::add);
    lost.forEach(node -> node.lost = false);
    return !lost.isEmpty();
  }

  synchronized int count() {
    return byId.size();
  }
}
