package org.lodge.storage.internal;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongConsumer;
import org.lodge.filesystem.Attributes;
import org.lodge.filesystem.Name;

/**
 * The names of one directory as its guest has listed them, with what became of them since by
 * changes of this share. Guarded by {@link LookAhead}.
 */
final class Listing {
  private static final int NAMES_MAX = 4096;

  /** Of all listings there are: a name and its attributes take some hundred bytes. */
  private static final int ALL_NAMES_MAX = 32_768;

  private static final AtomicInteger ALL_NAMES = new AtomicInteger();

  /** What is known of a name. */
  enum State {
    /** Nothing, so that the guest must be asked. */
    UNKNOWN,
    GONE,
    /** The guest has counted a use of the node, which is handed on with the attributes. */
    AHEAD
  }

  static final class Item {
    State state = State.UNKNOWN;
    long ticket;
    long askedNanos;
    long remote;
    int device;
    Attributes attributes;
  }

  /** Bytes of a name as a key. */
  private record Key(byte[] bytes, int hash) {
    static Key of(Name name) {
      byte[] bytes = name.bytes();
      return new Key(bytes, Arrays.hashCode(bytes));
    }

    @Override
    public int hashCode() {
      return hash;
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Key key && Arrays.equals(bytes, key.bytes);
    }
  }

  final long directory;
  final int epoch;

  /** Before anything of it was asked. */
  final long askedNanos;

  /** As the guest tells; 0 where it has not. */
  long inode;

  /** Whether every name is here that there was. */
  boolean complete;

  /** Where the guest goes on. */
  long offset;

  int listed;
  int used;
  private Map<Key, Item> items = new HashMap<>();

  Listing(long directory, int epoch, long askedNanos) {
    this.directory = directory;
    this.epoch = epoch;
    this.askedNanos = askedNanos;
  }

  /** Null where it is not known. */
  Item get(Name name) {
    return items.get(Key.of(name));
  }

  /** What is known of a name from now on; null where there are too many. */
  Item put(Name name) {
    Key key = Key.of(name);
    Item item = items.get(key);
    if (item == null) {
      if (isFull()) {
        complete = false;
        return null;
      }
      item = new Item();
      items.put(key, item);
      ALL_NAMES.incrementAndGet();
    }
    return item;
  }

  boolean isFull() {
    return items.size() >= NAMES_MAX || ALL_NAMES.get() >= ALL_NAMES_MAX;
  }

  /** Forgets it, but for the uses that the guest has counted. */
  void end(LongConsumer unused) {
    for (Item item : items.values()) {
      if (item.state == State.AHEAD) {
        unused.accept(item.remote);
      }
    }
    ALL_NAMES.addAndGet(-items.size());
    items = new HashMap<>();
    complete = false;
  }
}
